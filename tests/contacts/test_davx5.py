"""DAVx5 with contacts: an account is found, synchronised, changed both ways. See tests.serve.dav.davx5"""

import pytest

from tests.contacts.test_dav import open_peer  # noqa: F401
from tests.serve.dav.davx5 import NAMES, Davx5
from tests.wire.vcard.samples import SAMPLES

KIND = "CARD"


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def ann(open_peer):  # noqa: F811
    return await open_peer("ann")


@pytest.fixture
def phone(ann) -> Davx5:
    return Davx5(ann)


def card(uid: str, *more: str) -> str:
    lines = ("BEGIN:VCARD", "VERSION:4.0", f"UID:{uid}", "FN:Éloïse", "N:;Éloïse;;;", *more, "END:VCARD", "")
    return "\r\n".join(lines)


async def book_of(phone: Davx5):
    return next(each for each in await phone.find("carddav") if each.url.endswith("/contacts/"))


async def test_an_account_is_found_from_an_address_without_a_path(ann, phone) -> None:
    found = await book_of(phone)
    assert found.url == f"{str(ann.base_url).rstrip('/')}{ann.card()}"
    assert found.title and found.writes and found.unbinds and found.owner.endswith(f"/{ann.account}/")


async def test_cards_come_in_the_version_that_is_asked_for(ann, phone) -> None:
    """It is told that version 4.0 is understood, and asks for it whatever a card was kept as. RFC 6352 §6.2.2"""
    assert (await ann.keep("group.vcf", SAMPLES["apple group"])).status_code == 201
    for name in ("apple", "google", "evolution", "thunderbird", "davx5", "rich"):
        assert (await ann.keep(f"{name}.vcf", SAMPLES[name])).status_code == 201
    book = await book_of(phone)
    (able,) = await phone.propfind(book.url, "CARD:supported-address-data")
    types = [(each.get("content-type"), each.get("version")) for each in able.inside("CARD:supported-address-data")]
    assert ("text/vcard", "4.0") in types
    await phone.synchronise(book, KIND)
    assert len(book.entries) == 7
    group = book.entries["group.vcf"].data
    assert "KIND:group" in group and group.count("MEMBER:urn:uuid:") == 2
    for each in book.entries.values():
        assert "VERSION:4.0\r\n" in each.data and "VERSION:3.0" not in each.data
    photo = next(line for line in book.entries["apple.vcf"].data.split("\r\n") if line.startswith("PHOTO"))
    assert photo.startswith("PHOTO:data:image/jpeg;base64,/9j/"), "ez-vcard reads a data: address of 4.0"
    before = {name: each.etag for name, each in book.entries.items()}
    await phone.synchronise(book, KIND)
    assert {name: each.etag for name, each in book.entries.items()} == before


async def test_changes_go_both_ways(ann, phone) -> None:
    await ann.keep("here.vcf", card("here").encode())
    book = await book_of(phone)
    await phone.synchronise(book, KIND)
    assert await phone.create(book, "there.vcf", card("there", "CATEGORIES:Amis"), KIND) == 201
    assert book.entries["there.vcf"].etag
    assert await phone.update(book, "here.vcf", card("here", "TEL:+33612345678"), KIND) == 204
    assert b"+33612345678" in (await ann.get(ann.card("here.vcf"))).content
    changed = await ann.jmap("ContactCard/query", filter={"uid": "there"})
    await ann.jmap("ContactCard/set", update={changed["ids"][0]: {"name/full": "Éloïse Lemoine"}})
    await phone.synchronise(book, KIND)
    assert "Lemoine" in book.entries["there.vcf"].data and "Amis" in book.entries["there.vcf"].data
    await ann.keep("here.vcf", card("here", "NOTE:x").encode())
    assert await phone.update(book, "here.vcf", card("here", "NOTE:y"), KIND) == 412
    assert await phone.delete(book, "here.vcf") == 412
    await phone.synchronise(book, KIND)
    assert await phone.delete(book, "here.vcf") == 204
    await ann.delete(ann.card("there.vcf"))
    await phone.synchronise(book, KIND)
    assert book.entries == {}


async def test_a_group_of_cards_comes_and_goes(ann, phone) -> None:
    """Groups as cards of their own: KIND and MEMBER of 4.0."""
    book = await book_of(phone)
    await phone.synchronise(book, KIND)
    for uid in ("5b1c0c6e-0000-4d2b-9f0a-000000000001", "5b1c0c6e-0000-4d2b-9f0a-000000000002"):
        assert await phone.create(book, f"{uid}.vcf", card(uid), KIND) == 201
    group = card("g", "KIND:group", "MEMBER:urn:uuid:5b1c0c6e-0000-4d2b-9f0a-000000000001")
    assert await phone.create(book, "g.vcf", group, KIND) == 201
    other = Davx5(ann)
    again = await book_of(other)
    await other.synchronise(again, KIND)
    told = again.entries["g.vcf"].data
    assert "KIND:group" in told and "MEMBER:urn:uuid:5b1c0c6e-0000-4d2b-9f0a-000000000001" in told


async def test_a_book_is_made_and_deleted_there(ann, phone) -> None:
    await book_of(phone)
    url = f"{phone.homes[0]}5d9e6f6c-6f0f-4a7b-9a2f-0d8f1f2b3c4d/"
    body = (
        '<?xml version="1.0" encoding="UTF-8" ?>'
        f'<mkcol xmlns="DAV:" xmlns:CAL="{NAMES["CAL"]}" xmlns:CARD="{NAMES["CARD"]}"><set><prop>'
        "<resourcetype><collection /><CARD:addressbook /></resourcetype><displayname>Équipe</displayname>"
        "<CARD:addressbook-description>À nous</CARD:addressbook-description></prop></set></mkcol>"
    )
    made = await ann.ask("MKCOL", url, body.encode(), content_type="application/xml; charset=utf-8")
    assert made.status_code == 201, made.text
    assert "Équipe" in [each.title for each in await phone.find("carddav") if each.url == url]
    assert (await ann.delete(url)).status_code == 204
    assert url not in [each.url for each in await phone.find("carddav")]
