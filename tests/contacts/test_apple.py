"""Apple's Contacts as it asks: a new account, the book with all the properties it wants, cards and groups both ways,
and one's own card."""

import re
from xml.etree import ElementTree

import pytest

from tests.contacts.test_dav import open_peer  # noqa: F401 - a fixture
from tests.wire.vcard.samples import SAMPLES

NS = {
    "A": "DAV:",
    "B": "urn:ietf:params:xml:ns:carddav",
    "C": "http://calendarserver.org/ns/",
    "E": "http://me.com/_namespace/",
}
_AT_PRINCIPAL = (
    "B:addressbook-home-set B:directory-gateway A:displayname C:email-address-set A:principal-collection-set"
    " A:principal-URL A:resource-id A:supported-report-set"
)
_AT_HOME = (
    "A:add-member E:bulk-requests A:current-user-privilege-set A:displayname C:getctag B:max-image-size"
    " B:max-resource-size C:me-card A:owner C:push-transports C:pushkey A:quota-available-bytes A:quota-used-bytes"
    " A:resource-id A:resourcetype A:supported-report-set A:sync-token"
)


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def ann(open_peer):  # noqa: F811
    return await open_peer("ann")


def full(short: str) -> str:
    space, local = short.split(":")
    return f"{{{NS[space]}}}{local}"


def propfind(names: str) -> bytes:
    found = [each.split(":") for each in names.split()]
    inside = "".join(f'<{space}:{local} xmlns:{space}="{NS[space]}"/>' for space, local in found)
    return f'<?xml version="1.0"?><A:propfind xmlns:A="DAV:"><A:prop>{inside}</A:prop></A:propfind>'.encode()


async def asked(who, method: str, path: str, body: bytes, depth: str = "0"):
    """By href, the properties that are there."""
    answer = await who.ask(method, path, body, depth=depth, content_type="text/xml", brief="t")
    assert answer.status_code == 207, f"{method} {path}: {answer.status_code} {answer.text}"
    return {
        each.findtext("{DAV:}href"): {
            one.tag: one
            for stat in each.iterfind("{DAV:}propstat")
            if " 200 " in (stat.findtext("{DAV:}status") or "")
            for one in stat.find("{DAV:}prop")
        }
        for each in ElementTree.fromstring(answer.content).iterfind("{DAV:}response")
    }


async def test_a_new_account(ann) -> None:
    """RFC 6352 §6.2.3"""
    moved = await ann.ask("PROPFIND", "/.well-known/carddav", propfind("A:current-user-principal"), depth="0")
    ((_, root),) = (
        await asked(ann, "PROPFIND", moved.headers["location"], propfind("A:current-user-principal"))
    ).items()
    principal = root[full("A:current-user-principal")].findtext("{DAV:}href")
    able = await ann.ask("OPTIONS", principal)
    assert "addressbook" in {each.strip() for each in able.headers["dav"].split(",")}
    ((_, told),) = (await asked(ann, "PROPFIND", principal, propfind(_AT_PRINCIPAL))).items()
    assert told[full("B:addressbook-home-set")].findtext("{DAV:}href") == ann.home
    found = await asked(ann, "PROPFIND", ann.home, propfind(_AT_HOME), "1")
    book = found[ann.card()]
    assert full("B:addressbook") in {each.tag for each in book[full("A:resourcetype")]}
    reports = {each.tag for each in book[full("A:supported-report-set")].iter()}
    assert {full("A:sync-collection"), full("B:addressbook-multiget")} <= reports
    assert book[full("C:getctag")].text and book[full("A:sync-token")].text
    assert int(book[full("B:max-resource-size")].text) >= 100_000


async def test_cards_and_groups_both_ways(ann) -> None:
    """Cards come back as they were put, in the version that it knows, which it does not name."""
    sync = '<A:sync-collection xmlns:A="DAV:"><A:sync-token>{}</A:sync-token><A:sync-level>1</A:sync-level><A:prop><A:getetag/></A:prop></A:sync-collection>'
    first = await ann.ask("REPORT", ann.card(), sync.format("").encode(), depth="1")
    token = re.search(r"<D:sync-token>([^<]*)<", first.text)[1]
    made = {}
    for name in ("apple", "apple group"):
        path = ann.card(f"{name.replace(' ', '-')}.vcf")
        put = await ann.ask("PUT", path, SAMPLES[name], content_type="text/vcard; charset=utf-8", if_none_match="*")
        assert put.status_code == 201 and put.headers["etag"], put.text
        made[path] = SAMPLES[name]
    told = await ann.ask("REPORT", ann.card(), sync.format(token).encode(), depth="1")
    assert set(made) == set(re.findall(r"<D:href>([^<]*\.vcf)</D:href>", told.text))
    hrefs = "".join(f"<A:href>{each}</A:href>" for each in made)
    multiget = (
        f'<B:addressbook-multiget xmlns:B="{NS["B"]}" xmlns:A="DAV:"><A:prop><A:getetag/><B:address-data/></A:prop>'
        f"{hrefs}</B:addressbook-multiget>"
    )
    got = await asked(ann, "REPORT", ann.card(), multiget.encode())
    for path, sample in made.items():
        assert got[path][full("B:address-data")].text == sample.decode()
    path, sample = next(iter(made.items()))
    etag = got[path][full("A:getetag")].text
    changed = await ann.ask(
        "PUT",
        path,
        sample.replace(b"Directrice", b"Retired"),
        content_type="text/vcard; charset=utf-8",
        if_match=etag,
    )
    assert changed.status_code == 204 and changed.headers["etag"] != etag
    assert (await ann.ask("DELETE", path, if_match=etag)).status_code == 412
    assert (await ann.ask("DELETE", path, if_match=changed.headers["etag"])).status_code == 204


async def test_a_card_that_was_made_elsewhere_comes_in_version_three(ann) -> None:
    await ann.jmap.make(
        name={"full": "Hương Nguyễn"}, emails={"e": {"address": "huong@example.vn", "contexts": {"work": True}}}
    )
    found = await asked(ann, "PROPFIND", ann.card(), propfind("A:getetag A:getcontenttype"), "1")
    (path,) = [each for each in found if each.endswith(".vcf")]
    body = (
        f'<B:addressbook-multiget xmlns:B="{NS["B"]}" xmlns:A="DAV:"><A:prop><B:address-data/></A:prop>'
        f"<A:href>{path}</A:href></B:addressbook-multiget>"
    )
    data = (await asked(ann, "REPORT", ann.card(), body.encode()))[path][full("B:address-data")].text
    assert "VERSION:3.0" in data and "FN:Hương Nguyễn" in data and re.search(r"\r\nN:[^\r]*Hương", data)


async def test_ones_own_card_is_remembered(ann) -> None:
    """`Make this my card` sets a property on the home."""
    await ann.keep("me.vcf", SAMPLES["apple"])
    body = (
        f'<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop><C:me-card xmlns:C="{NS["C"]}"><A:href>{ann.card("me.vcf")}'
        "</A:href></C:me-card></A:prop></A:set></A:propertyupdate>"
    )
    answer = await ann.ask("PROPPATCH", ann.home, body.encode(), content_type="text/xml")
    assert answer.status_code == 207 and "200 OK" in answer.text, answer.text
    found = await asked(ann, "PROPFIND", ann.home, propfind(_AT_HOME), "1")
    assert found[ann.home][full("C:me-card")].findtext("{DAV:}href") == ann.card("me.vcf")
