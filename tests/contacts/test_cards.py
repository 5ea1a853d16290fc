"""Cards in JMAP: made, patched, moved, copied, found. RFC 9610 §3"""

import base64

import pytest

from parvis.kernel import clock
from parvis.serve.jmap.blobs import UPLOAD, UPLOAD_MS, blob_id, link
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from tests.contacts.conftest import Client

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
HUONG = {
    "name": {
        "full": "Nguyễn Thị Hương",
        "components": [
            {"kind": "surname", "value": "Nguyễn"},
            {"kind": "given2", "value": "Thị"},
            {"kind": "given", "value": "Hương"},
        ],
        "isOrdered": True,
    },
    "emails": {"e1": {"address": "huong@congty.example", "contexts": {"work": True}}},
    "phones": {"p1": {"number": "+84 90 123 45 67", "features": {"mobile": True}}},
    "organizations": {"o1": {"name": "Công ty Sao Mai", "units": [{"name": "Kế toán"}]}},
    "addresses": {"a1": {"components": [{"kind": "locality", "value": "Đà Nẵng"}]}},
    "notes": {"n1": {"note": "Gặp ở hội nghị"}},
    "vendor.example:x": {"y": 1},
}


async def uploaded(store: Store, who: Client, content: bytes, media_type: str = "image/png") -> str:
    digest = await store.blobs.put(content)
    end = clock.now_ms() + UPLOAD_MS
    number = who.principal.id
    await store.write(lambda unit: link(unit, digest, number, UPLOAD, number, len(content), media_type, end))
    return blob_id(digest)


async def test_a_card_is_kept_whole(ann: Client) -> None:
    number = await ann.make(**HUONG)
    card = await ann.card(number)
    assert {name: card[name] for name in HUONG} == HUONG
    assert card["uid"].startswith("urn:uuid:") and card["created"] == card["updated"]
    assert (card["@type"], card["version"]) == ("Card", "1.0")
    some = await ann("ContactCard/get", ids=[number], properties=["emails", "vendor.example:x"])
    assert some["list"] == [{"id": number, "emails": HUONG["emails"], "vendor.example:x": {"y": 1}}]


async def test_patches(ann: Client) -> None:
    number = await ann.make(**HUONG)
    state = (await ann("ContactCard/get", ids=[]))["state"]
    patch = {
        "emails/e2": {"address": "h@example.vn"},
        "phones/p1/pref": 1,
        "notes": None,
        "vendor.example:x/y": 2,
        "name/full": "Hương",
    }
    done = await ann("ContactCard/set", update={number: patch})
    assert set(done["updated"][number]) == {"updated"}
    card = await ann.card(number)
    assert card["emails"] == {**HUONG["emails"], "e2": {"address": "h@example.vn"}}
    assert card["phones"]["p1"] == {**HUONG["phones"]["p1"], "pref": 1}
    assert "notes" not in card and card["vendor.example:x"] == {"y": 2} and card["name"]["full"] == "Hương"
    changes = await ann("ContactCard/changes", sinceState=state)
    assert changes["updated"] == [number]
    assert await ann.found(email="h@example") == [number] and await ann.found(note="hoi") == []


async def test_what_is_refused(ann: Client) -> None:
    book = {await ann.book(): True}
    made = await ann(
        "ContactCard/set",
        create={
            "a": {"addressBookIds": book, "emails": {"e": {"address": "nowhere"}}},
            "b": {"addressBookIds": {}},
            "c": {"addressBookIds": {"zz": True}, "name": {"full": "x"}},
            "d": {"addressBookIds": book, "name": {}, "phones": {"p": {}}},
            "e": {"addressBookIds": book, "media": {"m": {"kind": "photo", "blobId": "bnothing"}}},
            "f": {"name": {"full": "x"}},
            "k": {"addressBookIds": book, "name": {"full": "x"}, "vendor.example:y": "x" * 90_000},
            "g": {"addressBookIds": book, "uid": "one", "name": {"full": "x"}},
            "v": {"addressBookIds": book, "version": "3.0", "name": {"full": "x"}},
        },
    )
    assert list(made["created"]) == ["g"]
    wrong = {key: each.get("properties") for key, each in made["notCreated"].items()}
    assert wrong["a"] == ["emails/e/address"]
    assert wrong["d"] == ["name", "phones/p/number"]
    assert wrong["v"] == ["version"]  # RFC 9553 §2.1.2
    assert made["notCreated"]["k"]["type"] == "invalidProperties"
    assert wrong["e"] == ["media"] and wrong["f"] == wrong["b"] == wrong["c"] == ["addressBookIds"]
    again = await ann(
        "ContactCard/set", create={"h": {"addressBookIds": book, "uid": "one", "name": {"full": "y"}}}
    )
    assert again["notCreated"]["h"]["type"] == "alreadyExists"
    number = made["created"]["g"]["id"]
    assert again["notCreated"]["h"]["existingId"] == number
    changed = await ann("ContactCard/set", update={number: {"uid": "two"}})
    assert changed["notUpdated"][number]["properties"] == ["uid"]
    changed = await ann("ContactCard/set", update={number: {"emails/x": {"address": "a@b.example"}}})
    assert changed["notUpdated"][number]["type"] == "invalidPatch"


