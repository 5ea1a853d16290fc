"""Search on both databases: words, meaning, filters, spelling, and above all rights."""

import asyncio

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel.errors import Forbidden, NotFound
from parvis.search.place import Place
from parvis.search.request import Filters, SearchRequest
from parvis.search.service import Search
from parvis.store.sql.contract import counting
from tests.search.conftest import Notes, WordModel, attached
from tests.search.documents import pdf, pptx


async def titles(finding: Search, principal, text: str, **extra) -> list[str]:
    answer = await finding.query(principal, SearchRequest(text=text, mode=extra.pop("mode", "text"), **extra))
    return [hit.title for hit in answer.hits]


async def test_words_with_and_without_accents_in_every_form(notes: Notes, finding: Search, ann) -> None:
    await notes.write(ann, "Bail", "Le contrat de location est signé par les deux parties.")
    await notes.write(ann, "Thuê nhà", "Hợp đồng thuê nhà ở Đường Láng đã được ký.")
    await notes.write(ann, "Lease", "The contracts were signed by both parties.")
    await finding.indexer.settle()
    assert (await titles(finding, ann, "contrats"))[0] == "Bail"
    assert await titles(finding, ann, "hop dong") == ["Thuê nhà"]
    assert await titles(finding, ann, "đường") == ["Thuê nhà"]
    assert (await titles(finding, ann, "signe"))[0] == "Bail"
    assert "Lease" in await titles(finding, ann, "the contract signed")


async def test_phrases_exclusions_and_beginnings(notes: Notes, finding: Search, ann) -> None:
    await notes.write(ann, "one", "the red house near the river")
    await notes.write(ann, "two", "the house is red and near")
    await finding.indexer.settle()
    assert await titles(finding, ann, '"red house"') == ["one"]
    assert await titles(finding, ann, "house -river") == ["two"]
    assert await titles(finding, ann, "riv*") == ["one"]
    assert await titles(finding, ann, "riv", typing=True) == ["one"]
    assert await titles(finding, ann, "riv") == []
    for text in ('"', "-", "*", '-"a b"', "(", "NOT", 'a" OR "b', "'; --", "\x00", ":", "!", "a & b | !c <->"):
        await titles(finding, ann, text)


async def test_a_hit_says_exactly_where(notes: Notes, finding: Search, ann) -> None:
    document = attached("notes.pdf", pdf("Introduction", "Le budget de la mairie"), "application/pdf")
    number = await notes.write(ann, "Budgets", "Voir la pièce jointe.", documents=[document])
    await finding.indexer.settle()
    answer = await finding.query(ann, SearchRequest(text="budget mairie", mode="text"))
    hit = answer.hits[0]
    assert (hit.object_id, hit.part, hit.file_name, hit.place) == (number, "2", "notes.pdf", Place(page=2))
    assert [hit.text[start:end] for start, end in hit.marks] == ["budget", "mairie"]
    assert [hit.title[start:end] for start, end in hit.title_marks] == ["Budgets"]
    assert hit.text == "Le budget de la mairie"
    assert hit.end - hit.start == len(hit.text)
    assert (await finding.passage(ann, hit.passage_id)).text == hit.text


async def test_meaning_crosses_languages(notes: Notes, finding: Search, ann, store) -> None:
    await notes.write(ann, "vi", "Con mèo của tôi đang ngủ trên ghế rất ngon")
    await notes.write(ann, "en", "The budget for next year was accepted by the board")
    for number in range(12):
        await notes.write(ann, f"fr {number}", f"Une note en français sur le jardin numéro {number} et les fleurs")
    await finding.indexer.settle()
    answer = await finding.query(ann, SearchRequest(text="le chat", limit=3))
    assert answer.meaning
    assert answer.hits[0].title == "vi"
    assert answer.hits[0].text_score is None
    answer = await finding.query(ann, SearchRequest(text="les finances", limit=3))
    assert answer.hits[0].title == "en"


