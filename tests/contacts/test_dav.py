"""CardDAV by real requests. RFC 6352, RFC 6578"""

import re

import httpx
import pytest

from parvis.access import passwords
from parvis.kernel import ids
from parvis.ops import people
from parvis.serve.doors import Doors
from parvis.serve.jmap.core import feature as core
from parvis.serve.newcomers import Newcomers
from tests.contacts.conftest import Client
from tests.serve.dav.test_budgets import handled
from tests.wire.vcard.samples import SAMPLES

SECRET = "a long enough pass phrase"
DAV, CARD = 'xmlns="DAV:"', 'xmlns:C="urn:ietf:params:xml:ns:carddav"'


class Peer(httpx.AsyncClient):
    """Somebody with a client of CardDAV; `card("a.vcf")` is a path in the default book."""

    def __init__(self, url: str, person, engine) -> None:
        super().__init__(base_url=url, auth=(person.address, SECRET), trust_env=False, timeout=30)
        self.person, self.account = person, ids.text(person.id)
        self.home = f"/dav/addressbooks/{self.account}/"
        self.jmap = Client(engine, person)

    def card(self, name: str = "", book: str = "contacts") -> str:
        return f"{self.home}{book}/{name}"

    async def ask(self, method: str, path: str, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, path, content=body, headers=named)

    async def keep(self, name: str, sample: bytes, **headers):
        return await self.ask("PUT", self.card(name), sample, content_type="text/vcard", **headers)

    async def query(
        self, inside: str, data: str = "<C:address-data/>", path: str = "", root: str = "addressbook-query"
    ):
        body = f"<C:{root} {DAV} {CARD}><prop><getetag/>{data}</prop>{inside}</C:{root}>"
        return await self.ask("REPORT", path or self.card(), body, depth="1")

    async def sync(self, token: str = ""):
        body = f"<sync-collection {DAV}><sync-token>{token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
        answer = await self.ask("REPORT", self.card(), body)
        assert answer.status_code == 207, answer.text
        gone = set(re.findall(r"<D:href>([^<]*)</D:href><D:status>HTTP/1.1 404", answer.text))
        there = set(re.findall(r"<D:href>([^<]*)</D:href><D:propstat>", answer.text))
        return there, gone, re.search(r"<D:sync-token>([^<]*)<", answer.text)[1]


@pytest.fixture
async def open_peer(context, room, engine, settings, tmp_path):
    settings.ports.http = 0
    doors = Doors(context, [core(context), room], tmp_path / "web")
    await doors.start()
    made = []

    async def open_(name: str) -> Peer:
        features = context.need(Newcomers).features
        person = await people.create(context.store, features, "person", name.title(), f"{name}@example.org")
        await passwords.change(context.store, person.id, SECRET)
        made.append(Peer(context.public_url, person, engine))
        made[-1].doors = doors
        return made[-1]

    yield open_
    for peer in made:
        await peer.aclose()
    await doors.stop()


@pytest.fixture
async def ann(open_peer):
    return await open_peer("ann")


@pytest.fixture
async def bob(open_peer):
    return await open_peer("bob")


async def test_a_card_is_kept_byte_for_byte(ann) -> None:
    """RFC 6352 §5.1, §6.3.2, §6.3.2.2"""
    for name in ("apple", "google", "evolution", "thunderbird", "davx5", "rich"):
        put = await ann.keep(f"{name}.vcf", SAMPLES[name])
        assert put.status_code == 201, put.text
        assert ("etag" in put.headers) == (name != "google")
        got = await ann.get(ann.card(f"{name}.vcf"))
        assert got.headers["content-type"] == "text/vcard; charset=utf-8"
        if name == "google":
            assert got.content == SAMPLES[name].replace(
                b"END:", b"UID:" + re.search(rb"UID:(.*)\r", got.content)[1] + b"\r\nEND:"
            )
        else:
            assert (got.content, got.headers["etag"]) == (SAMPLES[name], put.headers["etag"])
    found = await ann.jmap.names(text="lemoine")
    assert found == ["Dr. Éloïse Marie Lemoine"]


