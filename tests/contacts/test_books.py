"""Address books in JMAP. RFC 9610 §2"""

from parvis.contacts.model import CONTACTS
from parvis.serve.jmap.session import session
from tests.contacts.conftest import Client


async def test_everybody_begins_with_a_book(ann: Client, person) -> None:
    (book,) = [each for each in (await ann.books()).values() if not each["role"]]
    assert (book["name"], book["isDefault"], book["isSubscribed"], book["shareWith"]) == (
        "Contacts",
        True,
        True,
        None,
    )
    assert book["myRights"] == {"mayRead": True, "mayWrite": True, "mayShare": True, "mayDelete": True}
    huong = await person("huong", language="vi")
    assert "Danh bạ" in await huong.books()


async def test_books_are_made_changed_and_destroyed(ann: Client) -> None:
    made = await ann("AddressBook/set", create={"b": {"name": "  Chorale ", "sortOrder": 3}})
    number = made["created"]["b"]["id"]
    assert (await ann.books())["Chorale"]["sortOrder"] == 3
    state = (await ann("AddressBook/get", ids=[]))["state"]
    changed = await ann("AddressBook/set", update={number: {"name": "Choir", "description": "Mondays"}})
    assert number in changed["updated"]
    assert (await ann("AddressBook/changes", sinceState=state))["updated"] == [number]
    await ann.make(addressBookIds={number: True}, name={"full": "Ida"})
    refused = await ann("AddressBook/set", destroy=[number])
    assert refused["notDestroyed"][number]["type"] == "addressBookHasContents"
    gone = await ann("AddressBook/set", destroy=[number], onDestroyRemoveContents=True)
    assert gone["destroyed"] == [number]
    assert await ann.found(text="Ida") == []


async def test_the_default_is_another_when_that_is_asked_for(ann: Client) -> None:
    old = await ann.book()
    made = await ann("AddressBook/set", create={"b": {"name": "New"}}, onSuccessSetIsDefault="#b")
    new = made["created"]["b"]["id"]
    assert made["created"]["b"]["isDefault"] is True
    assert made["updated"] == {old: {"isDefault": False}}
    assert await ann.book() == new
    again = await ann("AddressBook/set", onSuccessSetIsDefault=old)
    assert again["updated"] == {old: {"isDefault": True}, new: {"isDefault": False}}
    assert again["newState"] == (await ann("AddressBook/get", ids=[]))["state"] != again["oldState"]
    refused = await ann("AddressBook/set", destroy=[old])
    assert refused["notDestroyed"][old]["properties"] == ["isDefault"]
    ignored = await ann("AddressBook/set", onSuccessSetIsDefault="nothing")
    assert ignored["updated"] is None


async def test_what_is_refused(ann: Client) -> None:
    made = await ann(
        "AddressBook/set",
        create={"a": {"name": ""}, "b": {"name": "ế" * 200}, "c": {"name": "x", "isDefault": True}},
    )
    assert {key: error["type"] for key, error in made["notCreated"].items()} == dict.fromkeys(
        "abc", "invalidProperties"
    )


async def test_what_a_session_says_of_contacts(ann: Client, bob: Client, context, engine) -> None:
    """RFC 9610 §1.4.1"""

    async def said() -> dict:
        told = await session(context, engine, bob.principal, "http://x")
        return {name: each["accountCapabilities"].get(CONTACTS) for name, each in told["accounts"].items()}

    assert (await said())[bob.account] == {"maxAddressBooksPerCard": 1, "mayCreateAddressBook": True}
    assert ann.account not in await said()
    await ann("AddressBook/set", update={await ann.book(): {"shareWith": {bob.account: {"mayRead": True}}}})
    assert (await said())[ann.account] == {"maxAddressBooksPerCard": 1, "mayCreateAddressBook": False}


async def test_a_shared_book(ann: Client, bob: Client) -> None:
    """RFC 9610 §6"""
    number = await ann.book()
    card = await ann.make(name={"full": "Petra Fjord"})
    assert (await bob("ContactCard/get", accountId=ann.account, ids=[card]))["error"] == "accountNotFound"
    read = {"mayRead": True, "mayWrite": False, "mayShare": False, "mayDelete": False}
    await ann("AddressBook/set", update={number: {"shareWith": {bob.account: read}}})
    (seen,) = (await bob.books(accountId=ann.account)).values()
    assert (seen["myRights"], seen["isSubscribed"], seen["shareWith"]) == (read, False, None)
    assert await bob.found(account=ann.account, text="petra") == [card]
    for refused in (
        await bob("ContactCard/set", accountId=ann.account, update={card: {"kind": "org"}}),
        await bob("ContactCard/set", accountId=ann.account, destroy=[card]),
    ):
        assert refused["error"] == "accountReadOnly"
    await bob("AddressBook/set", accountId=ann.account, update={number: {"isSubscribed": True}})
    assert (await bob.books(accountId=ann.account))["Contacts"]["isSubscribed"]
    assert (await ann("AddressBook/set", update={number: {f"shareWith/{bob.account}/mayWrite": True}}))["updated"]
    assert (await bob("ContactCard/set", accountId=ann.account, update={card: {"kind": "org"}}))["updated"]
    every = dict.fromkeys(read, True)
    await ann("AddressBook/set", update={number: {"shareWith": {bob.account: every}}})
    made = await bob(
        "AddressBook/set", accountId=ann.account, create={"x": {"name": "Mine"}}, onSuccessSetIsDefault=number
    )
    assert made["notCreated"]["x"]["type"] == "forbidden"
    await ann("AddressBook/set", update={number: {"shareWith": None}})
    assert (await bob("ContactCard/get", accountId=ann.account, ids=[card]))["error"] == "accountNotFound"
