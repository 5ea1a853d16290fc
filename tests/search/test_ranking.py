"""What ranks first by words, on both databases: BM25 over all that is walked over, whatever way it is reached."""

import math
import random

import pytest

from parvis.search.index import postgres
from parvis.search.index.engine import BODY, FORM, HEAD, LENGTH, SATURATION, PassageWords
from parvis.search.index.wording import understand
from parvis.search.request import Filters, SearchRequest
from parvis.search.service import Search
from tests.search.conftest import Notes

COMMON = ["contrat", "location", "bureau", "paris", "client"]
RARE = [f"terme{number}" for number in range(40)]


async def text(finding: Search, principal, words: str, **extra) -> list[tuple[str, float | None]]:
    answer = await finding.query(principal, SearchRequest(text=words, mode="text", **extra))
    return [(hit.title, hit.text_score) for hit in answer.hits]


def bm25(terms: dict[str, float], row: PassageWords, mean: float) -> float:
    """Robertson and Zaragoza (2009), with a weight for each part of a passage."""
    length = len(row.head) + len(row.body) + len(row.form)
    score = 0.0
    for term, weight in terms.items():
        uses = HEAD * row.head.count(term) + BODY * row.body.count(term) + FORM * row.form.count(term)
        score += weight * uses * (SATURATION + 1) / (uses + SATURATION * (1 - LENGTH + LENGTH * length / mean))
    return score


@pytest.mark.parametrize("weighed", [150, 24])
async def test_the_best_by_bm25_come_first(
    notes: Notes, finding: Search, ann, store, monkeypatch, weighed: int
) -> None:
    monkeypatch.setattr("parvis.search.service._WORDED", weighed)
    indexed: dict[int, PassageWords] = {}
    add_words = finding._engine.add_words

    async def add(unit, rows):
        indexed.update({row.passage_id: row for row in rows})
        await add_words(unit, rows)

    monkeypatch.setattr(finding._engine, "add_words", add)
    draw = random.Random(4)
    for number in range(120):
        some = draw.choices(COMMON, k=draw.randint(3, 60)) + draw.choices(RARE, k=draw.randint(1, 6))
        await notes.write(ann, f"note {number}", " ".join(draw.sample(some, len(some))), people=())
    await finding.indexer.settle()
    mean = sum(len(row.head) + len(row.body) + len(row.form) for row in indexed.values()) / len(indexed)
    for asked in ("terme3", "bureau", "contrat terme1 terme2", "location terme5", "paris terme7 client terme9"):
        answer = await finding.query(ann, SearchRequest(text=asked, mode="text", limit=8))
        terms = {}
        for term in {form for word in asked.split() for form in understand(word, "fr").alternatives(word)}:
            count = sum(term in (*row.head, *row.body, *row.form) for row in indexed.values())
            terms[term] = max(1e-6, math.log((len(indexed) - count + 0.5) / (count + 0.5)))
        best = sorted((bm25(terms, row, mean) for row in indexed.values()), reverse=True)[:8]
        most = sum(terms.values()) * (SATURATION + 1)
        scores = [hit.text_score * most for hit in answer.hits if hit.text_score]
        assert scores == pytest.approx([score for score in best if score > 0], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("walk", [8_000, 5])
async def test_a_frequent_word_is_walked_from_the_newest_era(
    notes: Notes, finding: Search, ann, bob, store, monkeypatch, walk: int
) -> None:
    monkeypatch.setattr(postgres, "_WALK", walk)  # five: as if eight were many
    if store.db.dialect.name == "postgres":  # three eras, the one in the middle empty
        await store.db.script("ALTER TABLE search_passage ALTER COLUMN id RESTART WITH 16380")
    for number in range(4):
        await notes.write(ann, f"old {number}", "le contrat " * (number + 1) + "du bureau", time_ms=5_000 - number)
    await notes.write(bob, "other", "le contrat de location")
    await finding.indexer.settle()
    if store.db.dialect.name == "postgres":
        await store.db.script("ALTER TABLE search_passage ALTER COLUMN id RESTART WITH 49200")
    for number in range(4):
        await notes.write(ann, f"new {number}", f"un contrat nommé essai {number}", time_ms=1_000 + number)
    await finding.indexer.settle()
    found = [title for title, _ in await text(finding, ann, "contrat")]
    assert found[:2] == ["old 3", "old 2"] and len(found) == 8
    assert [title for title, _ in await text(finding, bob, "contrat")] == ["other"]
    newest = [title for title, _ in await text(finding, ann, "contrat", order="newest", limit=5)]
    assert newest == ["old 0", "old 1", "old 2", "old 3", "new 3"]
    late = await text(finding, ann, "contrat", filters=Filters(after_ms=1_002, before_ms=4_999))
    assert sorted(title for title, _ in late) == ["new 2", "new 3", "old 2", "old 3"]
    assert [title for title, _ in await text(finding, ann, '"contrat nommé" -3', kinds=("Note",))] == [
        "new 2",
        "new 1",
        "new 0",
    ]


async def test_of_too_many_the_newest_are_walked_over(
    notes: Notes, finding: Search, ann, store, monkeypatch
) -> None:
    if store.db.dialect.name != "postgres":
        pytest.skip("SQLite has a way of its own")
    monkeypatch.setattr(postgres, "_WALK", 5)
    monkeypatch.setattr(postgres, "_ERAS_WALKED", postgres._ERAS_WALKED.replace("4000", "5"))
    for number in range(9):
        await notes.write(ann, f"n{number}", f"le contrat {number}", time_ms=number)
    await finding.indexer.settle()
    for order in ("relevance", "newest"):
        found = [title for title, _ in await text(finding, ann, "contrat", order=order)]
        assert sorted(found, reverse=True) == ["n8", "n7", "n6", "n5", "n4"]


@pytest.mark.parametrize("compared", [100_000, -1])
async def test_meaning_is_compared_or_walked_to(
    notes: Notes, finding: Search, ann, bob, store, monkeypatch, compared: int
) -> None:
    monkeypatch.setattr(postgres, "_NEAR", postgres._NEAR.replace("<= 100000", f"<= {compared}"))
    for number in range(12):
        await notes.write(ann, f"n{number}", ("le budget", "le chat", "la réunion")[number % 3] + f" {number}")
    await notes.write(bob, "mine", "a cat")
    await finding.indexer.settle()
    if store.db.dialect.name == "postgres":
        await store.db.script("ANALYZE search_vector")
    answer = await finding.query(ann, SearchRequest(text="meeting", limit=4))
    assert answer.meaning and {hit.title for hit in answer.hits} == {"n2", "n5", "n8", "n11"}
    assert [hit.title for hit in (await finding.query(bob, SearchRequest(text="félin"))).hits] == ["mine"]
