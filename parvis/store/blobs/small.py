"""Small blobs, as most of mail is, together in one SQLite file beside the others. A file of its own costs a blob
four calls that wait for the disk; here all that are put at once share one (docs/decisions/0005)."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw

from parvis.kernel import clock
from parvis.store.blobs.contract import RENEW_MS
from parvis.store.sql.contract import Tx
from parvis.store.sql.sqlite import SqliteDatabase

LARGEST = 64 * 1024
"""Bytes of the largest one that is kept here."""
_PAGE = 1000
_TABLE = """CREATE TABLE IF NOT EXISTS small (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, written_ms INTEGER NOT NULL, content BLOB NOT NULL)"""
_PUT = f"""INSERT INTO small (hash, written_ms, content) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE
    SET written_ms = excluded.written_ms WHERE excluded.written_ms - small.written_ms > {RENEW_MS}"""


class SmallBlobs:
    """Those of one folder. Hashes are given and returned in hex."""

    def __init__(self, file: Path) -> None:
        self._db = SqliteDatabase(file, [_prepare], readers=1)

    async def put(self, digest: str, content: bytes) -> None:
        """Keeps bytes, durably on return; those that are there already count as new. Raises Unavailable."""

        async def work(tx: Tx) -> None:
            await tx.run(_PUT, bytes.fromhex(digest), clock.now_ms(), content)

        await self._db.write(work)

    async def get(self, digest: str) -> bytes | None:
        """The bytes, or None."""
        found: bytes | None = await self._db.value(
            "SELECT content FROM small WHERE hash = ?", bytes.fromhex(digest)
        )
        return found

    async def size(self, digest: str) -> int | None:
        """How many bytes it has, or None."""
        sql = "SELECT LENGTH(content) FROM small WHERE hash = ?"
        found: int | None = await self._db.value(sql, bytes.fromhex(digest))
        return found

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """Removes it unless it was written since. Returns whether it was removed."""

        async def work(tx: Tx) -> int:
            return await tx.run(
                "DELETE FROM small WHERE hash = ? AND written_ms < ?", bytes.fromhex(digest), before_ms
            )

        return bool(await self._db.write(work))

    async def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """All written before a time, in pages."""
        last = 0
        while rows := await self._db.scan(
            "SELECT id, hash, written_ms FROM small WHERE id > ? ORDER BY id LIMIT ?", last, _PAGE, seconds=60.0
        ):
            last = rows[-1][0]
            if page := [digest.hex() for _, digest, written_ms in rows if written_ms < before_ms]:
                yield page

    async def close(self) -> None:
        """Finishes what was accepted."""
        await self._db.close()


def _prepare(connection: apsw.Connection) -> None:
    connection.execute(_TABLE).fetchall()
