"""A store with the search room, a Source of notes kept in memory, and a model of meaning that knows a few
words."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from parvis.access import gate
from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.errors import Unavailable
from parvis.kernel.knowledge import Document, Item
from parvis.search.service import Search
from parvis.search.words.tokens import words
from parvis.store.store import Store

MEANINGS = [
    {"contrat", "contract", "hop", "dong", "bail", "lease"},
    {"reunion", "meeting", "hop", "rendez"},
    {"chat", "cat", "meo", "felin"},
    {"budget", "ngan", "sach", "finances"},
]


class WordModel:
    """Knows which words of three languages mean the same; a language adds a direction of its own, as real
    models do."""

    name, dims, digest = "words", 128, "1"

    def __init__(self) -> None:
        self.down = False
        self.calls = 0

    def _vector(self, text: str) -> np.ndarray:
        numbers = np.random.default_rng(7).normal(0, 0.02, self.dims)
        found = words(text)
        for place, meaning in enumerate(MEANINGS):
            numbers[place * 16 : place * 16 + 16] += sum(word in meaning for word in found)
        for word in found:
            numbers[64 + sum(map(ord, word)) % 60] += 0.2
        return numbers / np.linalg.norm(numbers)

    async def embed_queries(self, texts):
        self.calls += 1
        if self.down:
            raise Unavailable("the model is away")
        return np.array([self._vector(text) for text in texts], np.float32)

    async def embed_passages(self, texts):
        return await self.embed_queries(texts)


@dataclass
class Notes:
    """A Source of kind Note: objects in memory, changes told through the outbox as a feature does."""

    store: Store
    kind: str = "Note"
    items: dict[int, Item] = field(default_factory=dict)
    asked: int = 0

    async def item(self, account_id: int, object_id: int) -> Item | None:
        self.asked += 1
        return self.items.get(object_id)

    async def every(self, account_id: int) -> AsyncIterator[int]:
        for number, item in sorted(self.items.items(), reverse=True):
            if item.account_id == account_id:
                yield number

    async def write(self, owner: Principal, title: str, text: str = "", **extra) -> int:
        """A new note of somebody, or another version of one (`object_id`)."""
        number = extra.pop("object_id", None) or ids.new_id()
        documents = list(extra.pop("documents", []))
        if text:
            documents.insert(0, note(text))
        known = number in self.items
        access = await gate.require(self.store.db, owner, owner.id, "mail")
        values = {
            "account_id": owner.id,
            "scope_id": access.scope.id,
            "kind": self.kind,
            "object_id": number,
            "title": title,
            "time_ms": 1_000,
            "origin": "own",
            "author": f"{owner.name} <{owner.address}>",
            "people": (),
            "documents": tuple(documents),
        }
        self.items[number] = Item(**(values | extra))
        change = "updated" if known else "created"
        await self.store.write(lambda unit: unit.changed(owner.id, self.kind, number, change))
        return number

    async def delete(self, number: int) -> None:
        item = self.items.pop(number)
        await self.store.write(lambda unit: unit.changed(item.account_id, self.kind, number, "destroyed"))


def note(text: str, part: str = "body") -> Document:
    """A document whose text is ready."""

    async def load() -> bytes:
        return text.encode()

    return Document(part, "", "text/plain", load, len(text), text)


def attached(name: str, content: bytes, media_type: str = "", part: str = "2") -> Document:
    """An attachment."""

    async def load() -> bytes:
        return content

    return Document(part, name, media_type, load, len(content), None, name)


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search"]


@pytest.fixture
def model() -> WordModel:
    return WordModel()


@pytest.fixture
def finding(model: WordModel) -> Search:
    return Search(model)


@pytest.fixture
def prepare(finding: Search) -> list:
    return [finding.prepare]


@pytest.fixture
def notes(store: Store, finding: Search) -> Notes:
    source = Notes(store)
    finding.open(store, [source])
    return source


@pytest.fixture
async def ann(store, make_person):
    return await make_person(store, "ann", language="fr")


@pytest.fixture
async def bob(store, make_person):
    return await make_person(store, "bob")