async def test_photos_are_blobs(ann: Client, store: Store) -> None:
    photo = await uploaded(store, ann, PNG)
    number = await ann.make(name={"full": "Pat"}, media={"m": {"kind": "photo", "blobId": photo}})
    media = (await ann.card(number))["media"]
    assert media == {"m": {"kind": "photo", "blobId": photo, "mediaType": "image/png"}}
    await ann("ContactCard/set", update={number: {"name/full": "Pat Q"}})
    assert (await ann.card(number))["media"] == media
    looked = await ann("Blob/lookup", typeNames=["ContactCard"], ids=[photo])
    assert looked["list"] == [{"id": photo, "matchedIds": {"ContactCard": [number]}}]
    text = await uploaded(store, ann, b"not an image", "image/png")
    refused = await ann("ContactCard/set", update={number: {"media/m/blobId": text}})
    assert refused["notUpdated"][number]["type"] == "invalidProperties"
    assert (await ann("ContactCard/set", update={number: {"media": None}}))["updated"]
    assert "media" not in await ann.card(number)
    inline = "data:image/png;base64," + base64.b64encode(PNG).decode()
    done = await ann("ContactCard/set", update={number: {"media": {"m": {"kind": "photo", "uri": inline}}}})
    assert done["updated"][number]["media"] == media


async def test_a_card_moves_to_another_book(ann: Client, bob: Client) -> None:
    old = await ann.book()
    new = (await ann("AddressBook/set", create={"b": {"name": "New"}}))["created"]["b"]["id"]
    number = await ann.make(name={"full": "Ida"})
    assert (await ann("ContactCard/set", update={number: {"addressBookIds": {new: True}}}))["updated"]
    assert await ann.found(inAddressBook=new) == [number] and await ann.found(inAddressBook=old) == []
    both = await ann("ContactCard/set", update={number: {"addressBookIds": {new: True, old: True}}})
    assert both["notUpdated"][number]["properties"] == ["addressBookIds"]
    await ann("AddressBook/set", update={new: {"shareWith": {bob.account: {"mayRead": True}}}})
    mine = {await bob.book(): True}
    copied = await bob(
        "ContactCard/copy", fromAccountId=ann.account, create={"c": {"id": number, "addressBookIds": mine}}
    )
    copy = copied["created"]["c"]["id"]
    assert (await bob.card(copy))["uid"] == (await ann.card(number))["uid"]
    twice = await bob(
        "ContactCard/copy", fromAccountId=ann.account, create={"c": {"id": number, "addressBookIds": mine}}
    )
    assert twice["notCreated"]["c"] == {
        "type": "alreadyExists",
        "existingId": copy,
        "description": "a card with this uid is there",
    }
    hidden = await ann.make(name={"full": "Hidden"})
    refused = await bob(
        "ContactCard/copy", fromAccountId=ann.account, create={"c": {"id": hidden, "addressBookIds": mine}}
    )
    assert refused["notCreated"]["c"]["type"] == "notFound"


