"""The SQL of filter scripts, and of what they asked to remember."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.kernel import clock, ids
from parvis.serve.jmap import blobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

KIND = "SieveScript"
MEDIA_TYPE = "application/sieve"
_COLUMNS = "id, account_id, name, blob, size, active"


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is stored."""

    id: int
    account_id: int
    name: str
    blob: str
    size: int
    active: bool


async def every(db: Any, account_id: int) -> list[Script]:
    """All scripts of an account by name."""
    rows = await db.rows(f"SELECT {_COLUMNS} FROM sieve_script WHERE account_id = ? ORDER BY name", account_id)
    return [_script(row) for row in rows]


async def named(db: Any, account_id: int, name: str) -> Script | None:
    """The script of a name, or None."""
    name = unicodedata.normalize("NFC", name)
    row = await db.row(f"SELECT {_COLUMNS} FROM sieve_script WHERE account_id = ? AND name = ?", account_id, name)
    return None if row is None else _script(row)


async def by_id(db: Any, account_id: int, number: int) -> Script | None:
    """The script of an id, or None."""
    row = await db.row(f"SELECT {_COLUMNS} FROM sieve_script WHERE id = ? AND account_id = ?", number, account_id)
    return None if row is None else _script(row)


async def active(db: Any, account_ids: Sequence[int]) -> dict[int, Script]:
    """The active script of each account that has one."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM sieve_script WHERE active = 1 AND account_id IN {marks(len(account_ids))}",
        *account_ids,
    )
    return {row[1]: _script(row) for row in rows}


def _script(row: tuple[Any, ...]) -> Script:
    number, account_id, name, blob, size, is_active = row
    return Script(number, account_id, name, blob, size, bool(is_active))


async def insert(unit: Unit, account_id: int, name: str, blob: str, size: int) -> int:
    """A new script, not active; its blob is stored already. Returns its id."""
    number, now = ids.new_id(), clock.now_ms()
    await unit.run(
        """INSERT INTO sieve_script (id, account_id, name, blob, size, created_ms, changed_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        number, account_id, name, blob, size, now, now,
    )  # fmt: skip
    await blobs.link(unit, blob, account_id, KIND, number, size, MEDIA_TYPE)
    await unit.changed(account_id, KIND, number, "created")
    return number


async def replace(unit: Unit, script: Script, blob: str, size: int) -> None:
    """Gives a script another source."""
    await unit.run(
        "UPDATE sieve_script SET blob = ?, size = ?, changed_ms = ? WHERE id = ?",
        blob, size, clock.now_ms(), script.id,
    )  # fmt: skip
    await blobs.unlink(unit, script.account_id, KIND, script.id)
    await blobs.link(unit, blob, script.account_id, KIND, script.id, size, MEDIA_TYPE)
    await unit.changed(script.account_id, KIND, script.id, "updated")


async def rename(unit: Unit, script: Script, name: str) -> None:
    """Gives a script another name."""
    await unit.run("UPDATE sieve_script SET name = ?, changed_ms = ? WHERE id = ?", name, clock.now_ms(), script.id)
    await unit.changed(script.account_id, KIND, script.id, "updated")


async def delete(unit: Unit, script: Script) -> None:
    """Removes a script."""
    await unit.run("DELETE FROM sieve_script WHERE id = ?", script.id)
    await blobs.unlink(unit, script.account_id, KIND, script.id)
    await unit.changed(script.account_id, KIND, script.id, "destroyed")


async def set_active(unit: Unit, script: Script, on: bool) -> None:
    """Makes a script the active one, when no other is, or not the active one."""
    await unit.run("UPDATE sieve_script SET active = ? WHERE id = ?", int(on), script.id)
    await unit.changed(script.account_id, KIND, script.id, "updated")


def seen_hash(sort: str, key: str) -> str:
    """What is stored of a key: `duplicate` or `vacation` is its sort."""
    return hashlib.blake2b(f"{sort}\0{key}".encode("utf-8", "replace"), digest_size=16).hexdigest()


async def seen(db: Any, account_id: int, hashes: Sequence[str]) -> set[str]:
    """Those that are remembered and have not expired. RFC 7352 §3"""
    rows = await db.rows(
        f"SELECT hash FROM sieve_seen WHERE account_id = ? AND expires_ms > ? AND hash IN {marks(len(hashes))}",
        account_id,
        clock.now_ms(),
        *hashes,
    )
    return {row[0] for row in rows}


async def remember(unit: Unit, account_id: int, hash_: str, seconds: int, *, again: bool = False) -> bool:
    """Remembers a key from now on; one that is there keeps its time unless it begins `again`. Returns whether it is
    new. RFC 7352 §3.3"""
    now = clock.now_ms()
    await unit.run("DELETE FROM sieve_seen WHERE account_id = ? AND expires_ms <= ?", account_id, now)
    fresh = await unit.run(
        "INSERT INTO sieve_seen (account_id, hash, expires_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        account_id, hash_, now + seconds * 1000,
    )  # fmt: skip
    if not fresh and again:
        await unit.run(
            "UPDATE sieve_seen SET expires_ms = ? WHERE account_id = ? AND hash = ?",
            now + seconds * 1000, account_id, hash_,
        )  # fmt: skip
    return bool(fresh)
