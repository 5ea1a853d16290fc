"""How well search finds: hit@1, MRR, nDCG@10 and recall@10 on public questions in French, Vietnamese and
English, within a language and across, beside plain full text, vectors alone, and vectors of 512-character chunks.

    python bench/retrieval.py --models data/models [--tune | --all]

Figures are of the second half of each set's questions; `--tune` shows what weights give on the first half,
which is what they were chosen by, and `--all` gives figures of both together. Needs
`parvis models pull multilingual-e5-small` and the sets in `../shared/data/retrieval` (XQuAD: CC BY-SA 4.0,
google-deepmind; CNIL FAQ: etalab-ia/piaf-ml).
"""

import argparse
import asyncio
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import apsw
import numpy as np

from parvis.access import directory, gate
from parvis.access.principal import Principal
from parvis.kernel.knowledge import Document, Item
from parvis.kernel.settings import Settings
from parvis.search.embed.local import LocalE5
from parvis.search.embed.provider import Vectors
from parvis.search.index import best
from parvis.search.request import Filters, SearchRequest
from parvis.search.service import Search
from parvis.store.store import Store

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
if not DATA.exists():
    DATA = Path("/work/shared/data/retrieval")
SETS = {"vi": "xquad.vi.json", "en": "xquad.en.json", "fr": "cnil-faq.fr.json"}
DEEP = 20
Part = Literal["tuning", "figures", "all"]


class Questions(NamedTuple):
    """A set: passages, and questions with the number of the passage that answers each."""

    passages: list[str]
    asked: list[str]
    right: list[int]

    def part(self, which: Part) -> "Questions":
        """Every other question: the odd ones are for figures, the even ones for tuning; or all of them."""
        chosen = {"tuning": slice(0, None, 2), "figures": slice(1, None, 2), "all": slice(None)}[which]
        return Questions(self.passages, self.asked[chosen], self.right[chosen])


def load(name: str) -> Questions:
    """Reads a set in SQuAD form."""
    passages, asked, right = [], [], []
    for article in json.loads((DATA / name).read_text())["data"]:
        for paragraph in article["paragraphs"]:
            passages.append(paragraph["context"])
            for question in paragraph["qas"]:
                asked.append(question["question"])
                right.append(len(passages) - 1)
    return Questions(passages, asked, right)


class Cached:
    """The built-in model, with vectors kept in a folder between runs."""

    name, dims = LocalE5.name, LocalE5.dims

    def __init__(self, folder: Path, cache: Path) -> None:
        self._model = LocalE5(folder)
        self.digest = self._model.digest
        self._file = cache / f"vectors-{self.digest}.npz"
        held = (
            np.load(self._file)
            if self._file.exists()
            else {"keys": np.zeros(0, "U40"), "vectors": np.zeros((0, 384))}
        )
        self._known = dict(zip(held["keys"].tolist(), held["vectors"].astype(np.float32), strict=True))

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed([f"query: {text}" for text in texts])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed([f"passage: {text}" for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha1(text.encode()).hexdigest() for text in texts]
        for key, text in zip(keys, texts, strict=True):
            if key not in self._known:
                self._known[key] = self._model.embed([text])[0]
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._file, keys=list(self._known), vectors=np.stack(list(self._known.values())))


def figures(ranked: Sequence[Sequence[int]], right: Sequence[int]) -> tuple[float, float, float, float]:
    """hit@1, MRR, nDCG@10, recall@10 of ranked passage numbers."""
    places = [
        list(found).index(wanted) + 1 if wanted in found else 0 for found, wanted in zip(ranked, right, strict=True)
    ]
    at = np.array(places, float)
    ten = (at > 0) & (at <= 10)
    reciprocal = np.where(at > 0, 1 / np.maximum(at, 1), 0)
    gain = np.where(ten, 1 / np.log2(np.maximum(at, 1) + 1), 0)
    return float((at == 1).mean()), float(reciprocal.mean()), float(gain.mean()), float(ten.mean())


def full_text(questions: Questions) -> list[list[int]]:
    """SQLite's FTS5 as it comes: its own folding, any of the words, BM25."""
    db = apsw.Connection(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='unicode61 remove_diacritics 2')")
    db.executemany("INSERT INTO t (rowid, body) VALUES (?, ?)", list(enumerate(questions.passages)))
    sql = f"SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT {DEEP}"
    match = [" OR ".join(f'"{word}"' for word in re.findall(r"\w+", text)) for text in questions.asked]
    return [[row[0] for row in db.execute(sql, (words,))] for words in match]


async def vectors(questions: Questions, model: Cached, cut: Callable[[str], list[str]]) -> list[list[int]]:
    """Passages by their nearest chunk."""
    chunks = [(number, chunk) for number, text in enumerate(questions.passages) for chunk in cut(text)]
    matrix = await model.embed_passages([chunk for _, chunk in chunks])
    products = await model.embed_queries(questions.asked) @ matrix.T
    owners = np.array([number for number, _ in chunks])
    ranked = []
    for row in products:
        best = dict.fromkeys(owners[np.argsort(-row)].tolist())
        ranked.append(list(best)[:DEEP])
    return ranked


def whole(text: str) -> list[str]:
    return [text]


def by_512(text: str) -> list[str]:
    return [text[at : at + 512] for at in range(0, len(text), 512)]


