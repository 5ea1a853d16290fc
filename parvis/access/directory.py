"""People, groups, spaces and resources: creating them, finding them, who is in what."""

from collections.abc import Sequence
from typing import Any

from parvis.access import teams
from parvis.access.principal import Kind, Principal
from parvis.access.visibility import refresh_members
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.kernel.languages import LANGUAGES, Language
from parvis.store.sql.contract import Database, Tx
from parvis.store.unit import Unit

COLUMNS = "p.id, p.name, p.address, p.kind, p.language, p.administrator"
"""What `principal_of` reads, of a principal `p`."""


def normal(address: str) -> str:
    """The form an address is kept and compared in: lower case, the domain in ASCII. Raises Invalid."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain) or any(c.isspace() or not c.isprintable() for c in address.strip()):
        raise Invalid(f"{address!r} is not an address", field="address")
    try:
        return f"{local.lower()}@{domain.lower().encode('idna').decode()}"
    except UnicodeError as error:
        raise Invalid(f"{address!r} is not an address", field="address") from error


async def create(
    unit: Unit,
    kind: Kind,
    name: str,
    address: str | None = None,
    *,
    language: Language = "en",
    administrator: bool = False,
) -> int:
    """Creates a principal with its account and, when given, its address. Returns the id. Raises Conflict when the
    address is taken. Features give it its scopes (mail, calendar) in the same unit."""
    if language not in LANGUAGES:
        raise Invalid(f"unknown language {language!r}", field="language")
    number = ids.new_id()
    await unit.run("INSERT INTO account (id) VALUES (?)", number)
    await unit.run(
        """INSERT INTO principal (id, kind, name, address, language, administrator, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        number,
        kind,
        name,
        normal(address) if address else None,
        language,
        int(administrator),
        clock.now_ms(),
    )
    if address:
        await add_address(unit, number, address)
    await unit.changed(number, "Principal", number, "created")
    return number


async def add_address(unit: Unit, principal_id: int, address: str) -> None:
    """Gives a principal one more address. Raises Conflict when somebody has it."""
    try:
        await unit.run("INSERT INTO address (address, principal_id) VALUES (?, ?)", normal(address), principal_id)
    except Conflict as error:
        raise Conflict(f"{address} is taken", field="address") from error


async def join(unit: Unit, group_id: int, member_id: int, role: str = "member") -> None:
    """Makes somebody a member of a group or space; what the group sees, they see from this commit on."""
    await unit.run(
        """INSERT INTO membership (group_id, member_id, role) VALUES (?, ?, ?)
        ON CONFLICT (group_id, member_id) DO UPDATE SET role = excluded.role""",
        group_id,
        member_id,
        role,
    )
    await refresh_members(unit, member_id)
    unit.emit(group_id, teams.CHANGED, {"group": group_id})


async def leave(unit: Unit, group_id: int, member_id: int) -> None:
    """Ends a membership; what only the group let them see is gone from this commit on."""
    await unit.run("DELETE FROM membership WHERE group_id = ? AND member_id = ?", group_id, member_id)
    await refresh_members(unit, member_id)
    unit.emit(group_id, teams.CHANGED, {"group": group_id})


async def by_id(db: Database | Tx | Unit, principal_id: int) -> Principal:
    """The principal of this id. Raises NotFound when there is none or it is disabled."""
    row = await db.row(f"SELECT {COLUMNS} FROM principal p WHERE p.id = ? AND p.disabled_ms IS NULL", principal_id)
    if row is None:
        raise NotFound("no such principal")
    return principal_of(row)


async def language_of(unit: Unit, principal_id: int) -> Language:
    """The language that a principal is written to in; English when there is no such principal."""
    found = await unit.value("SELECT language FROM principal WHERE id = ?", principal_id)
    return next((language for language in LANGUAGES if language == found), "en")


async def by_address(db: Database, address: str) -> Principal | None:
    """Who has this address, or None. Sub-addressing is the caller's matter."""
    try:
        wanted = normal(address)
    except Invalid:
        return None
    row = await db.row(
        f"""SELECT {COLUMNS} FROM address a JOIN principal p ON p.id = a.principal_id
        WHERE a.address = ? AND p.disabled_ms IS NULL""",
        wanted,
    )
    return principal_of(row) if row else None


async def addresses(db: Database | Tx | Unit, principal_id: int) -> list[str]:
    """All addresses of a principal, the main one first."""
    rows = await db.rows(
        """SELECT a.address FROM address a JOIN principal p ON p.id = a.principal_id WHERE p.id = ?
        ORDER BY CASE WHEN a.address = p.address THEN 0 ELSE 1 END, a.address""",
        principal_id,
    )
    return [row[0] for row in rows]


async def everyone(db: Database, kinds: Sequence[Kind] = ("person",)) -> list[Principal]:
    """All principals of these kinds that are not disabled, by name."""
    rows = await db.rows(f"SELECT {COLUMNS} FROM principal p WHERE p.disabled_ms IS NULL ORDER BY p.name")
    return [principal for row in rows if (principal := principal_of(row)).kind in kinds]


def principal_of(
    row: Sequence[Any], *, session_id: int = 0, protocols: frozenset[str] = frozenset({"*"})
) -> Principal:
    """The principal of a row of COLUMNS."""
    number, name, address, kind, language, administrator = row
    return Principal(number, name, address or "", kind, language, bool(administrator), session_id, protocols)
