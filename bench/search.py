"""How fast search answers and indexes: p50 and p95 of text and hybrid searches over N synthetic passages in
three languages, seen whole by one person and in part by another, and passages indexed a second.

    python bench/search.py [--passages 10000 1000000] [--searches 100] [--keep FOLDER] [--database URL]

With `--keep`, the filled stores stay in that folder and are only measured when they are there.

Vectors are random and clustered (384 numbers); the model's own time for a question (8 ms on two cores) is not
in the figures. Goals: hybrid p95 under 150 ms and text under 100 ms at a million passages.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import numpy as np

from parvis.access import directory, gate
from parvis.access.principal import Principal, Right
from parvis.kernel.settings import Settings
from parvis.search.index.engine import PassageVector, PassageWords
from parvis.search.index.meaning import packed
from parvis.search.request import SearchRequest
from parvis.search.service import Search
from parvis.store.store import Store
from parvis.store.unit import Unit

DIMS, CLUSTERS, WORDS, VOCABULARY, BATCH, SCOPES = 384, 500, 110, 150_000, 2_000, 20
LANGUAGES = ("fr", "vi", "en")


class Random:
    """Vectors from nowhere: each text falls into a cluster."""

    name, dims, digest = "random", DIMS, "bench"

    def __init__(self) -> None:
        self.rng = np.random.default_rng(5)
        self.centres = self.rng.normal(size=(CLUSTERS, DIMS)).astype(np.float32)

    def some(self, count: int) -> np.ndarray:
        vectors = self.centres[self.rng.integers(0, CLUSTERS, count)]
        vectors = vectors + self.rng.normal(scale=0.7, size=(count, DIMS)).astype(np.float32)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    async def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self.some(len(texts))

    async def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return self.some(len(texts))


class Words:
    """Words from nowhere, as frequent as words are (Zipf)."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        weights = 1 / np.arange(1, VOCABULARY + 1) ** 1.05
        self.shares = np.cumsum(weights / weights.sum())
        self.vocabulary = np.array([_word(number) for number in range(VOCABULARY)], dtype=object)

    def drawn(self, count: int, each: int) -> np.ndarray:
        return np.minimum(np.searchsorted(self.shares, self.rng.random((count, each))), VOCABULARY - 1)

    def texts(self, count: int) -> list[list[str]]:
        return [list(row) for row in self.vocabulary[self.drawn(count, WORDS)]]


class Filler:
    """Writes passages straight into the index, as the indexer would, many in a unit."""

    def __init__(self, store: Store, finding: Search, scopes: list[int]) -> None:
        self.store, self.engine, self.scopes, self.model = store, finding._engine, scopes, Random()
        self.words = Words(1)
        self.centres = finding.indexer.vectors._centres

    async def batch(self, first: int, count: int) -> None:
        """Passages `first` and the following; a fresh database numbers them so by itself."""
        texts, vectors = self.words.texts(count), self.model.some(count)
        items, rows, contents, words, kept = [], [], [], [], []
        for place, found in enumerate(texts):
            number = first + place
            language, moment = LANGUAGES[number % 3], number * 1000
            scope = self.scopes[number % SCOPES if number % 2 else 0]
            items.append((1, scope, "Note", number, "subject", "a", "own", "\na\n\n", "  ", 0, moment, "x", 0))
            rows.append((number, scope, moment, language, "body", 0, 700, "{}", 1))
            contents.append((number, "", " ".join(found)))
            words.append(PassageWords(number, found[:6], found, [f"{word}_x" for word in found[::2]]))
            vector = vectors[place]
            code = self.centres.code(vector, language)
            kept.append(PassageVector(number, scope, moment, language, code, packed(vector), vector))

        async def work(unit: Unit) -> None:
            await unit.many(_ITEM, items)
            await unit.many(_PASSAGE, rows)
            await unit.many("INSERT INTO search_content (passage_id, heading, body) VALUES (?, ?, ?)", contents)
            await self.engine.add_words(unit, words)
            await self.engine.add_vectors(unit, kept)

        await self.store.write(work)


