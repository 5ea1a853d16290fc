"""Who there is, as RFC 9670 §2 has it: the directory that everybody who has signed in sees, in their own
account."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Literal

import msgspec

from parvis.access.gate import Access
from parvis.kernel import ids
from parvis.kernel.languages import fold
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import OWN, Kind, Query
from parvis.serve.jmap.session import accounts_of
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks

PRINCIPALS = "urn:ietf:params:jmap:principals"
_TYPES = {"person": "individual", "group": "group", "space": "group", "resource": "resource", "agent": "other"}


class Principal(Record):
    """Somebody or something that rights can be given to. RFC 9670 §2"""

    kind: ClassVar[str] = "Principal"
    capability: ClassVar[str] = PRINCIPALS
    id: ServerSet[str] = ""
    type: ServerSet[Literal["individual", "group", "resource", "location", "other"]] = "individual"
    name: ServerSet[str] = ""
    description: ServerSet[str | None] = None
    email: ServerSet[str | None] = None
    address: ServerSet[str | None] = None
    """The same as `email`, under the name that Parvis' own clients know."""
    time_zone: ServerSet[str | None] = None
    capabilities: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    accounts: ServerSet[dict[str, Any] | None] = None


class PrincipalCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What the directory can be asked for; `text` is looked for at the beginning of each word, without accents.
    RFC 9670 §2.4.1"""

    account_ids: list[str] | None = None
    text: str | None = None
    name: str | None = None
    email: str | None = None
    type: str | None = None
    time_zone: str | None = None
    address: str | None = None


def account_value(access: Access) -> Object:
    """What the own account tells of this capability. RFC 9670 §1.5.1"""
    return {"currentUserPrincipalId": ids.text(access.scope.account_id)}


async def _read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    some = f"AND p.id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT p.id, p.kind, p.name, p.address, p.description FROM principal p
        WHERE p.disabled_ms IS NULL AND p.kind <> 'external' {some}""",
        *(numbers or ()),
    )
    accounts: Object = {}
    if "accounts" in wanted:
        accounts = await accounts_of(call.context, call.context.need(Engine), call.principal)
    found = [_shown(row, accounts) for row in rows]
    return await _able(call, found) if "capabilities" in wanted else found


async def _able(call: Call, found: list[Object]) -> list[Object]:
    """With what each capability says of them."""
    for urn, each in call.context.need(Engine).capabilities.items():
        if each.principals is not None:
            values = await each.principals(call, found)
            for one, value in zip(found, values, strict=True):
                one["capabilities"] = one["capabilities"] | {urn: value}
    return found


def _shown(row: Sequence[Any], accounts: Object) -> Object:
    number, kind, name, address, description = row
    text = ids.text(number)
    return {
        "id": text,
        "type": _TYPES.get(kind, "other"),
        "name": name,
        "description": description or None,
        "email": address,
        "address": address,
        "timeZone": None,
        "capabilities": {},
        "accounts": {text: accounts[text]} if text in accounts else None,
    }


async def _state(call: Call) -> str:
    """Grows with each change of any principal; the directory is everybody's, so no account's log tells it."""
    found = await call.db.row("SELECT COUNT(*), SUM(modseq) FROM kind_state WHERE kind = 'Principal'")
    return f"{found[0]}-{found[1] or 0}" if found else "0"


async def _query(call: Call, question: Query) -> list[int]:
    found = await _read(call, None, frozenset())
    kept: list[Object] = []
    for each in found:
        if matches(question.filter, partial(_meets, each)):
            kept.append(each)
    in_order = ordered(kept, question.sort, lambda one, by: one[by.property] or "", lambda one: one["id"])
    return [ids.parse(one["id"]) or 0 for one in in_order]


def _meets(found: Object, condition: PrincipalCondition) -> bool:
    """An account's principal has the account's id. RFC 9670 §2.4.1"""
    address = (found["address"] or "").lower()
    if condition.account_ids is not None and found["id"] not in condition.account_ids:
        return False
    if condition.type is not None and found["type"] != condition.type:
        return False
    if condition.address is not None and address != condition.address.lower():
        return False
    if condition.email is not None and fold(condition.email) not in fold(address):
        return False
    if condition.name is not None and not _begins(condition.name, found["name"]):
        return False
    if condition.time_zone is not None:
        return False
    return condition.text is None or _begins(condition.text, f"{found['name']} {address}")


def _begins(text: str, words: str) -> bool:
    folded = f" {fold(words)}"
    return all(f" {word}" in folded for word in fold(text).split())


KIND = Kind(
    record=Principal,
    scope=OWN,
    read=_read,
    refuses_set=True,
    query=_query,
    condition=PrincipalCondition,
    sorts=frozenset({"name", "address", "email"}),
    state=_state,
)