async def test_conditions(ann) -> None:
    """RFC 6352 §6.3.2.3, §9.2"""
    assert (await ann.keep("a.vcf", SAMPLES["davx5"], if_none_match="*")).status_code == 201
    assert (await ann.keep("a.vcf", SAMPLES["davx5"], if_none_match="*")).status_code == 412
    etag = (await ann.get(ann.card("a.vcf"))).headers["etag"]
    changed = SAMPLES["davx5"].replace("Zoë van Dijk".encode(), b"Zoe")
    assert (await ann.keep("a.vcf", changed, if_match='"x"')).status_code == 412
    assert (await ann.keep("a.vcf", changed, if_match=etag)).status_code == 204
    assert (await ann.ask("DELETE", ann.card("a.vcf"), if_match=etag)).status_code == 412
    assert (await ann.ask("DELETE", ann.card("a.vcf"))).status_code == 204
    assert (await ann.get(ann.card("a.vcf"))).status_code == 404


@pytest.mark.parametrize(
    ("content", "media", "condition"),
    [
        (b"hello", "text/vcard", "valid-address-data"),
        (SAMPLES["davx5"].decode().encode("latin-1", "replace"), "text/vcard", "valid-address-data"),
        (b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:1\r\nEND:VCARD\r\n", "text/vcard", "valid-address-data"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/vcard", "valid-address-data"),
        (SAMPLES["apple"] + SAMPLES["davx5"], "text/vcard", "valid-address-data"),
        (SAMPLES["apple"], "text/calendar", "supported-address-data"),
    ],
)
async def test_what_is_no_card_is_refused_by_name(ann, content, media, condition) -> None:
    """RFC 6352 §6.3.2.1"""
    refused = await ann.ask("PUT", ann.card("x.vcf"), content, content_type=media)
    assert refused.status_code == 403
    assert f"<C:{condition}" in refused.text or f"{condition}/>" in refused.text, refused.text
    assert (await ann.get(ann.card("x.vcf"))).status_code == 404


async def test_a_card_keeps_its_uid(ann) -> None:
    await ann.keep("a.vcf", SAMPLES["apple"])
    other = SAMPLES["apple"].replace(b"UID:5B1C0C6E", b"UID:5B1C0C6F")
    refused = await ann.keep("a.vcf", other)
    assert refused.status_code == 409 and "no-uid-conflict" in refused.text
    assert (await ann.get(ann.card("a.vcf"))).content == SAMPLES["apple"]
    made = (await ann.keep("g.vcf", SAMPLES["google"])).headers
    uid = re.search(rb"UID:.*", (await ann.get(ann.card("g.vcf"))).content)[0]
    assert "etag" not in made
    again = await ann.keep("g.vcf", SAMPLES["google"].replace(b"Hu", b"hu"))
    assert again.status_code == 204 and uid in (await ann.get(ann.card("g.vcf"))).content


async def test_a_uid_is_there_once(ann) -> None:
    await ann.keep("a.vcf", SAMPLES["davx5"])
    refused = await ann.keep("b.vcf", SAMPLES["davx5"])
    assert refused.status_code == 409
    assert "no-uid-conflict" in refused.text and f"<D:href>{ann.card('a.vcf')}</D:href>" in refused.text


async def test_versions_by_accept_and_by_report(ann) -> None:
    """RFC 6352 §5.1.1"""
    await ann.keep("a.vcf", SAMPLES["davx5"])
    three = await ann.get(ann.card("a.vcf"), headers={"accept": "text/vcard; version=3.0"})
    assert b"VERSION:3.0\r\n" in three.content and b"ENCODING=b" in three.content
    assert three.headers["etag"] != (await ann.get(ann.card("a.vcf"))).headers["etag"]
    asked = '<C:address-data content-type="text/vcard" version="3.0"/>'
    found = await ann.query(f"<href>{ann.card('a.vcf')}</href>", asked, root="addressbook-multiget")
    assert "VERSION:3.0" in found.text
    wrong = await ann.query(
        f"<href>{ann.card('a.vcf')}</href>", asked.replace("3.0", "9"), root="addressbook-multiget"
    )
    assert "supported-address-data" in wrong.text


