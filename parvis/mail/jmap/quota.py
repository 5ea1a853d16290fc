"""Quota/get and /query. RFC 9425 §4.2, §4.4"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.languages import fold
from parvis.mail.model import Quota
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.filters import matches
from parvis.serve.jmap.kind import Query
from parvis.serve.quotas import Held, Holder, quotas

COUNTS = frozenset({"used"})
"""What alone changes with most mail, so that /changes can say so. RFC 9425 §4.3"""
SORTS = frozenset({"name", "used"})
_WARN = 0.9


class QuotaCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 9425 §4.4"""

    name: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    resource_type: str | UnsetType = UNSET
    type: str | UnsetType = UNSET


async def read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Quota]:
    """The account's quotas; what has no limit has none. Each is one of a room, and told to requests which use that;
    what the whole server holds is told to nobody. RFC 9425 §4.1, §8"""
    return [
        Quota(
            id=ids.text(held.id),
            used=held.used,
            hard_limit=held.limit,
            warn_limit=int(held.limit * _WARN),
            name=holder.name,
            types=list(holder.types),
        )
        for holder, held in await _all(call)
        if numbers is None or held.id in numbers
    ]


async def _all(call: Call) -> list[tuple[Holder, Held]]:
    used = [one for one in quotas(call.context).holders if one.capability in call.exchange.using]
    found = [(one, await one.held(call.db, call.principal, call.account_id)) for one in used]
    return [(one, held) for one, held in found if held is not None]


async def held_mail(db: Any, _: Principal, account_id: int) -> Held | None:
    """What mail holds of an account that the asker may read."""
    row = await db.row("SELECT used_bytes, quota_bytes FROM mail_account WHERE account_id = ?", account_id)
    return Held(account_id, *row) if row and row[1] else None


async def query(call: Call, asked: Query) -> list[int]:
    """The quotas that match."""
    found = await _all(call)
    if asked.sort and asked.sort[0].property == "used":
        found.sort(key=lambda one: one[1].used, reverse=not asked.sort[0].is_ascending)
    elif asked.sort:
        found.sort(key=lambda one: one[0].name, reverse=not asked.sort[0].is_ascending)
    return [held.id for holder, held in found if matches(asked.filter, partial(_holds, holder))]


def _holds(holder: Holder, condition: Any) -> bool:
    return all(
        (
            condition.name is UNSET or fold(condition.name) in holder.name,
            condition.scope in (UNSET, "account"),
            condition.resource_type in (UNSET, "octets"),
            condition.type is UNSET or condition.type in holder.types,
        )
    )
