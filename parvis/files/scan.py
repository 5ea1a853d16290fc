"""Looking for viruses: each new content is given to ClamAV, once. What it finds is handed out to nobody from then
on, by no door; links hand out nothing that has not been looked at. Without ClamAV nothing here runs. clamd(8)
INSTREAM"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from parvis.files import store as files
from parvis.files.model import KIND, Node
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Invalid, NotFound, Unavailable
from parvis.kernel.events import Event
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

QUARANTINE = "FileQuarantine"
"""The kind of link that keeps infected bytes: no right opens it."""
_SECONDS = 600.0
_CHUNK = 256 * 1024
_MOST_ANSWER = 4096
_PAGE = 500
_TRIES, _PAUSE_SECONDS = 3, 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: clean, infected (by `name`), or unread."""

    verdict: str
    name: str = ""


class Cut(Unavailable):
    """It was there and hung up: what it does with a file over its limit, when its answer is lost on the way."""


class Clamd:
    """A ClamAV daemon at `unix:/path` or `host:port`."""

    def __init__(self, place: str, egress: Egress) -> None:
        self._place, self._egress = place, egress
        if not place.startswith("unix:/") and not place.rpartition(":")[2].isdigit():
            raise Invalid(f"{place!r} is neither unix:/path nor host:port", field="files.clamd")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(_SECONDS):
                if self._place.startswith("unix:"):
                    reader, writer = await asyncio.open_unix_connection(self._place[5:])
                else:
                    host, _, port = self._place.rpartition(":")
                    reader, writer = await self._egress.connect("virus-scan", host.strip("[]"), int(port))
                try:
                    yield reader, writer
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Unavailable(f"ClamAV does not answer at {self._place}") from error

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """Asks about some bytes. Raises Unavailable, and Cut when it hung up in the middle."""
        async with self._connected() as (reader, writer):
            writer.write(b"zINSTREAM\0")
            told = asyncio.ensure_future(reader.readuntil(b"\0"))
            try:
                answer = (await self._told(chunks, writer, told))[:_MOST_ANSWER]
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                raise Cut("ClamAV hung up") from error
            finally:
                told.cancel()
        return _read(answer.rstrip(b"\0").decode("utf-8", "replace"))

    @staticmethod
    async def _told(
        chunks: AsyncIterator[bytes], writer: asyncio.StreamWriter, told: "asyncio.Future[bytes]"
    ) -> bytes:
        """Sends the bytes, as far as they are wanted; what was answered."""
        try:
            async for chunk in chunks:
                if told.done():  # it has heard enough: the file is over its limit
                    return await told
                for start in range(0, len(chunk), _CHUNK):
                    piece = chunk[start : start + _CHUNK]
                    writer.write(struct.pack(">I", len(piece)) + piece)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            await writer.drain()
        except ConnectionError:
            pass  # it may have answered before it hung up
        return await told


def _read(answer: str) -> Verdict:
    """`stream: OK`, `stream: Eicar-Signature FOUND`, `INSTREAM size limit exceeded. ERROR`"""
    if answer.endswith(" FOUND"):
        return Verdict("infected", answer.removeprefix("stream: ").removesuffix(" FOUND")[:200])
    if answer == "stream: OK":
        return Verdict("clean")
    if "size limit" in answer:
        return Verdict("unread", "too large")
    raise Unavailable(f"ClamAV says {answer[:200]!r}")