async def test_queries(ann) -> None:
    for name in ("apple", "google", "evolution", "thunderbird", "davx5"):
        await ann.keep(f"{name}.vcf", SAMPLES[name])

    async def names(inside: str) -> list[str]:
        found = await ann.query(f"<C:filter>{inside}</C:filter>")
        assert found.status_code == 207, found.text
        return sorted(re.findall(r"/contacts/(\w+)\.vcf<", found.text))

    match = '<C:prop-filter name="{0}"><C:text-match match-type="{2}">{1}</C:text-match></C:prop-filter>'
    assert await names(match.format("FN", "ÉLOÏSE", "contains")) == ["apple"]
    assert await names(match.format("FN", "loïs", "contains")) == ["apple"]
    assert await names(match.format("FN", "Ana", "starts-with")) == ["evolution"]
    assert await names(match.format("EMAIL", "example.org", "ends-with")) == ["thunderbird"]
    assert await names(match.format("TEL", "+34", "starts-with")) == ["evolution"]
    assert await names('<C:prop-filter name="GENDER"/>') == ["davx5"]
    assert await names('<C:prop-filter name="NICKNAME"><C:is-not-defined/></C:prop-filter>') == [
        "davx5",
        "evolution",
        "google",
    ]
    some = await ann.query(
        f"<C:filter>{match.format('FN', 'Tom', 'contains')}</C:filter>",
        '<C:address-data><C:prop name="EMAIL"/></C:address-data>',
    )
    assert "EMAIL;TYPE=INTERNET,pref:tom@example.org" in some.text and "BDAY" not in some.text


async def test_what_changed_is_told(ann) -> None:
    there, gone, token = await ann.sync()
    assert (there, gone) == (set(), set())
    await ann.keep("a.vcf", SAMPLES["apple"])
    await ann.keep("b.vcf", SAMPLES["davx5"])
    there, gone, token = await ann.sync(token)
    assert (there, gone) == ({ann.card("a.vcf"), ann.card("b.vcf")}, set())
    made = await ann.jmap("AddressBook/set", create={"n": {"name": "New"}})
    number = (await ann.jmap.found(text="lemoine"))[0]
    await ann.jmap("ContactCard/set", update={number: {"addressBookIds": {made["created"]["n"]["id"]: True}}})
    there, gone, token = await ann.sync(token)
    assert (there, gone) == (set(), {ann.card("a.vcf")})
    other = (await ann.jmap.found(text="dijk"))[0]
    await ann.jmap("ContactCard/set", update={other: {"notes": {"n": {"note": "x"}}}})
    there, gone, token = await ann.sync(token)
    assert (there, gone) == ({ann.card("b.vcf")}, set())
    kept = (await ann.get(ann.card("b.vcf"))).content
    assert kept.replace(b"NOTE;PROP-ID=n:x\r\n", b"").count(b'X-DAVX5-UNKNOWN;X-P="a;b":wert\\,mit\\;zeichen') == 1
    await ann.ask("DELETE", ann.card("b.vcf"))
    assert (await ann.sync(token))[1] == {ann.card("b.vcf")}


async def test_cards_move_between_books(ann) -> None:
    """RFC 6352 §5.2, §6.2.1, §6.3.1"""
    await ann.keep("a.vcf", SAMPLES["apple"])
    made = await ann.ask(
        "MKCOL",
        ann.home + "chorale/",
        f"<mkcol {DAV} {CARD}><set><prop><resourcetype><collection/><C:addressbook/></resourcetype>"
        "<displayname>Chorale</displayname><C:addressbook-description>Lundi</C:addressbook-description></prop></set></mkcol>",
    )
    assert made.status_code == 201, made.text
    assert (await ann.jmap.books())["Chorale"]["description"] == "Lundi"
    target = ann.card("z.vcf", "chorale")
    moved = await ann.ask("MOVE", ann.card("a.vcf"), destination=target)
    assert moved.status_code == 201, moved.text
    assert (await ann.get(target)).content == SAMPLES["apple"]
    copied = await ann.ask("COPY", target, destination=ann.card("c.vcf"))
    assert copied.status_code == 409 and "no-uid-conflict" in copied.text
    await ann.keep("b.vcf", SAMPLES["davx5"])
    over = await ann.ask("MOVE", ann.card("b.vcf"), destination=target, overwrite="T")
    assert over.status_code == 409 and "no-uid-conflict" in over.text
    assert (await ann.get(target)).content == SAMPLES["apple"]
    patched = await ann.ask(
        "PROPPATCH",
        ann.home + "chorale/",
        f"<propertyupdate {DAV}><set><prop><displayname>Choir</displayname></prop></set></propertyupdate>",
    )
    assert "200 OK" in patched.text and "Choir" in await ann.jmap.books()
    assert (await ann.ask("DELETE", ann.home + "chorale/")).status_code == 204
    assert (await ann.get(target)).status_code == 404
    assert (await ann.ask("DELETE", ann.home + "contacts/")).status_code == 403


