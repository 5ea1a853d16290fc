"""Giving passages their vectors, and questions theirs: the model's side of the index."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from parvis.kernel import clock, memory
from parvis.kernel.errors import ParvisError
from parvis.kernel.later import numpy as np
from parvis.search.embed.provider import Embedder
from parvis.search.index.codes import Codes
from parvis.search.index.engine import Engine, PassageVector, Question
from parvis.search.index.everyday import Everyday, everyday
from parvis.search.index.meaning import LANGUAGE_NUMBERS, Centres, Usual, packed
from parvis.search.index.sqlite import SqliteEngine
from parvis.search.index.turns import Floats
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_BATCH = 16
_SAMPLE = 256
_RETRY_SECONDS = 30.0
_ANY_WAITING = "SELECT id FROM search_passage WHERE embedded = 0 LIMIT 1"
_WAITING = """SELECT p.id, p.scope_id, p.time_ms, p.language, i.title, c.heading, c.body FROM search_passage p
    JOIN search_item i ON i.id = p.item_id JOIN search_content c ON c.passage_id = p.id
    WHERE p.embedded = 0 {which}"""
_log = logging.getLogger(__name__)


class Vectors:
    """One model and its vectors. Without a model, or until it answers, there is no meaning and all else works."""

    def __init__(self, store: Store, engine: Engine, embedder: Embedder | None) -> None:
        self._store, self._engine = store, engine
        self.embedder = embedder
        self.wake = asyncio.Event()
        self._centres: Centres | None = None
        self._usual: Usual | None = None
        self._everyday: Everyday | None = None
        self._sampled = 0
        self._done = 0
        self._turn = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether questions can be asked by meaning now."""
        return self._usual is not None and self._engine.has_vectors

    async def open(self) -> None:
        """Compares the model with the one whose vectors are kept; another one's are emptied. Raises
        Unavailable when the model does not answer."""
        if self.embedder is None or self._centres is not None:
            return
        self._everyday = await everyday(self.embedder)
        row = await self._store.db.row("SELECT name, dims, digest, centres FROM search_model WHERE id = 1")
        if row is not None and row[:3] == (self.embedder.name, self.embedder.dims, self.embedder.digest):
            centres = Centres.decode(row[3])
        else:
            centres = Centres({name: sample.mean(axis=0) for name, sample in self._everyday.samples.items()})
            await self._engine.empty_vectors(self._store.db)
            await self._store.write(lambda unit: _remember(unit, self.embedder, centres))
        await self._engine.open_vectors(self._store.db, self.embedder.dims)
        self._centres = centres
        await self._sample()

    async def _sample(self) -> None:
        """Refreshes what is usual in each language from the newest passages."""
        assert self._everyday is not None
        own = {}
        for language in LANGUAGE_NUMBERS:
            if vectors := await self._engine.sample(self._store.db, language, _SAMPLE):
                own[language] = np.array(vectors, np.float32)
        self._usual, self._sampled = Usual(self._everyday.samples, own, self._everyday.turns), self._done

    async def ask(self, text: str, language: str) -> Question | None:
        """A question as the index meets it; None when the model does not answer."""
        if self.embedder is None or not self.is_ready:
            return None
        try:
            vector: Floats = (await self.embedder.embed_queries([text]))[0]
        except ParvisError as fault:
            _log.warning("the model of meaning does not answer: %s", fault.sentence)
            return None
        assert self._centres is not None and self._usual is not None
        return Question(
            language,
            self._centres.code(vector, language),
            self._usual.sides(language, vector),
        )

    async def run(self) -> None:
        """Embeds what waits, for ever; when the model does not answer, later."""
        while True:
            self.wake.clear()
            try:
                await self.settle()
            except ParvisError as fault:
                _log.warning("passages wait for the model of meaning: %s", fault.sentence)
            await clock.woken(self.wake, _RETRY_SECONDS)

    async def settle(self) -> None:
        """Embeds all that waits now. Raises Unavailable when the model does not answer."""
        if self.embedder is None:
            return
        await self.open()
        while self.is_ready and await self._batch(self.embedder, "ORDER BY p.time_ms DESC LIMIT ?", _BATCH):
            if self._done - self._sampled >= max(64, self._sampled // 2):
                await self._sample()
        if self._done > self._sampled:
            await self._sample()
            memory.give_back()

    async def are_waiting(self) -> bool:
        """Whether there is a model and it has not yet read all passages."""
        return self.embedder is not None and await self._store.db.value(_ANY_WAITING) is not None

    async def hasten(self, passages: Callable[[], Awaitable[Sequence[int]]]) -> None:
        """Embeds those of some passages that wait, before all others: while much is still to be learnt, what is
        asked about comes first. `passages` is called only when something waits."""
        if self.embedder is None or not self.is_ready or not await self.are_waiting():
            return
        asked = await passages()
        try:
            await self._batch(self.embedder, f"AND p.id IN {marks(len(asked))}", *asked)
        except ParvisError as fault:
            _log.warning("passages wait for the model of meaning: %s", fault.sentence)

    async def _batch(self, embedder: Embedder, which: str, *args: object) -> bool:
        async with self._turn:  # what is embedded twice would be in memory twice
            rows = await self._store.db.rows(_WAITING.format(which=which), *args)
            if not rows:
                return False
            vectors = await embedder.embed_passages([_told(*row[4:]) for row in rows])
            made = [self._made(row[:4], vector) for row, vector in zip(rows, vectors, strict=True)]

            async def work(unit: Unit) -> None:
                await self._engine.add_vectors(unit, made)
                await unit.many("UPDATE search_passage SET embedded = 1 WHERE id = ?", [(row[0],) for row in rows])

            await self._store.write(work)
            if isinstance(self._engine, SqliteEngine):
                await self._engine.catch_up(self._store.db, [row[0] for row in rows])
            self._done += len(rows)
            return True

    def _made(self, row: tuple[int, int, int, str], vector: Floats) -> PassageVector:
        assert self._centres is not None
        code = self._centres.code(vector, row[3])
        return PassageVector(*row, code, packed(vector), vector.tolist())


def _told(title: str, heading: str, body: str) -> str:
    """What the model reads of a passage: what it is about stands before it."""
    above = [line for line in (title, heading) if line and line not in body]
    return "\n".join([*above, body])


async def _remember(unit: Unit, embedder: Embedder | None, centres: Centres) -> None:
    assert embedder is not None
    await unit.run("DELETE FROM search_model WHERE id = 1")
    await unit.run(
        "INSERT INTO search_model (id, name, dims, digest, centres) VALUES (1, ?, ?, ?, ?)",
        embedder.name,
        embedder.dims,
        embedder.digest,
        centres.encode(),
    )


def sqlite_codes(engine: Engine) -> Codes | None:
    """The codes in memory of an SQLite engine."""
    return engine.codes if isinstance(engine, SqliteEngine) else None