_ITEM = """INSERT INTO search_item (account_id, scope_id, kind, object_id, title, author, origin, people, labels,
    has_attachment, time_ms, fingerprint, indexed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_PASSAGE = """INSERT INTO search_passage (item_id, scope_id, time_ms, language, part, start_at, end_at, place,
    embedded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def _word(number: int) -> str:
    return "".join("bcdfghlmnprstv"[number // 14**k % 14] + "aeiou"[(number // 3**k + k) % 5] for k in range(4))


async def people(store: Store) -> tuple[Principal, Principal]:
    """One who sees every scope, and one who sees three of the smallest."""
    owner, guest = [await directory.by_address(store.db, f"{name}@example.org") for name in ("all", "some")]
    assert owner is not None and guest is not None
    return owner, guest


async def invite(store: Store) -> list[int]:
    """Makes them, and the scopes."""

    async def make(unit: Unit) -> tuple[int, int, list[int]]:
        all_seeing = await directory.create(unit, "person", "All", "all@example.org")
        some_seeing = await directory.create(unit, "person", "Some", "some@example.org")
        return all_seeing, some_seeing, [await gate.create_scope(unit, all_seeing, f"s{n}") for n in range(SCOPES)]

    first, second, scopes = await store.write(make)
    owner = await directory.by_id(store.db, first)
    for scope in (scopes[1], scopes[3], scopes[5]):
        await store.write(lambda unit, scope=scope: gate.give(unit, owner, scope, second, Right.READ))
    return scopes


async def measure(finding: Search, person: Principal, mode: str, texts: Sequence[str]) -> str:
    """p50 and p95 of the wall clock, and the mean of the processor's, in milliseconds."""
    await finding.query(person, SearchRequest(text=texts[0], mode=mode))
    took, cpu = [], time.process_time()
    for text in texts[1:]:
        start = time.perf_counter()
        await finding.query(person, SearchRequest(text=text, mode=mode))
        took.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / len(took)
    return f"p50 {np.percentile(took, 50):7.1f}  p95 {np.percentile(took, 95):7.1f}  cpu {cpu:7.1f} ms"


def searches(count: int) -> dict[str, list[str]]:
    """Searches of several kinds: two rather rare words; five words of any frequency, as a question has; one
    of the hundred most frequent, the worst there is."""
    words = Words(2)
    rare = words.rng.integers(3_000, 60_000, (count, 2))
    mixed = np.concatenate([words.drawn(count, 4), rare[:, :1]], axis=1)
    common = words.rng.integers(0, 100, (count, 1))
    told = {"two rare words": rare, "a question of five words": mixed, "one frequent word": common}
    return {name: [" ".join(words.vocabulary[row]) for row in rows] for name, rows in told.items()}


async def fill(folder: Path, database: str, passages: int) -> None:
    """Fills a store and says how fast that went."""
    finding, store = await opened(folder, database)
    scopes = await invite(store)
    await finding.indexer.vectors.open()
    filler = Filler(store, finding, scopes)
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(1, passages + 1, BATCH):
        await filler.batch(first, min(BATCH, passages + 1 - first))
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    await store.close()
    size = await tidied(database) if database else sum(file.stat().st_size for file in folder.rglob("*"))
    print(f"{passages} passages: {passages / wall:.0f}/s stored ({passages / cpu:.0f}/cpu-s), {size / 1e6:.0f} MB")


async def tidied(database: str) -> int:
    """Does what PostgreSQL does by itself within minutes. Returns the size of the database in bytes."""
    connection = await asyncpg.connect(database)
    await connection.execute("VACUUM ANALYZE")
    size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return size


async def opened(folder: Path, database: str) -> tuple[Search, Store]:
    finding = Search(Random())
    settings = Settings(data=str(folder), database=database)
    store = await Store.open(settings, ["store", "access", "search"], [finding.prepare])
    finding.open(store, [])
    return finding, store


async def run(folder: Path, database: str, passages: int, count: int) -> None:
    if not (folder / "filled").exists():
        await fill(folder, database, passages)
        (folder / "filled").touch()
    finding, store = await opened(folder, database)
    owner, guest = await people(store)
    start = time.perf_counter()
    await finding.indexer.vectors.open()
    print(f"{passages} passages: vectors open in {time.perf_counter() - start:.1f} s, {memory():.0f} MB resident")
    for name, texts in searches(count).items():
        for who, person in (("all", owner), ("some", guest)):
            for mode in ("text", "hybrid"):
                figures = await measure(finding, person, mode, texts)
                print(f"  {name:26} sees {who:5} {mode:7} {figures}", flush=True)
    print(f"  {memory():.0f} MB resident")
    await store.close()


def memory() -> float:
    """What this process holds that is in no file, in MB."""
    return int(re.findall(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database, for one size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        for passages in arguments.passages:
            folder = (arguments.keep or Path(passing)) / str(passages)
            asyncio.run(run(folder, arguments.database, passages, arguments.searches))
    return 0


if __name__ == "__main__":
    sys.exit(main())
