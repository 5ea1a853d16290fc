"""The kinds and methods of mail as the JMAP engine takes them."""

from functools import partial
from typing import Any

from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.mail import templates
from parvis.mail.jmap import (
    attachment,
    email,
    email_changes,
    email_import,
    email_parse,
    email_query,
    email_set,
    mailbox,
    mailbox_query,
    quota,
    snippet,
    thread,
    unsubscribe,
)
from parvis.mail.jmap.headers import is_header_property
from parvis.mail.model import (
    DEPTH,
    MAIL,
    MAILBOXES,
    NAME_BYTES,
    PARVIS_MAIL,
    QUOTA,
    SCOPE,
    Email,
    Mailbox,
    Quota,
    Thread,
)  # fmt: skip
from parvis.serve.context import Context
from parvis.serve.feature import Capability
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.kind import Kind, Method

MAILBOX_KIND = Kind(
    record=Mailbox,
    scope=SCOPE,
    read=mailbox.read,
    create=mailbox.create,
    update=mailbox.update,
    destroy=mailbox.destroy,
    query=mailbox_query.query,
    condition=mailbox_query.MailboxCondition,
    sorts=mailbox_query.SORTS,
    set_arguments=mailbox.MailboxSetArguments,
    query_arguments=mailbox_query.MailboxQueryArguments,
    query_changes_arguments=mailbox_query.MailboxQueryChangesArguments,
    counts=mailbox.COUNTS,
    rights={"create": Right.WRITE, "update": Right.READ, "destroy": Right.WRITE | Right.DELETE},
)
THREAD_KIND = Kind(record=Thread, scope=SCOPE, read=thread.read, listable=False)
EMAIL_KIND: Kind = Kind(
    record=Email,
    scope=SCOPE,
    read=email.read,
    create=email_set.create,
    update=email_set.update,
    destroy=email_set.destroy,
    copy=email_set.copy,
    prepare=email_set.prepare,
    query=email_query.query,
    page=email_query.page,
    condition=email_query.EmailCondition,
    sorts=email_query.SORTS,
    check_sort=email_query.check_sort,
    affected=email_query.affected,
    fixed=email_query.fixed,
    get_arguments=email.EmailGetArguments,
    query_arguments=email_query.EmailQueryArguments,
    query_changes_arguments=email_query.EmailQueryChangesArguments,
    defaults=email.DEFAULTS,
    methods={"queryChanges": email_changes.QueryChanges(lambda: EMAIL_KIND).run},
    dynamic=is_header_property,
    dynamic_set=is_header_property,
    listable=False,
)
QUOTA_KIND = Kind(
    record=Quota,
    scope=SCOPE,
    read=quota.read,
    query=quota.query,
    condition=quota.QuotaCondition,
    sorts=quota.SORTS,
    counts=quota.COUNTS,
)
KINDS = (MAILBOX_KIND, THREAD_KIND, EMAIL_KIND, QUOTA_KIND, templates.KIND)
METHODS = (
    Method(
        name="Email/import",
        capability=MAIL,
        arguments=email_import.EmailImportArguments,
        run=email_import.run,
        scope=SCOPE,
        right=Right.WRITE,
    ),
    Method(
        name="Email/parse",
        capability=MAIL,
        arguments=email_parse.EmailParseArguments,
        run=email_parse.run,
        scope=SCOPE,
    ),
    Method(
        name="SearchSnippet/get",
        capability=MAIL,
        arguments=snippet.SearchSnippetArguments,
        run=snippet.Snippets(EMAIL_KIND).run,
        scope=SCOPE,
    ),
    Method(
        name="Email/unsubscribe",
        capability=PARVIS_MAIL,
        arguments=unsubscribe.UnsubscribeArguments,
        run=unsubscribe.run,
        scope=SCOPE,
        right=Right.WRITE,
    ),
    Method(
        name="Attachment/link",
        capability=PARVIS_MAIL,
        arguments=attachment.LinkArguments,
        run=attachment.link,
        scope=SCOPE,
    ),
    Method(
        name="Attachment/unlink",
        capability=PARVIS_MAIL,
        arguments=attachment.UnlinkArguments,
        run=attachment.unlink,
        scope=SCOPE,
    ),
)


async def _holding(call: Call, digest: str, column: str) -> list[int]:
    rows = await call.db.rows(
        f"""SELECT DISTINCT {column} FROM email e JOIN email_mailbox m ON m.email_id = e.id WHERE e.id IN
        (SELECT object_id FROM blob_link WHERE hash = ? AND account_id = ? AND kind = 'Email')""",
        digest,
        call.account_id,
    )
    return [row[0] for row in rows]


BLOB_TYPES = {
    "Email": partial(_holding, column="e.id"),
    "Thread": partial(_holding, column="e.thread_id"),
    "Mailbox": partial(_holding, column="m.mailbox_id"),
}
"""Who refers to a blob. RFC 9404 §4.3"""


def capabilities(context: Context) -> tuple[Capability, ...]:
    """What the Session object says of mail. RFC 8621 §1.3.1, RFC 9425 §2.1"""
    settings = context.settings

    def account(access: Access) -> dict[str, Any]:
        return {
            "maxMailboxesPerEmail": MAILBOXES,
            "maxMailboxDepth": DEPTH,
            "maxSizeMailboxName": NAME_BYTES,
            "maxSizeAttachmentsPerEmail": settings.limits.message_bytes * 7 // 10,
            "emailQuerySortOptions": sorted(email_query.SORTS),
            "mayCreateTopLevelMailbox": Right.WRITE in access.rights,
        }

    def own(_: Access) -> dict[str, Any]:
        return {"authservId": settings.hostname, **attachment.limits(context)}

    return (
        Capability(MAIL, SCOPE, account=account),
        Capability(QUOTA, SCOPE),
        Capability(PARVIS_MAIL, SCOPE, account=own),
    )


__all__ = ["BLOB_TYPES", "KINDS", "METHODS", "capabilities"]