async def test_cards_are_found(ann: Client) -> None:
    await ann.make(**HUONG)
    await ann.make(name={"full": "Éloïse Lemoine"}, nicknames={"n": {"name": "Lo"}}, kind="individual")
    await ann.make(name={"full": "Chorale"}, kind="group", members={"urn:uuid:one": True, "two": True})
    for condition, names in (
        ({"text": "huong"}, ["Nguyễn Thị Hương"]),
        ({"text": "nguyen sao"}, ["Nguyễn Thị Hương"]),
        ({"text": "nguyen lemoine"}, []),
        ({"text": '"thi huong"'}, ["Nguyễn Thị Hương"]),
        ({"text": '"huong thi"'}, []),
        ({"name": "eloise"}, ["Éloïse Lemoine"]),
        ({"name/given": "huong"}, ["Nguyễn Thị Hương"]),
        ({"name/surname": "huong"}, []),
        ({"nickname": "lo"}, ["Éloïse Lemoine"]),
        ({"organization": "ke toan"}, ["Nguyễn Thị Hương"]),
        ({"email": "huong@congty"}, ["Nguyễn Thị Hương"]),
        ({"phone": "90 123"}, ["Nguyễn Thị Hương"]),
        ({"phone": "+84901234567"}, ["Nguyễn Thị Hương"]),
        ({"address": "da nang"}, ["Nguyễn Thị Hương"]),
        ({"note": "hoi nghi"}, ["Nguyễn Thị Hương"]),
        ({"kind": "group"}, ["Chorale"]),
        ({"hasMember": "one"}, ["Chorale"]),
        ({"hasMember": "urn:uuid:two"}, ["Chorale"]),
        ({"createdAfter": "2999-01-01T00:00:00Z"}, []),
        ({"updatedBefore": "2999-01-01T00:00:00Z", "kind": "group"}, ["Chorale"]),
        ({"operator": "NOT", "conditions": [{"text": "huong"}, {"kind": "group"}]}, ["Éloïse Lemoine"]),
        ({"text": "%"}, []),
    ):
        assert await ann.names(**condition) == names, condition
    assert (await ann("ContactCard/query", filter={"colour": "x"}))["error"] == "unsupportedFilter"
    assert (await ann("ContactCard/query", filter={"createdAfter": "soon"}))["error"] == "invalidArguments"


async def test_order_and_query_changes(ann: Client) -> None:
    book = {await ann.book(): True}
    made = await ann(
        "ContactCard/set",
        create={
            name: {
                "addressBookIds": book,
                "name": {"full": name, "components": [{"kind": "surname", "value": name}]},
            }
            for name in ("Zoé", "Éva", "adam")
        },
    )
    number = {name: each["id"] for name, each in made["created"].items()}
    asked = {"sort": [{"property": "name/surname"}]}
    got = await ann("ContactCard/query", **asked)
    assert got["ids"] == [number["adam"], number["Éva"], number["Zoé"]]
    await ann("ContactCard/set", destroy=[number["Éva"]])
    changed = await ann("ContactCard/queryChanges", sinceQueryState=got["queryState"], **asked)
    assert (changed["removed"], changed["added"]) == ([number["Éva"]], [])


@pytest.mark.parametrize("many", [1, 20])
async def test_query_budgets(ann: Client, many: int) -> None:
    book = {await ann.book(): True}
    cards = {str(at): {"addressBookIds": book, "name": {"full": f"Card {at}"}} for at in range(many)}
    with counting() as count:
        made = await ann("ContactCard/set", create=cards)
    assert len(count) <= 16 + 12 * many, count.statements
    numbers = [each["id"] for each in made["created"].values()]
    for call, arguments, most in (
        ("ContactCard/get", {"ids": numbers}, 5),
        ("ContactCard/query", {"filter": {"text": "card"}}, 4),
        ("ContactCard/changes", {"sinceState": "0"}, 3),
        ("AddressBook/get", {"ids": None}, 6),
        ("ContactCard/set", {"update": {numbers[0]: {"kind": "org"}}}, 32),
    ):
        with counting() as count:
            await ann(call, **arguments)
        assert len(count) <= most, (call, len(count), count.statements)


async def test_what_is_no_card_and_members_of_what_is_no_group(ann) -> None:
    """RFC 9553 §1.3.4, §2.1.6"""
    book = {await ann.book(): True}
    wrong = {
        "type": {"@type": "Event", "name": {"full": "x"}},
        "members": {"name": {"full": "x"}, "members": {"a": True}},
    }
    refused = await ann(
        "ContactCard/set", create={key: {"addressBookIds": book, **each} for key, each in wrong.items()}
    )
    assert refused["notCreated"]["type"]["properties"] == ["@type"]
    assert refused["notCreated"]["members"]["properties"] == ["members"]
