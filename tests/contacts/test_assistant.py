"""Contacts as the assistant sees them: what can be cited, what can be done, under whose rights."""

import msgspec
import pytest

from parvis.contacts.source import ContactSource
from parvis.contacts.tools import ChangeContact, ContactTools, CreateContact, FindContact
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.store import Store
from parvis.wire.jscontact import BadCard
from tests.contacts.conftest import Client
from tests.contacts.test_cards import HUONG


async def test_a_card_is_an_item(ann: Client, store: Store) -> None:
    number = ids.parse(await ann.make(**HUONG))
    source = ContactSource(store)
    item = await source.item(ann.principal.id, number)
    assert item is not None
    assert (item.title, item.origin, item.people) == (
        "Nguyễn Thị Hương",
        "own",
        ("Nguyễn Thị Hương <huong@congty.example>",),
    )
    assert ids.text(item.scope_id) == await ann.book()
    text = (await item.documents[0].load()).decode()
    assert "Công ty Sao Mai, Kế toán" in text and "Đà Nẵng" in text and "+84 90 123 45 67" in text
    assert [each async for each in source.every(ann.principal.id)] == [number]
    assert await source.item(ann.principal.id, 1) is None


async def test_people_are_found_made_and_changed(ann: Client, bob: Client, store: Store) -> None:
    tools = ContactTools(store)
    assert [(each.name, each.effect) for each in tools.all()] == [
        ("contacts.find", "read"),
        ("contacts.create", "change"),
        ("contacts.change", "change"),
    ]
    given = msgspec.convert(
        {"accountId": ann.account, "name": "Petra Fjord", "emails": ["petra@elsewhere.example"], "note": "Oslo"},
        CreateContact,
    )
    number = (await tools.create(ann.principal, given))["cardId"]
    (found,) = await tools.find(ann.principal, FindContact(text="fjord"))
    assert found["cardId"] == number and "petra@elsewhere.example" in found["text"]
    assert await tools.find(bob.principal, FindContact(text="fjord")) == []
    change = ChangeContact(
        account_id=ann.account, card_id=number, add_phones=["+47 1"], add_emails=["PETRA@elsewhere.example"]
    )
    await tools.change(ann.principal, change)
    card = await ann.card(number)
    assert [each["number"] for each in card["phones"].values()] == ["+47 1"]
    assert len(card["emails"]) == 1
    with pytest.raises(NotFound):
        await tools.change(bob.principal, change)
    with pytest.raises(BadCard):
        await tools.create(ann.principal, CreateContact(account_id=ann.account, name="X", emails=["nowhere"]))
    book = await ann.book()
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True}}}})
    assert len(await tools.find(bob.principal, FindContact(text="fjord"))) == 1
    with pytest.raises(Forbidden):
        await tools.change(bob.principal, change)
    with pytest.raises((NotFound, Forbidden)):
        await tools.create(bob.principal, CreateContact(account_id=ann.account, name="X"))
