"""Pages that are linked to, in short: fetched by the server alone, bounded, kept, never from inside."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from parvis.chat import previews
from parvis.chat.federation.outside import Outside
from parvis.chat.previews import Previews
from parvis.kernel import clock
from parvis.kernel.egress import Contact
from parvis.store.sql.contract import counting
from tests.certificates import Authority
from tests.chat.test_media import fetch, png

PAGE = b"""<title>Not this</title><meta property="og:title" content="L\xe1\xbb\x85 h\xe1\xbb\x99i">
<meta property="og:description" content="Three days"><meta property="og:image" content="/p.png">"""


@dataclass
class Site:
    """A site of somebody else, over TLS; `pages` by path: status, headers, body."""

    port: int = 0
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._one(await reader.readuntil(b"\r\n\r\n"), writer)

    async def _one(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        self.heard.append(head)
        path = head.split(b" ")[1].decode()
        status, headers, body = self.pages.get(path, (404, {}, b""))
        if status == 0:
            await asyncio.sleep(60)
        given = {"content-type": "text/html; charset=utf-8", "content-length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        writer.write(f"HTTP/1.1 {status} OK\r\n{lines}\r\n".encode() + body)
        await writer.drain()


@pytest.fixture
async def site(tmp_path, context, room, settings) -> AsyncIterator[Site]:
    """The site, which this server may speak to though it is inside."""
    authority = Authority(tmp_path / "ca")
    made = Site()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0, ssl=authority.context("localhost")[0])
    made.port = server.sockets[0].getsockname()[1]
    settings.chat.previews = True
    context.need(Previews).outside = Outside(context, "link-preview", authority=str(authority.file), private=True)
    made.pages = {"/": (200, {"set-cookie": "who=1"}, PAGE), "/p.png": (200, {"content-type": "image/png"}, png())}
    yield made
    await context.need(Previews).close()
    server.close()


async def preview(client, url: str, status: int = 200) -> dict:
    return await client.ask("GET", "/v1/media/preview_url", status, params={"url": url})


async def test_a_page_is_seen_in_short_with_a_picture_of_our_own(open_client, site, context) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    contacts: list[Contact] = []
    context.egress.listen(contacts.append)
    found = await preview(ann, site.url("/#part"))
    place = (mxc := found.pop("og:image")).removeprefix("mxc://")
    picture = await fetch(bob, f"download/{place}")
    assert picture.content[8:12] == b"WEBP" and picture.headers["content-type"] == "image/webp"
    assert found == {
        "og:url": site.url("/"),
        "og:type": "website",
        "og:title": "Lễ hội",
        "og:description": "Three days",
        "og:image:type": "image/webp",
        "og:image:width": 480,
        "og:image:height": 240,
        "matrix:image:size": len(picture.content),
    }
    assert (await fetch(bob, f"thumbnail/{place}", params={"width": 96, "height": 96})).content
    assert {(contact.purpose, contact.host, contact.allowed) for contact in contacts} == {
        ("link-preview", "localhost", True)
    }
    with counting() as counted:
        again = await bob.get("/_matrix/media/v3/preview_url", params={"url": site.url("/"), "ts": "1"})
    assert again.json()["og:image"] == mxc and len(counted.statements) <= 4
    assert len(site.heard) == 2


async def test_a_site_learns_nothing_of_who_reads(open_client, site) -> None:
    ann = await open_client("ann")
    await preview(ann, site.url("/"))
    site.pages["/other"] = (200, {}, PAGE)
    await preview(ann, site.url("/other"))
    for head in site.heard:
        names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}
        assert names <= {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}, head
        assert b"ann" not in head.lower()


async def test_nothing_is_fetched_unless_it_is_allowed(open_client, site, settings) -> None:
    ann, stranger = await open_client("ann"), await open_client("ann", signed_in=False)
    await preview(stranger, site.url("/"), 401)
    settings.chat.previews = False
    assert (await preview(ann, site.url("/"), 404))["errcode"] == "M_NOT_FOUND"
    assert site.heard == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "[fd00::1]"])
async def test_nothing_inside_is_seen(open_client, settings, host: str, context) -> None:
    """Neither named in a link nor by where it leads."""
    settings.chat.previews = True
    contacts: list[Contact] = []
    context.egress.listen(contacts.append)
    assert (await preview(await open_client("ann"), f"https://{host}/", 404))["errcode"] == "M_NOT_FOUND"
    assert contacts == []


async def test_where_a_page_leads_is_looked_at_again(open_client, site, context, monkeypatch) -> None:
    ann = await open_client("ann")
    site.pages["/a"] = (302, {"location": "/b"}, b"")
    site.pages["/b"] = (301, {"location": site.url("/")}, b"")
    assert (await preview(ann, site.url("/a")))["og:url"] == site.url("/")
    site.pages["/round"] = (302, {"location": "/round"}, b"")
    await preview(ann, site.url("/round"), 404)
    for number, place in enumerate(("http://localhost/", "https://[", "file:///etc/passwd", "")):
        site.pages[f"/{number}"] = (302, {"location": place}, b"")
        await preview(ann, site.url(f"/{number}"), 404)
    site.pages["/in"] = (302, {"location": "https://10.0.0.1/"}, b"")
    outside = context.need(Previews).outside
    monkeypatch.setattr(outside, "_private", False)
    monkeypatch.setattr("parvis.chat.federation.outside.are_outside", lambda found: "10.0.0.1" not in found)
    contacts: list[Contact] = []
    context.egress.listen(contacts.append)
    await preview(ann, site.url("/in"), 404)
    assert {contact.host for contact in contacts} == {"localhost"}


async def test_what_does_not_end_is_left(open_client, site, monkeypatch) -> None:
    ann = await open_client("ann")
    monkeypatch.setattr(previews, "_SECONDS", 0.3)
    site.pages["/slow"] = (0, {}, b"")
    await preview(ann, site.url("/slow"), 404)
    site.pages["/long"] = (200, {}, PAGE + b" " * 2_000_000)
    assert (await preview(ann, site.url("/long")))["og:title"] == "Lễ hội"
    site.pages["/packed"] = (200, {"content-encoding": "gzip"}, b"x")
    await preview(ann, site.url("/packed"), 404)
    site.pages["/pdf"] = (200, {"content-type": "application/pdf"}, b"%PDF")
    await preview(ann, site.url("/pdf"), 404)
    monkeypatch.setattr(previews, "_PICTURE_BYTES", 10)
    site.pages["/large"] = (200, {}, PAGE)
    assert "og:image" not in await preview(ann, site.url("/large"))


async def test_a_link_to_a_picture_shows_it(open_client, site) -> None:
    ann = await open_client("ann")
    site.pages["/bad.png"] = (200, {"content-type": "image/png"}, b"no picture")
    found = await preview(ann, site.url("/p.png"))
    assert (found["og:title"], found["og:image:width"]) == ("p.png", 480)
    assert "og:image" not in await preview(ann, site.url("/bad.png"))


@pytest.mark.parametrize("url", ["", "http://example.net/", "https://a:b@example.net/", "javascript:alert(1)"])
async def test_what_is_no_page_by_https_is_said(open_client, settings, url: str) -> None:
    settings.chat.previews = True
    assert (await preview(await open_client("ann"), url, 400))["errcode"] == "M_INVALID_PARAM"


async def test_it_is_kept_for_a_day_and_gone_after_a_week(open_client, site, context, monkeypatch) -> None:
    ann, store = await open_client("ann"), context.store
    first = await preview(ann, site.url("/"))
    await preview(ann, site.url("/none"), 404)
    await preview(ann, site.url("/none"), 404)
    assert len(site.heard) == 3
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 2 * 86_400_000)
    second = await preview(ann, site.url("/"))
    assert second["og:image"] != first["og:image"] and len(site.heard) == 5
    assert (await fetch(ann, f"download/{first['og:image'].removeprefix('mxc://')}")).status_code == 404
    monkeypatch.setattr(clock, "now_ms", lambda: now + 10 * 86_400_000)
    assert await previews.forget(store) == 2
    for table in ("chat_preview", "chat_media"):
        assert await store.db.value(f"SELECT COUNT(*) FROM {table}") == 0
    links = await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'ChatMedia'")
    assert links == 0


@pytest.fixture
def few(settings) -> int:
    """So many a minute, from before the doors open."""
    settings.chat.previews_per_minute = 2
    return 2


async def test_one_person_asks_for_so_many_in_a_minute(few: int, open_client, site) -> None:
    ann = await open_client("ann")
    for _ in range(few):
        await preview(ann, site.url("/none"), 404)
    assert (await preview(ann, site.url("/none"), 429))["errcode"] == "M_LIMIT_EXCEEDED"


async def test_who_asks_at_once_waits_for_the_same(open_client, site) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    found = await asyncio.gather(*(preview(who, site.url("/")) for who in (ann, bob, ann)))
    assert len({each["og:image"] for each in found}) == 1 and len(site.heard) == 2


async def test_two_nodes_that_fetch_the_same_keep_one(site, context, doors) -> None:
    """Whoever is later replaces it."""
    one = context.need(Previews)
    digest = hashlib.sha256(site.url("/").encode()).hexdigest()
    await asyncio.gather(one._keep(digest, {"og:url": "a"}, b""), one._keep(digest, {"og:url": "b"}, b""))
    assert await context.store.db.value("SELECT COUNT(*) FROM chat_preview") == 1
