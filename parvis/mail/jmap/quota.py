"""Quota/get and /query. RFC 9425 §4.2, §4.4"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from parvis.kernel import ids
from parvis.kernel.languages import fold
from parvis.mail.model import MAIL, Quota
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.filters import matches
from parvis.serve.jmap.kind import Query

COUNTS = frozenset({"used"})
"""What alone changes with most mail, so that /changes can say so. RFC 9425 §4.3"""
SORTS = frozenset({"name", "used"})
_TYPES = ["Email"]
_WARN = 0.9


class QuotaCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 9425 §4.4"""

    name: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    resource_type: str | UnsetType = UNSET
    type: str | UnsetType = UNSET


async def read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Quota]:
    """The account's quota; an account without a limit has none. It is one of mail, so that a request which does not
    use mail gets none; what the whole server holds is told to nobody (RFC 9425 §4.1, §8)."""
    if MAIL not in call.exchange.using or (numbers is not None and call.account_id not in numbers):
        return []
    row = await call.db.row(
        "SELECT used_bytes, quota_bytes FROM mail_account WHERE account_id = ?", call.account_id
    )
    if row is None or not row[1]:
        return []
    used, limit = row
    return [
        Quota(
            id=ids.text(call.account_id),
            used=used,
            hard_limit=limit,
            warn_limit=int(limit * _WARN),
            name="mail",
            types=_TYPES,
        )
    ]


async def query(call: Call, asked: Query) -> list[int]:
    """The quota, when it matches."""

    def holds(condition: Any) -> bool:
        return all(
            (
                condition.name is UNSET or fold(condition.name) in "mail",
                condition.scope in (UNSET, "account"),
                condition.resource_type in (UNSET, "octets"),
                condition.type in (UNSET, *_TYPES),
            )
        )

    return [call.account_id] if await read(call, None, frozenset()) and matches(asked.filter, holds) else []
