"""Small blobs, as most of mail is, kept in the database: a file of its own costs a blob four waits for the disk, a
row costs none beside that of the unit which names it (docs/decisions/0005)."""

from collections.abc import AsyncIterator, Sequence

from parvis.kernel import clock, ids
from parvis.store.blobs.contract import RENEW_MS
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit

LARGEST = 64 * 1024
"""Bytes of the largest one that is kept here."""
_PAGE = 1000
_PUT = f"""INSERT INTO blob_small (id, hash, written_ms, content) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET written_ms = excluded.written_ms
    WHERE excluded.written_ms - blob_small.written_ms > {RENEW_MS}"""


class SmallBlobs:
    """Those of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, digest: str, content: bytes) -> None:
        """Keeps bytes, durably on return; those that are there already count as new. Raises Unavailable."""
        await self._db.write(lambda tx: self.add(tx, digest, content))

    @staticmethod
    async def add(unit: Tx | Unit, digest: str, content: bytes) -> None:
        """The same as a part of a unit."""
        await unit.run(_PUT, ids.new_id(), digest, clock.now_ms(), content)

    async def get(self, digest: str) -> bytes | None:
        """The bytes, or None."""
        found: bytes | None = await self._db.value("SELECT content FROM blob_small WHERE hash = ?", digest)
        return found

    async def together(self, digests: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those that are kept here."""
        sql = f"SELECT hash, content FROM blob_small WHERE hash IN {marks(len(digests))}"
        return {row[0]: row[1] for row in await self._db.rows(sql, *digests)}

    async def size(self, digest: str) -> int | None:
        """How many bytes it has, or None."""
        found: int | None = await self._db.value("SELECT LENGTH(content) FROM blob_small WHERE hash = ?", digest)
        return found

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """Removes it unless it was written since. Returns whether it was removed."""
        sql = "DELETE FROM blob_small WHERE hash = ? AND written_ms < ?"
        return bool(await self._db.write(lambda tx: tx.run(sql, digest, before_ms)))

    async def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """All written before a time, in pages."""
        last = 0
        while rows := await self._db.scan(
            "SELECT id, hash, written_ms FROM blob_small WHERE id > ? ORDER BY id LIMIT ?",
            last,
            _PAGE,
            seconds=60.0,
        ):
            last = rows[-1][0]
            if page := [digest for _, digest, written_ms in rows if written_ms < before_ms]:
                yield page
