"""Whose mailbox an address is: people, groups (their members), sub-addresses, and the postmaster."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.access import directory
from parvis.kernel.errors import Invalid
from parvis.store.sql.contract import Database, marks

_OWNER = """SELECT p.id, p.kind, m.account_id FROM address a JOIN principal p ON p.id = a.principal_id
    LEFT JOIN mail_account m ON m.account_id = p.id WHERE a.address = ? AND p.disabled_ms IS NULL"""
_MEMBERS = """WITH RECURSIVE down(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)
    SELECT p.id FROM down JOIN principal p ON p.id = down.id JOIN mail_account a ON a.account_id = p.id
    WHERE p.kind <> 'group' AND p.disabled_ms IS NULL ORDER BY p.id"""
_ADMINISTRATORS = """SELECT p.id FROM principal p JOIN mail_account a ON a.account_id = p.id
    WHERE p.administrator = 1 AND p.disabled_ms IS NULL ORDER BY p.id"""


@dataclass(frozen=True, slots=True)
class Found:
    """Where mail for an address goes: to accounts here, to another server, or nowhere."""

    where: Literal["here", "elsewhere", "nowhere"]
    accounts: tuple[int, ...] = ()
    detail: str = ""
    """What followed the `+`. RFC 5233"""


async def find(db: Database, domains: Iterable[str], address: str) -> Found:
    """Who receives mail for `address`. An address that is kept as it is wins over its part before the `+`; one in
    a domain of ours that nobody has goes nowhere, any other elsewhere. RFC 5321 §4.5.1 (postmaster)"""
    try:
        local, _, domain = directory.normal(address).rpartition("@")
    except Invalid:
        return Found("nowhere")
    base, _, detail = local.partition("+")
    for name, rest in dict.fromkeys(((local, ""), (base, detail))):
        owner = await db.row(_OWNER, f"{name}@{domain}")
        if owner is not None:
            accounts = await _accounts(db, *owner)
            return Found("here", accounts, rest) if accounts else Found("nowhere")
    if domain not in domains:
        return Found("elsewhere")
    if base == "postmaster" and (rows := await db.rows(_ADMINISTRATORS)):
        return Found("here", tuple(row[0] for row in rows))
    return Found("nowhere")


async def with_room(db: Database, accounts: Sequence[int], size: int) -> list[int]:
    """Those of some accounts whose quota leaves room for a message of `size` bytes."""
    rows = await db.rows(
        f"""SELECT account_id FROM mail_account WHERE account_id IN {marks(len(accounts))}
        AND (quota_bytes = 0 OR used_bytes + ? <= quota_bytes) ORDER BY account_id""",
        *accounts,
        max(size, 1),
    )
    return [row[0] for row in rows]


async def _accounts(db: Database, owner: int, kind: str, account_id: int | None) -> tuple[int, ...]:
    if kind == "group":
        return tuple(row[0] for row in await db.rows(_MEMBERS, owner))
    return () if account_id is None else (account_id,)
