"""Keeping the index: follows the outbox, asks each Source for what changed, reads, cuts and stores it; then
gives the passages their vectors, newest first, in the background. Both go on where they stopped after a
restart."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import lru_cache, partial

from parvis.kernel.errors import ParvisError, Unavailable
from parvis.kernel.events import Event
from parvis.kernel.knowledge import Document, Item, Source
from parvis.search.embed.provider import Embedder
from parvis.search.extract.contract import Extract, Limits, Piece, Unreadable, assemble
from parvis.search.extract.formats import format_of
from parvis.search.extract.plain import paragraphs
from parvis.search.extract.reader import Reader
from parvis.search.index import writer
from parvis.search.index.engine import Engine
from parvis.search.index.vectors import Vectors
from parvis.search.index.writer import Cut, Reading
from parvis.search.passages import cut
from parvis.search.words import language
from parvis.search.words.language import detect
from parvis.store.jobs import Job
from parvis.store.store import Store
from parvis.store.unit import Unit

CURSOR = "search"
REBUILD = "search.rebuild"
_LIMITS = Limits()
_MUST_SAY = 16 * 1024 * 1024
"""Bytes beyond which a document is loaded only when its type or name says what it is; its first bytes may else."""
_NOTHING = Extract(text="", blocks=())
_AT_ONCE = 8
_PAGE = 40
"""Events after which those who write go first again."""
_REBUILT = 48
_LARGE = 20_000
"""Characters beyond which a text is cut in a thread, so that others need not wait."""
_NUMBER = re.compile("[0-9]+")
_log = logging.getLogger(__name__)
Change = tuple[int, str, int]
"""Account, kind and object."""
Step = Callable[[Unit], Awaitable[object]]


class Indexer:
    """The one writer of the index on this node."""

    def __init__(self, store: Store, engine: Engine, sources: Sequence[Source], embedder: Embedder | None) -> None:
        self._store, self._engine = store, engine
        self._sources = {source.kind: source for source in sources}
        self._reader = Reader(_LIMITS)
        self.vectors = Vectors(store, engine, embedder)
        store.jobs.handle(REBUILD, self._rebuild_job, at_once=1)

    async def run(self) -> None:
        """Follows the outbox and embeds, until cancelled."""
        embedding = asyncio.create_task(self.vectors.run())
        try:
            await self._store.outbox.follow(CURSOR, self.take, _PAGE)
        finally:
            embedding.cancel()
            await asyncio.gather(embedding, return_exceptions=True)
            await self._reader.close()

    async def settle(self) -> None:
        """Takes all events and embeds all passages that there are now; for tests, imports and the command
        line."""
        while events := await self._store.outbox.after(*await self._store.outbox.cursor(CURSOR)):
            await self.take(events)
            await self._advance(events[-1])
        await self.vectors.settle()
        await self._reader.close()

    async def _advance(self, event: Event) -> None:
        await self._store.write(lambda unit: self._store.outbox.advance(unit, CURSOR, event))

    async def take(self, events: Sequence[Event]) -> None:
        """Indexes what some events tell of, each object once. Taking them again changes nothing."""
        if changes := list(dict.fromkeys(change for event in events for change in self._told(event))):
            await asyncio.to_thread(language.load)
            await self._index(changes)
        self.vectors.wake.set()

    def _told(self, event: Event) -> list[Change]:
        kind = event.body.get("kind")
        if event.kind != "changed" or kind not in self._sources:
            return []
        numbers = [n for what in ("created", "updated", "destroyed") for n in event.body.get(what, ())]
        return [(event.account_id, str(kind), int(number)) for number in numbers]

    async def _index(self, changes: Sequence[Change]) -> None:
        """Some objects, a few in each unit: enough that a commit costs little, so few that who writes meanwhile
        waits for milliseconds."""
        for start in range(0, len(changes), _AT_ONCE):
            steps = []
            for change in changes[start : start + _AT_ONCE]:
                steps.append(await self._step(*change))
                await asyncio.sleep(0)  # whatever else is due comes first

            async def work(unit: Unit, steps: Sequence[Step | None] = steps) -> None:
                for step in filter(None, steps):
                    await step(unit)

            await self._store.write(work)

    async def _step(self, account_id: int, kind: str, object_id: int) -> Step | None:
        """What is to be written for one object. What is wrong with it is kept with it and does not stop the others;
        `Unavailable` does, because then nothing can be read and the same events are to be taken again."""
        try:
            item = await self._sources[kind].item(account_id, object_id)
        except Unavailable:
            raise
        except Exception:
            _log.exception("indexing %s %d", kind, object_id)
            return None
        if item is None:
            return lambda unit: writer.remove(unit, self._engine, account_id, kind, object_id)
        print_ = writer.fingerprint(item)
        if await writer.is_indexed(self._store.db, item, print_):
            return lambda unit: writer.relabel(unit, item, print_)
        readings = [await self._read(item, document) for document in item.documents]
        if not any(reading.cuts for reading in readings):
            readings.append(_title_only(item))
        return lambda unit: writer.put(unit, self._engine, item, print_, readings)

    async def _read(self, item: Item, document: Document) -> Reading:
        reading = Reading(document.part, document.file_name, document.media_type)
        try:
            extract = await self._extract(document)
        except Unreadable as fault:
            reading.reason, reading.sentence = fault.reason, fault.sentence
            extract = _NOTHING
        except Unavailable:
            raise
        except ParvisError as fault:
            reading.reason, reading.sentence = "damaged", fault.sentence
            extract = _NOTHING
        reading.characters = len(extract.text)
        if len(extract.text) < _LARGE:
            reading.cuts = _cuts(document, extract, item.title)
        else:
            reading.cuts = await asyncio.to_thread(_cuts, document, extract, item.title)
        if not reading.cuts and document.file_name:  # its name can be found all the same
            reading.cuts = _named(document)
        return reading

    async def _extract(self, document: Document) -> Extract:
        if document.text is not None:
            return assemble(paragraphs(document.text, _LIMITS), _LIMITS)
        if document.size > _LIMITS.input_bytes:
            raise Unreadable("tooLarge", "larger than is read")
        if document.size > _MUST_SAY:
            format_of(document.media_type, document.file_name)
        return await self._reader.read(await document.load(), document.media_type, document.file_name)

    async def rebuild(self) -> int:
        """Asks for everything to be indexed anew, in the background; search goes on with what there is.
        Returns the number of the job that does it (0 when one is at it already)."""

        async def work(unit: Unit) -> int:
            await unit.run("UPDATE search_item SET fingerprint = ''")
            return await self._store.jobs.add(unit, REBUILD, {}, key=REBUILD)

        return await self._store.write(work)

    async def _rebuild_job(self, job: Job) -> None:
        done, page = 0, list[Change]()
        async for change in self._everything():
            page.append(change)
            if len(page) == _REBUILT:
                await self._index(page)
                done += len(page)
                page.clear()
                await self._store.jobs.progress(job, {"done": done})
        await self._index(page)
        await self._forget_stale()
        await self._store.jobs.progress(job, {"done": done + len(page)})
        self.vectors.wake.set()

    async def _everything(self) -> AsyncIterator[Change]:
        accounts = [row[0] for row in await self._store.db.rows("SELECT id FROM account ORDER BY id")]
        for account_id in accounts:
            for source in self._sources.values():
                async for object_id in source.every(account_id):
                    yield account_id, source.kind, object_id

    async def _forget_stale(self) -> None:
        """What is still marked stale after everything was walked is no longer in any Source."""
        rows = await self._store.db.scan(
            "SELECT account_id, kind, object_id FROM search_item WHERE fingerprint = ''", seconds=60.0
        )
        for account_id, kind, object_id in rows:
            gone = partial(writer.remove, account_id=account_id, kind=kind, object_id=object_id)
            await self._store.write(partial(gone, engine=self._engine))


def _cuts(document: Document, extract: Extract, title: str, tell: Callable[[str], str] = detect) -> list[Cut]:
    if not extract.text:
        return []
    begun = extract.text[:4000]
    said = f"{title}\n{begun}" if title else begun
    whole, found = tell(said), []
    for passage in cut(extract):
        text = extract.text[passage.start : passage.end]
        spoken = whole if text == said else detect(text, whole)
        found.append(Cut(document.part, passage.start, passage.end, passage.place, passage.heading, spoken, text))
    return found


def _named(document: Document) -> list[Cut]:
    return _cuts(document, assemble([Piece(text=document.file_name)], _LIMITS), "", _language_of_name)


def _language_of_name(name: str) -> str:
    """Names of files come in series that differ by their numbers, which say nothing of a language."""
    return _language_of_series(_NUMBER.sub("0", name))


@lru_cache(maxsize=500)
def _language_of_series(name: str) -> str:
    return detect(name)


def _title_only(item: Item) -> Reading:
    """An item without any text is found by its title and people."""
    title = item.title or item.author or item.kind
    extract = assemble([Piece(text=title)], _LIMITS)
    reading = Reading("title", "", "text/plain", len(extract.text))
    document = Document("title", title, "text/plain", _nothing, 0)
    reading.cuts = _cuts(document, extract, title)
    return reading


async def _nothing() -> bytes:
    return b""