class Passages:
    """The passages of some sets as a Source: object number = 1 + place in the whole list."""

    kind = "Passage"

    def __init__(self, passages: Sequence[str], account: int, scope: int) -> None:
        self._passages, self._account, self._scope = passages, account, scope

    async def item(self, account_id: int, object_id: int) -> Item | None:
        text = self._passages[object_id - 1]
        document = Document("body", "", "text/plain", _nothing, len(text), text)
        return Item(self._account, self._scope, self.kind, object_id, "", 0, "own", "", (), {}, (document,))

    async def every(self, account_id: int) -> AsyncIterator[int]:
        for number in range(len(self._passages), 0, -1):
            yield number


async def _nothing() -> bytes:
    return b""


class House:
    """Our search over some passages, in a store of its own."""

    def __init__(self, store: Store, finding: Search, person: Principal) -> None:
        self._store, self._finding, self._person = store, finding, person

    @classmethod
    async def open(cls, passages: Sequence[str], model: Cached, folder: str) -> "House":
        finding = Search(model)
        store = await Store.open(Settings(data=folder), ["store", "access", "search"], [finding.prepare])

        async def somebody(unit):
            number = await directory.create(unit, "person", "Asker", "asker@example.org")
            return number, await gate.create_scope(unit, number, "bench")

        number, scope = await store.write(somebody)
        source = Passages(passages, number, scope)
        finding.open(store, [source])
        await finding.indexer._index([(number, source.kind, place + 1) for place in range(len(passages))])
        await finding.indexer.vectors.settle()
        return cls(store, finding, await directory.by_id(store.db, number))

    async def ranked(
        self, asked: Sequence[str], without: Sequence[int] | None = None, languages: tuple[str, ...] = ()
    ) -> list[list[int]]:
        found = []
        for place, text in enumerate(asked):
            request = SearchRequest(text=text, limit=DEEP, filters=Filters(languages=languages))
            answer = await self._finding.query(self._person, request)
            numbers = [hit.object_id - 1 for hit in answer.hits]
            found.append([n for n in numbers if without is None or n != without[place]])
        return found

    async def close(self) -> None:
        await self._store.close()


def line(name: str, values: tuple[float, float, float, float]) -> None:
    print(f"  {name:34} {values[0]:.3f}  {values[1]:.3f}  {values[2]:.3f}  {values[3]:.3f}", flush=True)


async def compare(name: str, questions: Questions, house: House, model: Cached) -> None:
    """One block of figures."""
    print(
        f"{name} ({len(questions.asked)} questions, {len(questions.passages)} passages) hit@1 MRR nDCG@10 recall@10"
    )
    line("full text (FTS5 as it comes)", figures(full_text(questions), questions.right))
    line("vectors alone", figures(await vectors(questions, model, whole), questions.right))
    line("vectors of 512-character chunks", figures(await vectors(questions, model, by_512), questions.right))
    line("Parvis", figures(await house.ranked(questions.asked), questions.right))


async def mixed(sets: dict[str, Questions], model: Cached, which: Part) -> None:
    """All three sets in one store; Vietnamese and English questions whose own copy of the answer is taken
    away, so that only the passage in the other language is right; and the same asked of that language alone."""
    places = {"en": 0, "vi": len(sets["en"].passages)}
    every = [*sets["en"].passages, *sets["vi"].passages, *sets["fr"].passages]
    with tempfile.TemporaryDirectory() as folder:
        house = await House.open(every, model, folder)
        for own, other in (("vi", "en"), ("en", "vi")):
            half = sets[own].part(which)
            right = [number + places[other] for number in half.right]
            without = [number + places[own] for number in half.right]
            print(f"{own} asks, only {other} answers, among {len(every)} in three languages")
            alone = await vectors(Questions(every, half.asked, right), model, whole)
            alone = [[n for n in found if n != away] for found, away in zip(alone, without, strict=True)]
            line("vectors alone", figures(alone, right))
            line("Parvis", figures(await house.ranked(half.asked, without), right))
            line(f"Parvis, filter {other}", figures(await house.ranked(half.asked, None, (other,)), right))
        await house.close()


async def run(models: Path, cache: Path, which: Part) -> None:
    model = Cached(models / LocalE5.name, cache)
    sets = {name: load(file) for name, file in SETS.items()}
    houses = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, questions in sets.items():
            houses[name] = await House.open(questions.passages, model, f"{folder}/{name}")
        model.save()
        for name, questions in sets.items():
            half = questions.part(which)
            if which == "tuning":
                for weight in (5.0, 7.0, 9.0, 12.0):
                    best.WORDS = weight
                    line(
                        f"{name}: words weigh {weight}", figures(await houses[name].ranked(half.asked), half.right)
                    )
            else:
                await compare(f"{name} in {name}", half, houses[name], model)
        if which != "tuning":
            for own, other in (("vi", "en"), ("en", "vi")):
                half = sets[own].part(which)
                crossed = Questions(sets[other].passages, half.asked, half.right)
                await compare(f"{own} asks in {other}", crossed, houses[other], model)
        for house in houses.values():
            await house.close()
    if which != "tuning":
        await mixed(sets, model, which)
    model.save()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=Path, default=Path("data/models"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "parvis-bench")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--tune", dest="part", action="store_const", const="tuning", default="figures")
    part.add_argument("--all", dest="part", action="store_const", const="all")
    arguments = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: no {DATA}")
        return 0
    if not (arguments.models / LocalE5.name).exists():
        print(f"skipped: no model in {arguments.models}; `parvis models pull {LocalE5.name}` fetches it")
        return 0
    asyncio.run(run(arguments.models, arguments.cache, arguments.part))
    return 0


if __name__ == "__main__":
    sys.exit(main())
