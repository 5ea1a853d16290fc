"""Secrets that an older version kept in the clear, sealed when the server starts: the keys that sign mail, and the
secret behind the addresses that we write. Nothing of them is left in the files of the database."""

from collections.abc import Sequence
from typing import Any

from parvis.mail import secrets, signing
from parvis.store.sealing import is_sealed
from parvis.store.sql.contract import Row
from parvis.store.store import Store
from parvis.store.unit import Unit

_KEYS = ("id", "domain", "selector", "algorithm", "from_ms", "until_ms", "pem")
_SECRETS = ("id", "secret")
_PAGES = 10_000
"""Overwritten by one statement."""


async def seal(keep: Store) -> bool:
    """Seals what is in the clear, in one unit; whether there was any. Raises Unavailable without the key for it."""
    found = False
    while True:
        keys, words = await _rows(keep.db, "dkim_key", _KEYS), await _rows(keep.db, "mail_secret", _SECRETS)
        if all(is_sealed(row[-1]) for row in (*keys, *words)):
            break
        found = True
        await _seal(keep, keys, words)
    if found and keep.db.dialect.name == "sqlite":
        await keep.db.scan("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


async def _seal(keep: Store, keys: Sequence[Row], words: Sequence[Row]) -> None:
    sealed_keys = [await _sealed(keep, row, signing.purpose(row[1], row[2])) for row in keys]
    sealed_words = [await _sealed(keep, row, secrets.PURPOSE) for row in words]

    is_file = keep.db.dialect.name == "sqlite"
    empty = "DELETE FROM" if is_file else "TRUNCATE"

    async def work(unit: Unit) -> None:
        if await _rows(unit, "dkim_key", _KEYS) != keys or await _rows(unit, "mail_secret", _SECRETS) != words:
            return
        if is_file:
            await unit.run("PRAGMA secure_delete=ON")
            await _overwrite_free_pages(unit)
        await _replace(unit, empty, "dkim_key", _KEYS, sealed_keys)
        await _replace(unit, empty, "mail_secret", _SECRETS, sealed_words)
        if is_file:
            await unit.run("PRAGMA secure_delete=OFF")

    await keep.write(work)


async def _overwrite_free_pages(unit: Unit) -> None:
    """Pages that a table gave back hold what they held: all of them are used once more, for zeros."""
    free, size = await unit.value("PRAGMA freelist_count"), await unit.value("PRAGMA page_size")
    await unit.run("CREATE TABLE filling (zeros BLOB)")
    while free > 0:
        pages = min(free, _PAGES)
        await unit.run("INSERT INTO filling (zeros) VALUES (zeroblob(?))", pages * size)
        free -= pages
    await unit.run("DROP TABLE filling")


async def _rows(db: Any, table: str, columns: Sequence[str]) -> list[Row]:
    return [tuple(row) for row in await db.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id")]


async def _sealed(keep: Store, row: Row, purpose: str) -> Row:
    return row if is_sealed(row[-1]) else (*row[:-1], await keep.sealer.seal(row[-1], purpose))


async def _replace(unit: Unit, empty: str, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Other rows in place of all that a table has. What it held is overwritten; PostgreSQL removes the file."""
    await unit.run(f"{empty} {table}")
    marks = ", ".join("?" * len(columns))
    await unit.many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
