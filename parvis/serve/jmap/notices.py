"""What somebody was told about what was shared with them: ShareNotification. RFC 9670 §3"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import msgspec

from parvis.access import notices
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import OWN, Kind, Query
from parvis.serve.jmap.principals import PRINCIPALS
from parvis.serve.jmap.shares import Names, SharedKinds, named
from parvis.serve.jmap.types import Object, UTCDate
from parvis.store.sql.contract import Row, marks
from parvis.store.unit import Unit


class ShareNotification(Record):
    """Something was shared with somebody, shared in another way, or is shared no more. RFC 9670 §3.1"""

    kind: ClassVar[str] = notices.KIND
    capability: ClassVar[str] = PRINCIPALS
    id: ServerSet[str] = ""
    created: ServerSet[str] = ""
    changed_by: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    object_type: ServerSet[str] = ""
    object_account_id: ServerSet[str] = ""
    object_id: ServerSet[str] = ""
    old_rights: ServerSet[dict[str, bool] | None] = None
    new_rights: ServerSet[dict[str, bool] | None] = None
    name: ServerSet[str] = ""


class NoticeCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """RFC 9670 §3.4.1"""

    after: UTCDate | None = None
    before: UTCDate | None = None
    object_type: str | None = None
    object_account_id: str | None = None


def kind(shared: SharedKinds, otherwise: Names) -> Kind:
    """ShareNotification; `otherwise` has the names of rights in what is no object but all that an account has of
    one kind (mail)."""

    async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
        some = f"AND id IN {marks(len(numbers))}" if numbers is not None else ""
        rows = await call.db.rows(
            f"""SELECT id, created_ms, by_id, by_name, by_address, owner_id, scope_kind, scope_id, name, old_rights,
            new_rights FROM share_notice WHERE account_id = ? {some} ORDER BY id""",
            call.account_id,
            *(numbers or ()),
        )
        objects = await _objects(call, rows, shared)
        return [_shown(row, shared, otherwise, objects) for row in rows]

    async def query(call: Call, question: Query) -> list[int]:
        kept: list[Object] = []
        for each in await read(call, None, frozenset()):
            if matches(question.filter, partial(_meets, each)):
                kept.append(each)
        in_order = ordered(kept, question.sort, lambda one, by: one[by.property], lambda one: one["id"])
        return [ids.parse(one["id"]) or 0 for one in in_order]

    return Kind(
        record=ShareNotification,
        scope=OWN,
        read=read,
        destroy=_destroy,
        query=query,
        condition=NoticeCondition,
        sorts=frozenset({"created"}),  # RFC 9670 §3.4.2
        fixed=lambda _: True,
    )


async def _objects(call: Call, rows: Sequence[Row], shared: SharedKinds) -> dict[int, int]:
    """The objects that some notices are about, by their scopes, as far as they have other ids than these."""
    found: dict[int, int] = {}
    for known in shared.values():
        scopes = sorted({row[7] for row in rows if row[6] == known.scope})
        if known.objects is not None and scopes:
            found |= await known.objects(call.db, scopes)
    return found


def _shown(row: Row, shared: SharedKinds, otherwise: Names, objects: Mapping[int, int]) -> Object:
    number, created, by_id, by_name, by_address, owner, scope_kind, scope_id, name, old, new = row
    known = shared.get(scope_kind)
    names = known.names if known else otherwise
    return {
        "id": ids.text(number),
        "created": clock.utc_date(created),
        "changedBy": {
            "name": by_name,
            "email": by_address or None,
            "principalId": ids.text(by_id) if by_id else None,
        },
        "objectType": known.type if known else scope_kind,
        "objectAccountId": ids.text(owner),
        "objectId": ids.text(objects.get(scope_id, scope_id)),
        "oldRights": None if old is None else named(Right(old), names),
        "newRights": None if new is None else named(Right(new), names),
        "name": name,
    }


def _meets(found: Object, condition: NoticeCondition) -> bool:
    at = clock.parse_utc(found["created"])
    if condition.after is not None and at < clock.parse_utc(condition.after):
        return False
    if condition.before is not None and at >= clock.parse_utc(condition.before):
        return False
    if condition.object_type is not None and found["objectType"] != condition.object_type:
        return False
    return condition.object_account_id is None or found["objectAccountId"] == condition.object_account_id


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    """RFC 9670 §3.3"""
    if not await notices.remove(unit, call.account_id, number):
        raise SetError("notFound")
