"""Whose mailbox an address is: people, groups (their members), lists, sub-addresses, and the postmaster. Whoever
has several addresses gets what is sent to any with the envelope as it was. RFC 3461 §5.2.7.2"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.access import directory
from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.kernel.settings import Settings
from parvis.mail import secrets
from parvis.mail.lists import store as lists
from parvis.mail.lists.model import ListAddress
from parvis.store.sql.contract import Database, Row, marks
from parvis.store.store import Store
from parvis.wire import srs

_OWNER = """SELECT p.id, p.kind, m.account_id, l.group_id FROM address a
    JOIN principal p ON p.id = a.principal_id LEFT JOIN mail_account m ON m.account_id = p.id
    LEFT JOIN mail_list l ON l.group_id = p.id WHERE a.address = ? AND p.disabled_ms IS NULL"""
_MEMBERS = """WITH RECURSIVE down(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)
    SELECT p.id FROM down JOIN principal p ON p.id = down.id JOIN mail_account a ON a.account_id = p.id
    WHERE p.kind <> 'group' AND p.disabled_ms IS NULL ORDER BY p.id"""
_ADMINISTRATORS = """SELECT p.id FROM principal p JOIN mail_account a ON a.account_id = p.id
    WHERE p.administrator = 1 AND p.disabled_ms IS NULL ORDER BY p.id"""


@dataclass(frozen=True, slots=True)
class Found:
    """Where mail for an address goes: to accounts here, to a list, to another server, or nowhere."""

    where: Literal["here", "list", "elsewhere", "nowhere"]
    accounts: tuple[int, ...] = ()
    detail: str = ""
    """What followed the `+`. RFC 5233"""
    list: ListAddress | None = None
    returns: str = ""
    """Whom a notification goes to that comes back for what we passed on: its first sender. wire.srs"""


async def find(keep: Store, settings: Settings, address: str) -> Found:
    """Who receives mail for `address`. An address that is kept as it is wins over its part before the `+`, that
    over the addresses of a list and those over the domain's catch-all; one in a domain of ours that nobody has
    goes nowhere, any other elsewhere. RFC 5321 §4.5.1 (postmaster)"""
    db = keep.db
    try:
        local, _, domain = directory.normal(address).rpartition("@")
    except Invalid:
        return Found("nowhere")
    base, detail = _cut(local, settings.mail.separators.get(domain, settings.mail.separators.get("*", "+")))
    for name, rest in dict.fromkeys(((local, ""), (base, detail))):
        owner = await db.row(_OWNER, f"{name}@{domain}")
        if owner is not None:
            return await _owned(db, owner, rest)
    if domain not in settings.domains:
        return Found("elsewhere")
    return (
        await _of_list(db, local, domain)
        or await _returned(keep, address)
        or await _postmaster(db, base)
        or await _caught(db, settings, domain)
    )


def _cut(local: str, separators: str) -> tuple[str, str]:
    """A local part before the first of some letters, and what follows it."""
    place = min((place for each in separators if (place := local.find(each)) > 0), default=len(local))
    return local[:place], local[place + 1 :]


async def _owned(db: Database, owner: Row, detail: str) -> Found:
    """Where mail goes for whoever has an address; `owner` is a row of _OWNER."""
    number, kind, account_id, is_list = owner
    if is_list is not None:
        return Found("list", detail=detail, list=ListAddress(number))
    if kind == "group":
        accounts = tuple(row[0] for row in await db.rows(_MEMBERS, number))
    else:
        accounts = () if account_id is None else (account_id,)
    return Found("here", accounts, detail) if accounts else Found("nowhere")


async def _of_list(db: Database, local: str, domain: str) -> Found | None:
    """The addresses that a list has besides its own. RFC 2142 §7 (-owner)"""
    base, _, detail = local.partition("+")
    name, _, purpose = base.rpartition("-")
    if purpose not in ("owner", "bounces", "leave", "moderate"):
        return None
    owner = await db.row(_OWNER, f"{name}@{domain}")
    if owner is None or owner[3] is None:
        return None
    if purpose == "leave":
        return Found("list", detail=detail, list=ListAddress(owner[0], "leave", detail))
    if purpose == "moderate":
        return Found("list", detail=detail, list=ListAddress(owner[0], "moderate", detail))
    return Found("here", tuple(await lists.moderators(db, owner[0])), detail)


async def _returned(keep: Store, address: str) -> Found | None:
    if not srs.is_rewritten(address) or (secret := await secrets.kept(keep)) is None:
        return None
    first = srs.original(address, secret, clock.now_ms() // secrets.DAY_MS)
    return Found("elsewhere", returns=first) if first else None


async def _postmaster(db: Database, base: str) -> Found | None:
    if base == "postmaster" and (found := await administrators(db)):
        return Found("here", found)
    return None


async def _caught(db: Database, settings: Settings, domain: str) -> Found:
    """Who gets what nobody else does."""
    catcher = settings.mail.catch_all.get(domain)
    owner = await db.row(_OWNER, directory.normal(catcher)) if catcher else None
    return await _owned(db, owner, "") if owner else Found("nowhere")


async def administrators(db: Database) -> tuple[int, ...]:
    """The accounts of those who run this server."""
    return tuple(row[0] for row in await db.rows(_ADMINISTRATORS))


async def with_room(db: Database, accounts: Sequence[int], size: int) -> list[int]:
    """Those of some accounts whose quota leaves room for a message of `size` bytes."""
    rows = await db.rows(
        f"""SELECT account_id FROM mail_account WHERE account_id IN {marks(len(accounts))}
        AND (quota_bytes = 0 OR used_bytes + ? <= quota_bytes) ORDER BY account_id""",
        *accounts,
        max(size, 1),
    )
    return [row[0] for row in rows]
