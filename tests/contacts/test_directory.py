"""The organisation's directory: everybody reads it, nobody writes it, nobody has a copy."""

from parvis.access import accounts, directory
from parvis.contacts.directory import Directory
from parvis.kernel import ids
from parvis.store.store import Store
from tests.contacts.conftest import Client


async def told(store: Store, place: list) -> None:
    """Lets the directory hear what has happened."""
    events = await store.outbox.after(*place)
    if events:
        place[:] = [events[-1].xid, events[-1].position]
        await Directory(store, "en").follow(events)


async def account_of(store: Store) -> str:
    return ids.text(await store.db.value("SELECT account_id FROM contact_directory"))


async def names(who: Client, account: str) -> list[str]:
    found = await who("ContactCard/get", accountId=account, ids=None)
    return sorted(each["name"]["full"] for each in found["list"]) if "list" in found else []


async def test_everybody_is_in_it_and_reads_it(ann: Client, bob: Client, store: Store, person) -> None:
    place = [0, 0]
    await told(store, place)
    account = await account_of(store)
    assert await names(bob, account) == ["Ann", "Bob"]
    (book,) = (await bob.books(accountId=account)).values()
    assert (book["role"], book["isSubscribed"], book["name"]) == ("directory", True, "Directory")
    assert book["myRights"] == {"mayRead": True, "mayWrite": False, "mayShare": False, "mayDelete": False}
    (card,) = (await bob("ContactCard/get", accountId=account, ids=await bob.found(account=account, email="ann")))[
        "list"
    ]
    assert card["emails"]["e1"]["address"] == "ann@example.org" and card["kind"] == "individual"
    refused = await bob("ContactCard/set", accountId=account, destroy=[card["id"]])
    assert refused["error"] == "accountReadOnly"
    refused = await bob("AddressBook/set", accountId=account, destroy=[book["id"]], create={"x": {"name": "x"}})
    assert refused["notDestroyed"][book["id"]]["type"] == refused["notCreated"]["x"]["type"] == "forbidden"
    assert await store.db.value("SELECT COUNT(*) FROM share_notice") == 0
    huong = await person("huong")
    await told(store, place)
    assert await names(huong, account) == ["Ann", "Bob", "Huong"]


async def test_who_is_switched_off_is_not_in_it(ann: Client, bob: Client, store: Store) -> None:
    place = [0, 0]
    await told(store, place)
    account = await account_of(store)
    state = (await ann("ContactCard/get", accountId=account, ids=[]))["state"]
    await accounts.disable(store, bob.principal.id)
    await told(store, place)
    assert await names(ann, account) == ["Ann"]
    assert len((await ann("ContactCard/changes", accountId=account, sinceState=state))["destroyed"]) == 1
    await accounts.enable(store, bob.principal.id)
    await told(store, place)
    assert await names(ann, account) == ["Ann", "Bob"] == await names(bob, account)


async def test_a_store_of_before_gets_one(store: Store, room) -> None:
    number = await store.write(lambda unit: directory.create(unit, "person", "Old", "old@example.org"))
    assert room.start
    await room.start()
    await room.start()
    assert (
        await store.db.value("SELECT COUNT(*) FROM address_book WHERE account_id = ? AND is_default = 1", number)
        == 1
    )
    assert await store.db.value("SELECT COUNT(*) FROM contact_card WHERE principal_id = ?", number) == 1
    assert await store.db.value("SELECT COUNT(*) FROM contact_directory") == 1
