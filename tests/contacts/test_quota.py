"""Books have an end, and are counted right whatever happens to their cards."""

import pytest

from parvis.contacts import cards
from parvis.store.store import Store
from tests.contacts.conftest import Client


async def counted(store: Store) -> None:
    rows = await store.db.rows(
        """SELECT b.cards, b.bytes, COUNT(c.id), COALESCE(SUM(c.size), 0) FROM address_book b
        LEFT JOIN contact_card c ON c.book_id = b.id GROUP BY b.id, b.cards, b.bytes"""
    )
    assert all((row[0], row[1]) == (row[2], row[3]) for row in rows), rows


async def test_books_are_counted(ann: Client, store: Store) -> None:
    one, two = await ann.make(name={"full": "A"}), await ann.make(name={"full": "B"})
    other = (await ann("AddressBook/set", create={"b": {"name": "Other"}}))["created"]["b"]["id"]
    await counted(store)
    await ann(
        "ContactCard/set", update={one: {"addressBookIds": {other: True}, "notes": {"n": {"note": "longer"}}}}
    )
    await counted(store)
    merged = await ann("ContactCard/merge", cardIds=[two, one])
    await counted(store)
    await ann("ContactCard/unmerge", mergeId=merged["mergeId"])
    await counted(store)
    await ann("ContactCard/set", destroy=[one, two])
    await counted(store)


async def test_a_full_book(ann: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MOST_CARDS", 2)
    book = {await ann.book(): True}
    made = await ann(
        "ContactCard/set", create={key: {"addressBookIds": book, "name": {"full": key}} for key in "abc"}
    )
    assert len(made["created"]) == 2
    assert [each["type"] for each in made["notCreated"].values()] == ["overQuota"]
    monkeypatch.setattr(cards, "MOST_BYTES", 1000)
    (number, *_) = [each["id"] for each in made["created"].values()]
    grown = await ann("ContactCard/set", update={number: {"notes": {"n": {"note": "x" * 2000}}}})
    assert grown["notUpdated"][number]["type"] == "overQuota"
    await counted(store)
