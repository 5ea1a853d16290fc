"""The addresses by which an account takes part in events: those that it has, with the name that is chosen for each,
and the one that new events are organized by. draft-ietf-jmap-calendars §3"""

import hashlib
from dataclasses import dataclass
from typing import Any

from parvis.access import directory
from parvis.kernel.errors import NotFound
from parvis.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Identity:
    """One address."""

    id: int
    address: str
    name: str
    is_default: bool


def _number(account_id: int, address: str) -> int:
    """The same for the same address."""
    digest = hashlib.sha256(f"{account_id}:{address}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


async def of(db: Any, account_id: int) -> list[Identity]:
    """All of an account, the default one first. Without a choice that is the main address."""
    addresses = await directory.addresses(db, account_id)
    rows = await db.rows(
        """SELECT '', name, 0 FROM principal WHERE id = ?
        UNION ALL SELECT address, name, is_default FROM calendar_identity WHERE account_id = ?""",
        account_id,
        account_id,
    )
    chosen = {address: (name, bool(default)) for address, name, default in rows}
    own = chosen.get("", ("", False))[0]
    preferred = [each for each in addresses if chosen.get(each, ("", False))[1]]
    default = next(iter(preferred or addresses), "")
    found = [
        Identity(_number(account_id, each), each, chosen.get(each, (own, False))[0], each == default)
        for each in addresses
    ]
    return sorted(found, key=lambda each: not each.is_default)


async def change(
    unit: Unit, account_id: int, number: int, *, name: str | None = None, default: bool = False
) -> None:
    """Sets the name beside an address, or lets new events be organized by it. Raises NotFound."""
    found = next((each for each in await of(unit, account_id) if each.id == number), None)
    if found is None:
        raise NotFound("no such address")
    if default:
        await unit.run("UPDATE calendar_identity SET is_default = 0 WHERE account_id = ?", account_id)
    await unit.run(
        """INSERT INTO calendar_identity (account_id, address, name, is_default) VALUES (?, ?, ?, ?)
        ON CONFLICT (account_id, address) DO UPDATE SET name = excluded.name, is_default = excluded.is_default""",
        account_id,
        found.address,
        found.name if name is None else name,
        int(default or found.is_default),
    )
