"""Those to whom one writes."""

import msgspec
import pytest

from parvis.contacts import collected
from parvis.contacts.collected import Collector
from parvis.kernel.events import Event
from parvis.serve.post import WRITTEN
from parvis.store.store import Store
from tests.contacts.conftest import Client


async def writes(store: Store, who: Client, *people: tuple[str, str]) -> None:
    body = {"to": [list(each) for each in people]}
    event = Event(xid=0, position=1, account_id=who.principal.id, kind=WRITTEN, time_ms=0, body=body)
    await Collector(store).follow([event])


async def test_strangers_are_kept_once(ann: Client, bob: Client, store: Store) -> None:
    await ann.make(name={"full": "Known"}, emails={"e": {"address": "Known@Example.com"}})
    people = (
        ("Petra  Fjord", "petra@elsewhere.example"),
        ("", "PETRA@elsewhere.example"),
        ("Known", "known@example.com"),
        ("Me", "ann@example.org"),
        ("Bob", "bob@example.org"),
        ("odd", "not an address"),
        ("", "plain@elsewhere.example"),
    )
    await writes(store, ann, *people)
    await writes(store, ann, *people)
    book = (await ann.books())["Collected"]
    assert book["role"] == "collected" and not book["isDefault"]
    assert await ann.names(inAddressBook=book["id"]) == ["Petra Fjord", "plain@elsewhere.example"]
    assert "Collected" not in await bob.books()


async def test_it_can_be_switched_off(ann: Client, store: Store) -> None:
    body = msgspec.json.encode({"collectContacts": False}).decode()
    await store.write(
        lambda unit: unit.run("INSERT INTO preferences (account_id, body) VALUES (?, ?)", ann.principal.id, body)
    )
    await writes(store, ann, ("Petra", "petra@elsewhere.example"))
    assert "Collected" not in await ann.books()


async def test_a_card_that_is_made_takes_the_place(ann: Client, store: Store) -> None:
    await writes(store, ann, ("Petra", "petra@elsewhere.example"))
    (number,) = await ann.found(text="petra")
    uid = (await ann.card(number))["uid"]
    await ann.make(uid=uid, name={"full": "Petra Fjord"})
    assert await ann.names(text="petra") == ["Petra Fjord"]


async def test_there_is_an_end(ann: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "MOST", 2)
    for at in range(4):
        await writes(store, ann, (f"P{at}", f"p{at}@elsewhere.example"))
    assert await ann.names(text="elsewhere") == ["P2", "P3"]