async def test_words_alone_while_the_model_is_away(notes: Notes, finding: Search, model: WordModel, ann) -> None:
    await notes.write(ann, "one", "le contrat")
    await finding.indexer.settle()
    model.down = True
    answer = await finding.query(ann, SearchRequest(text="contrat"))
    assert not answer.meaning
    assert [hit.title for hit in answer.hits] == ["one"]


async def test_another_model_empties_the_vectors_and_makes_new_ones(
    notes: Notes, finding: Search, model, ann, store
):
    await notes.write(ann, "one", "le contrat")
    await finding.indexer.settle()
    other = WordModel()
    other.digest, other.dims = "2", 192
    again = Search(other)
    again._codes = finding._codes  # the functions registered on the connections
    again.open(store, [notes])
    await again.indexer.settle()
    status = await again.status(ann)
    assert (status.passages, status.embedded) == (1, 1)
    assert other.calls >= 2
    assert (await again.query(ann, SearchRequest(text="contrat"))).meaning


async def test_rights_are_those_of_the_moment(notes: Notes, finding: Search, ann, bob, store) -> None:
    number = await notes.write(ann, "secret", "le contrat confidentiel avec Zorglub", people=("Zorglub <z@x.fr>",))
    await finding.indexer.settle()
    scope = (await gate.require(store.db, ann, ann.id, "mail")).scope.id
    answer = await finding.query(ann, SearchRequest(text="contrat"))
    passage = answer.hits[0].passage_id

    async def bob_sees() -> list[bool]:
        hybrid = await finding.query(bob, SearchRequest(text="contrat"))
        newest = await finding.query(bob, SearchRequest(text="contrat", order="newest"))
        begun = await finding.query(bob, SearchRequest(text="con*", mode="text"))
        spelt = await finding.query(bob, SearchRequest(text="zorglib", mode="text"))
        whole = await finding.whole(bob, "Note", [number], 5)
        try:
            opened = bool(await finding.passage(bob, passage))
        except NotFound:
            opened = False
        hits = [bool(hybrid.hits), bool(newest.hits), bool(begun.hits), bool(spelt.hits or spelt.corrections)]
        names = [bool(await finding.suggest(bob, "zorg")), bool(await finding.suggest(bob, "secr"))]
        kinds, status = await finding.kinds(bob), await finding.status(bob)
        return [*hits, bool(whole), opened, *names, bool(kinds), bool(status.passages)]

    assert not any(await bob_sees())
    grant = await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ))
    assert all(await bob_sees())
    await store.write(lambda unit: gate.withdraw(unit, ann, grant))
    assert not any(await bob_sees())
    await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.FREE_BUSY))
    assert not any(await bob_sees())


async def test_others_passages_never_take_the_place_of_mine(notes: Notes, finding: Search, ann, bob) -> None:
    for number in range(260):
        await notes.write(ann, f"a{number}", f"le contrat de location numéro {number}")
    await notes.write(bob, "mine", "a lease that has nothing else")
    await finding.indexer.settle()
    answer = await finding.query(bob, SearchRequest(text="contrat"))
    assert [hit.title for hit in answer.hits] == ["mine"]


