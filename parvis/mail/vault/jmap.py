"""The vault in JMAP: VaultEmail/get, /query, /changes, /set (destroy) and /restore, in a person's own account."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, OverQuota
from parvis.kernel.languages import fold
from parvis.kernel.records import Record, ServerSet
from parvis.mail.vault import store
from parvis.mail.vault.service import restore, since_ms
from parvis.mail.vault.store import Kept
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import matches
from parvis.serve.jmap.kind import OWN, Kind, Method, Query
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.store.unit import Unit

CAPABILITY = "urn:parvis:vault"


class VaultEmail(Record):
    """A message that was deleted for good and can still be restored."""

    kind: ClassVar[str] = store.KIND
    capability: ClassVar[str] = CAPABILITY

    id: ServerSet[str] = ""
    blob_id: ServerSet[str] = ""
    size: ServerSet[int] = 0
    subject: ServerSet[str] = ""
    sender: ServerSet[str] = ""
    """Name and address, as they are shown."""
    received_at: ServerSet[UTCDate] = ""
    deleted_at: ServerSet[UTCDate] = ""
    ends_at: ServerSet[UTCDate] = ""
    """When it is removed."""


class VaultCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """What is looked for; case and accents do not matter. `after` and `before` are of the date it was received."""

    text: str = ""
    subject: str = ""
    sender: str = ""
    after: UTCDate | None = None
    before: UTCDate | None = None


class RestoreArguments(Arguments):
    """The messages to have back."""

    account_id: str
    ids: list[str]


async def _kept(call: Call, numbers: Sequence[int] | None = None) -> list[Kept]:
    days = call.context.settings.mail.vault_days
    return await store.read(call.db, call.account_id, since_ms(days), numbers)


async def _read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[VaultEmail]:
    days = call.context.settings.mail.vault_days
    return [
        VaultEmail(
            id=ids.text(one.id),
            blob_id=blob_id(one.blob),
            size=one.size,
            subject=one.subject,
            sender=one.sender,
            received_at=clock.utc_date(one.received_ms),
            deleted_at=clock.utc_date(one.deleted_ms),
            ends_at=clock.utc_date(one.deleted_ms + days * store.DAY_MS),
        )
        for one in await _kept(call, numbers)
    ]


async def _query(call: Call, asked: Query) -> list[int]:
    """The last deleted first."""
    return [one.id for one in await _kept(call) if matches(asked.filter, lambda condition: _holds(condition, one))]  # noqa: B023


def _holds(wanted: Any, one: Kept) -> bool:
    subject, sender = fold(one.subject), fold(one.sender)
    text = fold(wanted.text)
    return (
        (text in subject or text in sender)
        and fold(wanted.subject) in subject
        and fold(wanted.sender) in sender
        and (wanted.after is None or one.received_ms >= clock.parse_utc(wanted.after))
        and (wanted.before is None or one.received_ms < clock.parse_utc(wanted.before))
    )


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    """Removes a message before its time."""
    await store.take(unit, call.account_id, [number])


async def _restore(call: Call) -> Object:
    """Each message by itself: `restored` gives the ids of the Emails."""
    settings = call.context.settings
    if len(call.arguments.ids) > settings.limits.objects_in_set:
        raise MethodError("requestTooLarge", "too many messages")
    restored: dict[str, str] = {}
    failed: dict[str, Object] = {}
    for given in dict.fromkeys(call.arguments.ids):
        try:
            number = await restore(
                call.context.store, call.principal, ids.parse(given) or 0, settings.mail.vault_days
            )
        except OverQuota as error:
            failed[given] = {"type": "overQuota", "description": error.sentence}
        except NotFound:
            failed[given] = {"type": "notFound"}
        else:
            restored[given] = ids.text(number)
    return {"accountId": call.arguments.account_id, "restored": restored, "notRestored": failed}


KIND: Kind = Kind(
    record=VaultEmail, scope=OWN, read=_read, destroy=_destroy, query=_query, condition=VaultCondition
)
METHODS = (
    Method(name="VaultEmail/restore", capability=CAPABILITY, arguments=RestoreArguments, run=_restore, scope=OWN),
)