class Scanner:
    """Follows what changes, and asks about each content that is new."""

    def __init__(self, store: Store, clamd: Clamd) -> None:
        self._store, self._clamd = store, clamd

    async def hear(self, events: Sequence[Event]) -> None:
        """One page of the outbox."""
        for event in events:
            if event.kind == "changed" and event.body.get("kind") == KIND:
                numbers = [*event.body.get("created", ()), *event.body.get("updated", ())]
                for start in range(0, len(numbers), _PAGE):
                    await self._look(numbers[start : start + _PAGE])

    async def _look(self, numbers: Sequence[int]) -> None:
        rows = await self._store.db.rows(
            f"""SELECT DISTINCT n.hash, s.verdict FROM file_node n LEFT JOIN file_scan s ON s.hash = n.hash
            WHERE n.id IN {marks(len(numbers))} AND n.folder = 0""",
            *numbers,
        )
        for digest, known in rows:
            if known is None:
                await self._scan(digest)
            elif known == "infected":
                await self._store.write(lambda unit, digest=digest: lock_away(unit, digest))  # type: ignore[misc]

    async def _scan(self, digest: str) -> None:
        try:
            verdict = await self._asked(digest)
        except NotFound:
            return  # destroyed meanwhile
        await self._store.write(lambda unit: keep(unit, digest, verdict))

    async def _asked(self, digest: str) -> Verdict:
        """The verdict; a file at which ClamAV hangs up again and again cannot be read by it."""
        for _ in range(_TRIES):
            try:
                return await self._clamd.scan(self._store.blobs.stream(digest))
            except Cut:
                await asyncio.sleep(_PAUSE_SECONDS)
        return Verdict("unread", "it hung up")


async def keep(unit: Unit, digest: str, verdict: Verdict) -> None:
    """Notes a verdict; what is infected is locked away in the same unit."""
    await unit.run(
        """INSERT INTO file_scan (hash, verdict, name, scanned_ms) VALUES (?, ?, ?, ?)
        ON CONFLICT (hash) DO UPDATE SET verdict = excluded.verdict, name = excluded.name,
        scanned_ms = excluded.scanned_ms""",
        digest,
        verdict.verdict,
        verdict.name,
        clock.now_ms(),
    )
    if verdict.verdict == "infected":
        await lock_away(unit, digest)


async def lock_away(unit: Unit, digest: str) -> None:
    """Lets nobody read these bytes through any file; everybody who has one is told that it has changed."""
    rows = await unit.rows(
        "SELECT account_id, object_id, size, media_type FROM blob_link WHERE hash = ? AND kind = ?", digest, KIND
    )
    await unit.many(
        """INSERT INTO blob_link (hash, account_id, kind, object_id, size, media_type) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING""",
        [(digest, row[0], QUARANTINE, row[1], row[2], row[3]) for row in rows],
    )
    await unit.run("DELETE FROM blob_link WHERE hash = ? AND kind = ?", digest, KIND)
    for account_id, node_id, _, _ in sorted(rows):
        node = await files.by_id(unit, node_id)
        if node is not None:
            await unit.changed(account_id, KIND, node_id, "updated", part=node.scope_id)


async def of(db: Any, hashes: Sequence[str]) -> dict[str, str]:
    """The verdicts on some contents."""
    wanted = sorted(set(hashes) - {""})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _PAGE):
        page = wanted[start : start + _PAGE]
        rows = await db.rows(f"SELECT hash, verdict FROM file_scan WHERE hash IN {marks(len(page))}", *page)
        found |= dict(rows)
    return found


class Guards:
    """Why a file is not handed out: a key of files.links.words, empty when it is."""

    def __init__(self, store: Store, *, scanning: bool) -> None:
        self._store, self._scanning = store, scanning

    async def known(self, node: Node) -> str:
        """For people here: only what is known to be infected is refused."""
        if not self._scanning or node.folder:
            return ""
        verdict = (await of(self._store.db, [node.hash])).get(node.hash)
        return "infected" if verdict == "infected" else ""

    async def all(self, node: Node) -> str:
        """For people outside: what has not been looked at is refused too."""
        if not self._scanning or node.folder:
            return ""
        verdict = (await of(self._store.db, [node.hash])).get(node.hash)
        return {None: "unchecked", "infected": "infected"}.get(verdict, "")


async def forget(store: Store) -> int:
    """Drops verdicts on contents that nobody has any more; part of the daily tidying. Returns how many."""
    rows = await store.db.scan(
        f"""SELECT s.hash FROM file_scan s WHERE NOT EXISTS (SELECT 1 FROM blob_link b WHERE b.hash = s.hash
        AND b.kind IN ('{KIND}', '{QUARANTINE}')) LIMIT 10000"""
    )

    async def work(unit: Unit) -> None:
        await unit.many("DELETE FROM file_scan WHERE hash = ?", rows)

    if rows:
        await store.write(work)
    return len(rows)
