"""Mail as app.py wires it."""

from parvis.access import directory
from parvis.access.principal import Kind as PrincipalKind
from parvis.mail import erase, service
from parvis.mail.jmap import kinds, parts
from parvis.mail.jmap.quota import held_mail
from parvis.mail.joining import JOIN, Joiner
from parvis.mail.model import MAIL, SCOPE
from parvis.mail.snooze import JOB as SNOOZE
from parvis.mail.snooze import Waker
from parvis.mail.source import MailSource
from parvis.mail.tools import MailTools
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.quotas import Holder, quotas
from parvis.store.unit import Unit

_WITH_MAIL: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})


def feature(context: Context) -> Feature:
    """Messages, threads, mailboxes and quota; parts of messages as blobs; mailboxes for new people."""

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_MAIL:
            language = await directory.language_of(unit, account_id)
            await service.provision(unit, account_id, language, context.settings.limits.quota_bytes)

    context.store.jobs.handle(JOIN, Joiner(context.store).handle, at_once=1)
    context.store.jobs.handle(SNOOZE, Waker(context.store).handle)
    quotas(context).add(Holder("mail", MAIL, ("Email",), held_mail))
    return Feature(
        name="mail",
        migrations=True,
        capabilities=kinds.capabilities(context),
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        blobs={parts.LETTER: parts.resolve},
        blob_types=kinds.BLOB_TYPES,
        push_types={"EmailDelivery": SCOPE},
        sources=(MailSource(context.store),),
        tools=MailTools(context.store, context.settings.hostname).all(),
        provision=provision,
        erase=erase.messages,
    )