async def test_a_shared_book_is_found_in_ones_own_home(ann, bob) -> None:
    await ann.keep("a.vcf", SAMPLES["apple"])
    book = await ann.jmap.book()
    listing = f"<propfind {DAV}><prop><resourcetype/><displayname/></prop></propfind>"
    assert ann.account not in (await bob.ask("PROPFIND", bob.home, listing, depth="1")).text
    await ann.jmap("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True}}}})
    found = await bob.ask("PROPFIND", bob.home, listing, depth="1")
    (mount,) = re.findall(rf"<D:href>({bob.home}{ann.account}\.[^<]*)</D:href>", found.text)
    for path in (mount + "a.vcf", ann.card("a.vcf")):
        assert (await bob.get(path)).content == SAMPLES["apple"]
        assert (await bob.ask("PUT", path, SAMPLES["apple"], content_type="text/vcard")).status_code == 403
        assert (await bob.ask("DELETE", path)).status_code == 403
    await ann.jmap("AddressBook/set", update={book: {"shareWith": None}})
    for path in (mount + "a.vcf", ann.card("a.vcf"), ann.card()):
        assert (await bob.ask("PROPFIND", path, listing, depth="0")).status_code == 404
    assert mount not in (await bob.ask("PROPFIND", bob.home, listing, depth="1")).text


@pytest.mark.parametrize("many", [1, 30])
async def test_statements_do_not_grow_with_the_book(ann, many: int) -> None:
    for at in range(many):
        await ann.keep(f"c{at:02}.vcf", SAMPLES["davx5"].replace(b"000000000004", f"{at:012}".encode()))
    hrefs = "".join(f"<href>{ann.card(f'c{at:02}.vcf')}</href>" for at in range(many))
    listing = f"<propfind {DAV}><prop><getetag/><resourcetype/></prop></propfind>"
    sync = (
        f"<sync-collection {DAV}><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    )
    data = "<prop><C:address-data/></prop>"
    named = '<C:filter><C:prop-filter name="FN"><C:text-match>zo</C:text-match></C:prop-filter></C:filter>'
    multiget = f"<C:addressbook-multiget {DAV} {CARD}>{data}{hrefs}</C:addressbook-multiget>"
    query = f"<C:addressbook-query {DAV} {CARD}>{data}{named}</C:addressbook-query>"
    changed = SAMPLES["davx5"].replace(b"000000000004", b"000000000000")
    for method, path, body, most, status in (
        ("GET", ann.card("c00.vcf"), "", 8, 200),
        ("PROPFIND", ann.card(), listing, 9, 207),
        ("REPORT", ann.card(), multiget, 9, 207),
        ("REPORT", ann.card(), query, 9, 207),
        ("REPORT", ann.card(), sync, 10, 207),
        ("PUT", ann.card("c00.vcf"), changed, 30, 204),
        ("DELETE", ann.card("c00.vcf"), "", 30, 204),
    ):
        content = body.encode() if isinstance(body, str) else body
        headers = {"depth": "1", "content_type": "text/vcard"}
        found, count, answer = await handled(ann.doors, ann.person, method, path, content, **headers)
        assert found == status, answer
        assert 0 < count <= most, (method, count, body[:60])


async def test_a_book_as_a_file(ann, bob) -> None:
    for name in ("apple", "davx5", "rich"):
        assert (await ann.keep(f"{name}.vcf", SAMPLES[name])).status_code == 201
    got = await ann.get(ann.card())
    assert got.headers["content-type"] == "text/vcard; charset=utf-8"
    assert got.content == b"".join(SAMPLES[name] for name in ("apple", "davx5", "rich"))
    assert (await ann.ask("GET", ann.card(), if_none_match=got.headers["etag"])).status_code == 304
    assert (await ann.ask("GET", ann.card(), range="bytes=5-9")).content == got.content[5:10]
    assert (await ann.ask("DELETE", ann.card("rich.vcf"))).status_code == 204
    assert (await ann.ask("GET", ann.card(), if_none_match=got.headers["etag"])).status_code == 200
    assert (await bob.get(ann.card())).status_code == 404