async def test_filters(notes: Notes, finding: Search, ann) -> None:
    facets = {"mailboxIds": [12, 7], "keywords": ["$Seen", "a_b"], "hasAttachment": True}
    await notes.write(
        ann, "old", "rapport annuel", time_ms=1_000, author="Chloé Durand <chloe@x.fr>", facets=facets
    )
    await notes.write(ann, "new", "rapport mensuel", time_ms=9_000, people=("Nguyễn Văn An <an@x.vn>",))
    await finding.indexer.settle()

    async def found(**filters) -> list[str]:
        by_words = await titles(finding, ann, "rapport", filters=Filters(**filters))
        by_meaning = await finding.query(ann, SearchRequest(text="rapport", filters=Filters(**filters)))
        assert sorted(by_words) == sorted(hit.title for hit in by_meaning.hits)
        return sorted(by_words)

    assert await found() == ["new", "old"]
    assert await found(author="CHLOE") == ["old"]
    assert await found(person="nguyen van") == ["new"]
    assert await found(author="nguyen") == []
    assert await found(after_ms=5_000) == ["new"]
    assert await found(before_ms=9_000) == ["old"]
    assert await found(has_attachment=True) == ["old"]
    assert await found(mailboxes=(7,)) == ["old"]
    assert await found(mailboxes=(1,)) == []
    assert await found(keywords=("$seen", "a_b")) == ["old"]
    assert await found(keywords=("axb",)) == []
    assert await titles(finding, ann, "rapport", order="newest") == ["new", "old"]
    assert await titles(finding, ann, "rapport mensuel", order="newest") == ["new"]
    assert await titles(finding, ann, "rapport", kinds=("Email",)) == []
    assert await titles(finding, ann, "rapport", accounts=(1,)) == []


async def test_spelling_and_completion(notes: Notes, finding: Search, ann) -> None:
    await notes.write(ann, "Réunion budgétaire", "ordre du jour", people=("Nguyễn Thị Hồng <hong@x.vn>",))
    await finding.indexer.settle()
    answer = await finding.query(ann, SearchRequest(text="budgtaire", mode="text"))
    assert answer.corrections == {"budgtaire": "budgetaire"}
    assert [hit.title for hit in answer.hits] == ["Réunion budgétaire"]
    assert (await finding.query(ann, SearchRequest(text="nguyne", mode="text"))).corrections == {"nguyne": "nguyen"}
    person = (await finding.suggest(ann, "thi ngu"))[0]
    assert (person.kind, person.text, person.detail) == ("person", "Nguyễn Thị Hồng", "hong@x.vn")
    assert [s.text for s in await finding.suggest(ann, "reunion bud")] == ["Réunion budgétaire"]


async def test_what_changes_is_indexed_anew_and_what_goes_is_gone(
    notes: Notes, finding: Search, ann, store
) -> None:
    number = await notes.write(ann, "Plan", "premier texte", people=("Zoé <zoe@x.fr>",))
    await finding.indexer.settle()
    await notes.write(ann, "Plan", "second texte", object_id=number)
    await finding.indexer.settle()
    assert await titles(finding, ann, "premier") == []
    assert await titles(finding, ann, "second") == ["Plan"]
    assert await finding.suggest(ann, "zoe") == []
    await notes.delete(number)
    await finding.indexer.settle()
    assert await titles(finding, ann, "second", mode="hybrid") == []
    assert await finding.suggest(ann, "pla") == []
    for table in ("item", "document", "passage", "content", "text", "vector", "word", "person", "person_word"):
        assert await store.db.value(f"SELECT COUNT(*) FROM search_{table}") == 0, table


async def test_what_several_index_at_once_is_there_once(notes: Notes, finding: Search, ann, store) -> None:
    async def taken() -> None:
        events = await store.outbox.after(*await store.outbox.cursor("search"))
        await asyncio.gather(*(finding.indexer.take(events) for _ in range(4)))

    numbers = [await notes.write(ann, "Plan", "premier texte") for _ in range(4)]
    await taken()
    for number in numbers:
        await notes.write(ann, "Projet", "second texte", object_id=number)
    await taken()
    await finding.indexer.settle()
    assert await titles(finding, ann, "second") == ["Projet"] * 4
    assert await titles(finding, ann, "premier") == []
    assert await store.db.value("SELECT uses FROM search_word WHERE word = 'projet'") == 4
    for number in numbers:
        await notes.delete(number)
    await finding.indexer.settle()
    for table in ("item", "document", "passage", "content", "text", "vector", "word", "person", "person_word"):
        assert await store.db.value(f"SELECT COUNT(*) FROM search_{table}") == 0, table


