"""Cards that are there twice: found, made one, taken apart again."""

from parvis.contacts.duplicates import together
from parvis.store.store import Store
from tests.contacts.conftest import Client
from tests.contacts.test_cards import PNG, uploaded


async def alike(who: Client, **extra) -> list[tuple[set[str], list[str]]]:
    found = await who("ContactCard/duplicates", **extra)
    return [(set(each["cardIds"]), each["reasons"]) for each in found["list"]]


async def test_they_are_found(ann: Client) -> None:
    one = await ann.make(name={"full": "Hương Nguyễn"}, emails={"e": {"address": "huong@example.vn"}})
    two = await ann.make(
        name={"full": "H. N."},
        emails={"e": {"address": "HUONG@example.vn"}},
        phones={"p": {"number": "0901 234 567"}},
    )
    three = await ann.make(name={"full": "Chị Hương"}, phones={"p": {"number": "tel:+84-901-234-567"}})
    four = await ann.make(name={"full": "huong nguyen"})
    await ann.make(name={"full": "Somebody"}, phones={"p": {"number": "112"}})
    await ann.make(name={"full": "Anybody"}, phones={"p": {"number": "112"}})
    await ann.make(kind="group", name={"full": "Somebody"})
    assert await alike(ann) == [({one, two, three, four}, ["email", "name", "phone"])]
    assert await alike(ann, limit=1) != []


async def test_only_what_one_may_change(ann: Client, bob: Client) -> None:
    await ann.make(name={"full": "Twice"})
    await ann.make(name={"full": "twice"})
    book = await ann.book()
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True}}}})
    assert await alike(bob, accountId=ann.account) == []
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True, "mayWrite": True}}}})
    assert len(await alike(bob, accountId=ann.account)) == 1


async def test_they_become_one_and_are_taken_apart_again(ann: Client, store: Store) -> None:
    photo = await uploaded(store, ann, PNG)
    one = await ann.make(
        name={"full": "Ida"}, emails={"e": {"address": "ida@example.org", "pref": 1}}, keywords={"a": True}
    )
    two = await ann.make(
        name={"full": "Ida Berg"},
        emails={"e": {"address": "IDA@example.org"}, "f": {"address": "berg@example.org", "pref": 1}},
        keywords={"b": True},
        media={"m": {"kind": "photo", "blobId": photo}},
        notes={"n": {"note": "hello"}},
    )
    old = {number: await ann.card(number) for number in (one, two)}
    group = await ann.make(
        kind="group", name={"full": "All"}, members={old[two]["uid"]: True, "urn:uuid:else": True}
    )
    done = await ann("ContactCard/merge", cardIds=[one, two])
    assert done["cardId"] == one
    card = await ann.card(one)
    assert card["uid"] == old[one]["uid"] and card["name"] == {"full": "Ida"}
    assert card["emails"] == {"e": {"address": "ida@example.org", "pref": 1}, "f": {"address": "berg@example.org"}}
    assert card["keywords"] == {"a": True, "b": True} and card["notes"] == {"n": {"note": "hello"}}
    assert card["media"]["m"]["blobId"] == photo
    assert (await ann.card(group))["members"] == {"urn:uuid:else": True, old[one]["uid"]: True}
    assert (await ann("ContactCard/get", ids=[two]))["notFound"] == [two]
    back = await ann("ContactCard/unmerge", mergeId=done["mergeId"])
    assert set(back["cardIds"]) == {one, two, group}
    for number, before in old.items():
        assert await ann.card(number) == before
    assert (await ann.card(group))["members"] == {old[two]["uid"]: True, "urn:uuid:else": True}
    assert (await ann("ContactCard/unmerge", mergeId=done["mergeId"]))["error"] == "notFound"


async def test_what_cannot_be_undone(ann: Client) -> None:
    one, two = await ann.make(name={"full": "A"}), await ann.make(name={"full": "B"})
    done = await ann("ContactCard/merge", cardIds=[one, two])
    await ann("ContactCard/set", update={one: {"notes": {"n": {"note": "later"}}}})
    assert (await ann("ContactCard/unmerge", mergeId=done["mergeId"]))["error"] == "stateMismatch"
    for cards in ([one], [one, one], [one, "zz"]):
        assert "error" in await ann("ContactCard/merge", cardIds=cards)


async def test_others_may_not(ann: Client, bob: Client) -> None:
    one, two = await ann.make(name={"full": "A"}), await ann.make(name={"full": "B"})
    book = await ann.book()
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True}}}})
    refused = await bob("ContactCard/merge", accountId=ann.account, cardIds=[one, two])
    assert refused["error"] == "accountReadOnly"
    assert (await ann("ContactCard/get", ids=[one, two]))["notFound"] == []


def test_nothing_is_there_twice() -> None:
    card = {"uid": "1", "phones": {"p": {"number": "+33 6 12 34 56 78"}}, "vCardProps": [["x", {}, "unknown", "1"]]}
    other = {
        "uid": "2",
        "phones": {"p": {"number": "06.12.34.56.78"}, "q": {"number": "01"}},
        "vCardProps": [["x", {}, "unknown", "1"]],
    }
    assert together(card, other) == {**card, "phones": {**card["phones"], "q": {"number": "01"}}}
