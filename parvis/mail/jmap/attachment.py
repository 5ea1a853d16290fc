"""Attachment/link and Attachment/unlink: what is too large for a message goes to the writer's own files, and the
message carries a link to it. Parvis's own."""

from typing import Any

from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, ParvisError
from parvis.serve.context import Context
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError, of_method
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.serve.linking import Given, LinkMaker, Made, Terms

_DAY_MS = 86_400_000
_TEXT = 2000
_MOST = 100


class LinkArguments(Arguments):
    """The bytes that a link is made to, or the link that is changed: one of the two. `expires`, `password` (empty:
    none) and what the link is for are left as they are when they are not given."""

    account_id: str
    blob_id: str | None = None
    name: str = "file"
    type: str = "application/octet-stream"
    link_id: str | None = None
    expires: UTCDate | None = None
    password: str | None = None
    subject: str | None = None
    recipients: str | None = None


class UnlinkArguments(Arguments):
    """Links that are no longer wanted."""

    account_id: str
    link_ids: list[str]


async def link(call: Call) -> Object:
    """Makes or changes a link; answers with its id, its address, and when it ends."""
    given: LinkArguments = call.arguments
    if (given.blob_id is None) == (given.link_id is None):
        raise MethodError("invalidArguments", "a blobId or a linkId")
    if any(len(text or "") > _TEXT for text in (given.name, given.subject, given.recipients, given.password)):
        raise MethodError("invalidArguments", f"at most {_TEXT} characters")
    expires_ms = clock.parse_utc(given.expires) if given.expires is not None else None
    if given.blob_id is not None and expires_ms is None:
        expires_ms = clock.now_ms() + call.context.settings.mail.link_days * _DAY_MS
    terms = Terms(expires_ms=expires_ms, password=given.password, name=given.subject, recipient=given.recipients)
    try:
        made = await _made(call, given, terms)
    except ParvisError as error:
        raise of_method(error) from error
    told = {"expires": clock.utc_date(expires_ms)} if expires_ms is not None else {}
    return {"accountId": given.account_id, "linkId": ids.text(made.id), "url": made.url, **told}


async def _made(call: Call, given: LinkArguments, terms: Terms) -> Made:
    maker = _maker(call.context)
    if given.blob_id is None:
        return await maker.change(call.principal, ids.parse(given.link_id or "") or 0, terms)
    blob = await call.context.need(Library).find(call.principal, call.account_id, given.blob_id)
    digest = blob.digest
    if not digest:  # a part of a message is no blob of its own until now
        call.bring(blob.size)
        digest = await call.context.store.blobs.put(await blob.read())
    return await maker.link(call.principal, Given(digest, blob.size, given.name, given.type), terms)


async def unlink(call: Call) -> Object:
    """Ends links at once and puts their files into the trash; those that are gone already are no error."""
    given: UnlinkArguments = call.arguments
    if len(given.link_ids) > _MOST:
        raise MethodError("requestTooLarge", "too many links")
    maker, ended = _maker(call.context), list[str]()
    for one in given.link_ids:
        try:
            await maker.end(call.principal, ids.parse(one) or 0)
        except NotFound:
            continue
        ended.append(one)
    return {"accountId": given.account_id, "unlinked": ended}


def _maker(context: Context) -> LinkMaker:
    maker = context.services.get(LinkMaker)
    if not isinstance(maker, LinkMaker):
        raise MethodError("forbidden", "nobody keeps files here")
    return maker


def limits(context: Context) -> dict[str, Any]:
    """What the Session object says of it: from how many bytes on an attachment becomes a link by itself (null:
    where there are no files), and for how many days."""
    if LinkMaker not in context.services:
        return {"linkAbove": None}
    mail = context.settings.mail
    return {"linkAbove": mail.link_above_bytes, "linkDays": mail.link_days}