async def test_labels_change_without_reading_again(notes: Notes, finding: Search, model: WordModel, ann) -> None:
    number = await notes.write(ann, "Plan", "le texte", facets={"mailboxIds": [1]})
    await finding.indexer.settle()
    before, calls = await finding.query(ann, SearchRequest(text="texte", mode="text")), model.calls
    await notes.write(ann, "Plan", "le texte", object_id=number, facets={"mailboxIds": [2]})
    await finding.indexer.settle()
    assert model.calls == calls
    after = await finding.query(ann, SearchRequest(text="texte", mode="text", filters=Filters(mailboxes=(2,))))
    assert after.hits[0].passage_id == before.hits[0].passage_id


async def test_a_broken_attachment_is_a_trouble_and_stops_nothing(notes: Notes, finding: Search, ann, bob) -> None:
    broken = [
        attached("Facture.pdf", b"%PDF-1.4 broken", "application/pdf"),
        attached("a.pptx", pptx("Zèbre"), part="3"),
    ]
    await notes.write(ann, "Deux pièces", "voir", documents=broken)
    await finding.indexer.settle()
    status = await finding.status(ann)
    assert [(t.file_name, t.error) for t in status.troubles] == [("Facture.pdf", "damaged")]
    assert (status.items, status.waiting, status.embedded) == (1, 0, status.passages)
    assert (await finding.status(bob)).troubles == ()
    assert await titles(finding, ann, "zebre") == ["Deux pièces"]
    assert await titles(finding, ann, "facture") == ["Deux pièces"]


async def test_an_item_without_text_is_found_by_its_title(notes: Notes, finding: Search, ann) -> None:
    await notes.write(ann, "Rien que le titre")
    await finding.indexer.settle()
    assert await titles(finding, ann, "titre") == ["Rien que le titre"]


async def test_rebuilding_reads_everything_again_and_forgets_what_is_gone(
    notes: Notes, finding, ann, bob, store
) -> None:
    await notes.write(ann, "one", "premier")
    gone = await notes.write(ann, "two", "second")
    await finding.indexer.settle()
    notes.items.pop(gone)  # without an event
    with pytest.raises(Forbidden):
        await finding.reindex(bob)
    assert await finding.indexer.rebuild()
    assert await titles(finding, ann, "premier") == ["one"]
    runner = asyncio.create_task(store.jobs.run())
    while await store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL"):
        await asyncio.sleep(0.02)
    runner.cancel()
    await finding.indexer.settle()
    assert await titles(finding, ann, "premier second") == ["one"]


async def test_one_object_at_a_time_or_all_its_passages(notes: Notes, finding: Search, ann) -> None:
    number = await notes.write(ann, "long", "\n\n".join(f"Le contrat {n}. " + "mot " * 220 for n in range(4)))
    await finding.indexer.settle()
    assert len(await titles(finding, ann, "contrat")) == 1
    assert len(await titles(finding, ann, "contrat", per_object=0)) == 4
    whole = await finding.whole(ann, "Note", [number], 10)
    assert [hit.start for hit in whole] == sorted(hit.start for hit in whole)
    assert len(whole) == 4


async def test_one_statement_whatever_there_is(notes: Notes, finding: Search, ann) -> None:
    for number in range(30):
        await notes.write(ann, f"n{number}", f"le contrat de location {number}")
    await finding.indexer.settle()
    with counting() as count:
        await finding.query(ann, SearchRequest(text="le contrat de location", limit=10))
    joined = [sql for sql in count.statements if "visible" in sql]
    assert len(joined) == 1
    assert len(count) <= 4  # the joining one, and how rare the words are


