"""A space has contacts too: its members read and change them by their role."""

from parvis.access import directory
from parvis.contacts.model import CONTACTS
from parvis.kernel import ids
from parvis.serve.jmap.session import session
from parvis.serve.newcomers import Newcomers
from parvis.store.store import Store
from tests.contacts.conftest import Client


async def test_the_contacts_of_a_space(ann: Client, bob: Client, person, store: Store, context, engine) -> None:
    async def work(unit) -> int:
        number = await context.need(Newcomers).create(unit, "space", "Choir", "choir@example.org", language="fr")
        for who, role in ((ann, "manager"), (bob, "member")):
            await directory.join(unit, number, who.principal.id, role)
        return number

    account = ids.text(await store.write(work))
    (book,) = (await bob.books(accountId=account)).values()
    assert book["isDefault"] and book["myRights"]["mayWrite"] and not book["myRights"]["mayShare"]
    made = await bob(
        "ContactCard/set",
        accountId=account,
        create={"c": {"addressBookIds": {book["id"]: True}, "name": {"full": "Ida"}}},
    )
    number = made["created"]["c"]["id"]
    assert await ann.found(account=account, text="ida") == [number]
    assert "error" in await (await person("eve"))("ContactCard/get", accountId=account, ids=[number])
    refused = await bob("AddressBook/set", accountId=account, create={"b": {"name": "Mine"}})
    assert refused["notCreated"]["b"]["type"] == "forbidden"
    for who, may in ((ann, True), (bob, False)):
        told = (await session(context, engine, who.principal, "http://x"))["accounts"][account]
        assert told["accountCapabilities"][CONTACTS]["mayCreateAddressBook"] is may
    assert (await ann("AddressBook/set", accountId=account, create={"b": {"name": "Ours"}}))["created"]
