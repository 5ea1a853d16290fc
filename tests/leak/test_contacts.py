"""Cards, shared and withdrawn: no method, no request of WebDAV, no search, no answer and no tool shows what is no
longer visible. K7, A4"""

import json

import pytest

from parvis.app import App
from parvis.contacts.tools import ContactTools, FindContact
from parvis.kernel import ids
from tests.leak.test_leak import Person, app, asked, someone

NAME, MAIL, NOTE = "tangerinequokka", "bramblewhisper", "cobaltnarwhal"
SECRETS = (NAME, MAIL, NOTE)
CARD = {
    "name": {"full": f"Petra {NAME}"},
    "emails": {"e": {"address": f"{MAIL}@elsewhere.example"}},
    "notes": {"n": {"note": f"The meeting with {NOTE} is at nine."}},
    "media": {
        "m": {
            "kind": "photo",
            "uri": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        }
    },
}
__all__ = ["app"]


async def everything(app: App, who: Person, owner: Person, book: str, card: str, blobs: list[str]) -> str:
    """All that the server tells `who` when they ask for the owner's contacts in every way there is."""
    account, told = owner.account, []
    told.append(
        await who(
            ("AddressBook/get", {"accountId": account, "ids": [book]}),
            ("AddressBook/changes", {"accountId": account, "sinceState": "0"}),
            ("ContactCard/get", {"accountId": account, "ids": [card]}),
            ("ContactCard/get", {"accountId": account}),
            ("ContactCard/changes", {"accountId": account, "sinceState": "0"}),
            *(("ContactCard/query", {"accountId": account, "filter": {"text": word}}) for word in SECRETS),
            ("ContactCard/duplicates", {"accountId": account}),
            ("ContactCard/parse", {"accountId": account, "blobIds": blobs}),
            ("ContactCard/import", {"accountId": account, "blobId": blobs[-1]}),
            ("ContactCard/set", {"accountId": account, "update": {card: {"kind": "individual"}}}),
            ("Blob/get", {"accountId": account, "ids": blobs}),
            (
                "ContactCard/copy",
                {
                    "accountId": who.account,
                    "fromAccountId": account,
                    "create": {"c": {"id": card, "addressBookIds": {"x": True}}},
                },
            ),
        )
    )
    told.append(await who(*(("Search/query", {"accountId": who.account, "text": word}) for word in SECRETS)))
    told.append(await who(*(("Search/suggest", {"accountId": who.account, "text": word[:6]}) for word in SECRETS)))
    for blob in blobs:
        answer = await who.client.get(f"/jmap/download/{account}/{blob}/x?type=text/plain")
        told.append([answer.status_code, answer.text])
    told += await dav(who, owner)
    told.append(
        [await ContactTools(app.context.store).find(who.principal, FindContact(text=word)) for word in SECRETS]
    )
    told.append(await asked(who, {"task": "ask", "text": "What is the address of Petra, and when is the meeting?"}))
    told.append(
        await asked(
            who, {"task": "summarise", "about": [{"accountId": account, "kind": "ContactCard", "id": card}]}
        )
    )
    told.append((await who.client.get("/jmap/session")).json()["accounts"])
    return json.dumps(told)


async def dav(who: Person, owner: Person) -> list:
    """The same by CardDAV, by the owner's path and by that in one's own home."""
    head = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
    listing = f"<propfind {head}><prop><resourcetype/><displayname/><C:address-data/></prop></propfind>"
    query = f"<C:addressbook-query {head}><prop><C:address-data/></prop><C:filter/></C:addressbook-query>"
    sync = f"<sync-collection {head}><sync-token/><sync-level>1</sync-level><prop><getetag/><C:address-data/></prop></sync-collection>"
    told = []
    home = f"/dav/addressbooks/{who.account}/"
    for path in (f"/dav/addressbooks/{owner.account}/contacts/", f"{home}{owner.account}.contacts/"):
        hrefs = f"<href>{path}secret.vcf</href>"
        multiget = f"<C:addressbook-multiget {head}><prop><C:address-data/></prop>{hrefs}</C:addressbook-multiget>"
        for method, body in (("PROPFIND", listing), ("REPORT", query), ("REPORT", sync), ("REPORT", multiget)):
            told.append((await who.client.request(method, path, content=body, headers={"depth": "1"})).text)
        told.append((await who.client.get(path + "secret.vcf")).text)
    told.append((await who.client.request("PROPFIND", home, content=listing, headers={"depth": "1"})).text)
    return told


def leaked(told: str) -> list[str]:
    return [secret for secret in SECRETS if secret in told]


@pytest.mark.slow
async def test_a_book_that_is_withdrawn_is_gone_everywhere(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    books = (await ann(("AddressBook/get", {"accountId": ann.account})))[0][1]["list"]
    (book,) = [each for each in books if each["isDefault"]]
    card = {**CARD, "addressBookIds": {book["id"]: True}}
    made = await ann(("ContactCard/set", {"accountId": ann.account, "create": {"c": card}}))
    number = made[0][1]["created"]["c"]["id"]
    renamed = "UPDATE contact_card SET name = 'secret.vcf' WHERE id = ?"
    await app.context.store.write(lambda unit: unit.run(renamed, ids.parse(number)))
    got = await ann(("ContactCard/get", {"accountId": ann.account, "ids": [number]}))
    blobs = [got[0][1]["list"][0]["media"]["m"]["blobId"], book["fileBlobId"]]
    place = book["id"], number, blobs
    await app._search.indexer.settle()

    assert leaked(await everything(app, ann, ann, *place)) == list(SECRETS)
    before = await everything(app, bob, ann, *place)
    assert leaked(before) == [] and ann.account not in before.replace(f'"accountId": "{ann.account}"', "")

    for rights in ({"mayRead": True}, {"mayRead": True, "mayWrite": True}):
        share = {"update": {book["id"]: {"shareWith": {bob.account: rights}}}}
        assert (await ann(("AddressBook/set", {"accountId": ann.account, **share})))[0][1]["updated"]
        assert leaked(await everything(app, bob, ann, *place)) == list(SECRETS)
        share = {"update": {book["id"]: {"shareWith": None}}}
        assert (await ann(("AddressBook/set", {"accountId": ann.account, **share})))[0][1]["updated"]
        turns = await bob(("AssistantTurn/query", {"accountId": bob.account}))
        await bob(("AssistantTurn/set", {"accountId": bob.account, "destroy": turns[0][1]["ids"]}))
        await app._search.indexer.settle()
        assert leaked(await everything(app, bob, ann, *place)) == []
