"""ParticipantIdentity: the addresses by which an account takes part in events. They are the account's addresses: no
client makes or removes one, but each has a name, and one is the default. draft-ietf-jmap-calendars §3"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from parvis.calendar import identities
from parvis.calendar.model import CALENDARS, SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.kind import Kind, SetArguments, SetOutcome, Update
from parvis.serve.jmap.types import Invocation, Object
from parvis.store.unit import Unit


class ParticipantIdentity(Record, kw_only=True):
    """draft-ietf-jmap-calendars §3"""

    kind: ClassVar[str] = "ParticipantIdentity"
    capability: ClassVar[str] = CALENDARS
    id: ServerSet[str] = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    calendar_address: ServerSet[str] = ""
    is_default: ServerSet[bool] = False


class IdentitySetArguments(SetArguments):
    """draft-ietf-jmap-calendars §3.3"""

    on_success_set_is_default: str | None = None


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The account's addresses, the default one first."""
    db: Any = call.db
    return [
        {
            "id": ids.text(each.id),
            "name": each.name,
            "calendarAddress": f"mailto:{each.address}",
            "isDefault": each.is_default,
        }
        for each in await identities.of(db, call.account_id)
        if numbers is None or each.id in numbers
    ]


async def update(call: Call, unit: Unit, change: Update) -> None:
    """Gives an address another name."""
    _own(call)
    await identities.change(unit, call.account_id, change.object_id, name=change.values.get("name"))


def _own(call: Call) -> None:
    if not call.access.owner:
        raise SetError("forbidden", "these are their own")


async def after_set(call: Call, outcome: SetOutcome) -> list[Invocation]:
    """onSuccessSetIsDefault, told among what was updated. draft-ietf-jmap-calendars §3.3"""
    given = call.arguments.on_success_set_is_default
    if given is None or outcome.not_updated or not call.access.owner:
        return []
    number, db = call.number(given) or 0, call.context.store.db
    before = await identities.of(db, call.account_id)
    try:
        await call.context.store.write(lambda unit: identities.change(unit, call.account_id, number, default=True))
    except NotFound:
        return []
    known = {each.id: each.is_default for each in before}
    for each in await identities.of(db, call.account_id):
        if known.get(each.id) != each.is_default:
            outcome.more = True
            text = ids.text(each.id)
            outcome.updated[text] = {**(outcome.updated.get(text) or {}), "isDefault": each.is_default}
    return []


async def _state(call: Call) -> str:
    db: Any = call.db
    return hashlib.sha256(repr(await identities.of(db, call.account_id)).encode()).hexdigest()[:16]


KIND = Kind(
    record=ParticipantIdentity,
    scope=SCOPE,
    parts=True,
    read=read,
    update=update,
    after_set=after_set,
    set_arguments=IdentitySetArguments,
    state=_state,
)