async def test_how_rare_words_are_in_a_large_store(notes: Notes, finding: Search, ann, store, monkeypatch) -> None:
    monkeypatch.setattr("parvis.search.index.sqlite._NEWEST", 20)  # as if sixty passages were many
    monkeypatch.setattr("parvis.search.index.sqlite._FEW_TIMES", 2)
    monkeypatch.setattr("parvis.search.index.sqlite._ENOUGH", 8)
    for number in range(60):
        text = "le contrat" if number % 2 else "le bail"
        await notes.write(
            ann, f"n{number}", f"{text} numéro {number}" + (" résilié" if number in (3, 9, 50) else "")
        )
    await finding.indexer.settle()
    found = await finding._engine.frequencies(store.db, ["contrat", "resilie", "absent"])
    assert found == {"contrat": 30, "resilie": 3}
    assert (await titles(finding, ann, "contrat résilié"))[0] in ("n3", "n9")


async def test_a_long_object_does_not_hide_the_others(notes: Notes, finding: Search, ann) -> None:
    await notes.write(ann, "long", "\n\n".join("contrat " * 130 for _ in range(40)))
    for number in range(3):
        await notes.write(
            ann, f"n{number}", f"Une note qui parle aussi du contrat et de bien autre chose, {number}"
        )
    await finding.indexer.settle()
    for mode in ("text", "hybrid"):
        found = await titles(finding, ann, "contrat", mode=mode, limit=4)
        assert (found[0], sorted(found)) == ("long", ["long", "n0", "n1", "n2"])
    assert sorted(await titles(finding, ann, "contrat", order="newest", limit=4)) == ["long", "n0", "n1", "n2"]
    assert await titles(finding, ann, "contrat", limit=4, per_object=0) == ["long"] * 4


async def test_how_rare_words_are_by_postgresqls_own_count(
    notes: Notes, finding: Search, ann, store, monkeypatch
) -> None:
    if store.db.dialect.name != "postgres":
        pytest.skip("SQLite has a way of its own")
    monkeypatch.setattr("parvis.search.index.postgres._LARGE", 10)
    for number in range(40):
        await notes.write(ann, f"n{number}", "le contrat" if number % 4 else "le bail", people=())
    await notes.write(ann, "last", "un avenant")
    await finding.indexer.settle()
    await store.db.script("ANALYZE search_text")
    assert (await finding._engine.measure(store.db))[0] == 41
    assert await finding._engine.frequencies(store.db, ["contrat", "avenant", "absent"]) == {
        "contrat": 30,
        "avenant": 1,
    }
    assert await titles(finding, ann, "contrat avenant", limit=1) == ["last"]


async def test_what_is_asked_about_is_learnt_first_then_the_newest(
    notes: Notes, finding: Search, ann, model
) -> None:
    for n in range(20):
        await notes.write(ann, f"Note {n}", f"The meeting number {n}.", time_ms=5_000 - n)
    await notes.write(ann, "Bail", "Le contrat de location est signé.", time_ms=1_000)
    await finding.indexer.vectors.open()
    await finding.indexer.take(await notes.store.outbox.after(*await notes.store.outbox.cursor("search")))
    hits = {hit.title: hit for hit in await finding.find(ann, "le contrat de location", 5)}
    assert hits["Bail"].meaning_score is not None
    assert await notes.store.db.rows("SELECT time_ms FROM search_passage WHERE embedded = 1") == [(1_000,)]
    told: list[str] = []
    embed = model.embed_passages

    async def heard(texts):
        told.extend(texts)
        return await embed(texts)

    model.embed_passages = heard
    assert await finding.is_learning()
    await finding.indexer.vectors.settle()
    assert not await finding.is_learning()
    assert [text.split(".")[0].rsplit(" ")[-1] for text in told] == [str(n) for n in range(20)]


async def test_words_answer_while_the_model_is_away(notes: Notes, finding: Search, ann, model) -> None:
    await notes.write(ann, "Bail", "Le contrat de location est signé.")
    await finding.indexer.vectors.open()
    await finding.indexer.take(await notes.store.outbox.after(*await notes.store.outbox.cursor("search")))
    model.down = True
    assert [hit.title for hit in await finding.find(ann, "contrat", 1)] == ["Bail"]
