"""Pages that are linked to, in short (Matrix v1.19 Client-Server §Content Repository): fetched by the server, so
that a site never learns who reads; by https, never from inside, with an end to everything; kept for some time by
their address."""

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import msgspec

from parvis.chat.federation.outside import Asked, Outside, read
from parvis.chat.people import media
from parvis.chat.server import Server
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, EgressRefused, Invalid, NotFound, Unavailable
from parvis.kernel.later import httpx
from parvis.kernel.once import Once
from parvis.serve.pictures.maker import made
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import opengraph
from parvis.wire.matrix.canonical import Object
from parvis.wire.opengraph import Page

_SECONDS = 10.0
_REDIRECTS = 5
_PAGE_BYTES = 500_000
"""Of a page that are read; what it says of itself stands at its beginning."""
_PICTURE_BYTES = 5_000_000
_SIDE = 480
"""Pixels of the picture that is kept."""
_AT_ONCE = 8
_FRESH_MS, _FAILED_MS, _KEPT_MS = 86_400_000, 900_000, 7 * 86_400_000
"""How long an answer counts, one that there is nothing does, and either is kept."""
_BATCH = 100
_AGENT = "Parvis link preview"
_PAGES = ("text/html", "application/xhtml+xml")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, slots=True)
class _Found:
    """A page, and where it is at last."""

    page: Page
    url: str


class Previews:
    """Fetches and keeps them; whoever asks for the same at the same time waits for the same."""

    def __init__(self, server: Server, outside: Outside) -> None:
        self._server, self._store, self.outside = server, server.store, outside
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._fetching: Once[str, Object] = Once()

    @property
    def enabled(self) -> bool:
        """Whether the settings allow it."""
        return self._server.settings.chat.previews

    async def get(self, url: str) -> Object:
        """The answer to a client, which is empty where the page says nothing. Raises NotFound where it is switched
        off, or the page cannot be seen from here; Invalid for what is no address by https."""
        if not self.enabled:
            raise NotFound("pages that are linked to are not fetched here")
        plain = opengraph.https(url)
        if not plain:
            raise Invalid("only pages by https are fetched", field="url")
        digest = hashlib.sha256(plain.encode()).hexdigest()
        kept = await self._kept(digest)
        if kept is None:
            kept = await self._fetching.of(digest, lambda: self._fetch(plain, digest))
        if "og:url" not in kept:
            raise NotFound("this page cannot be seen from here")
        return kept

    async def close(self) -> None:
        """Ends what is fetched, and all connections."""
        await self._fetching.close()
        await self.outside.close()

    async def _kept(self, digest: str) -> Object | None:
        row = await self._store.db.row("SELECT body, fetched_ms FROM chat_preview WHERE hash = ?", digest)
        if row is None or clock.now_ms() - row[1] > (_FRESH_MS if row[0] else _FAILED_MS):
            return None
        return msgspec.json.decode(row[0]) if row[0] else {}

    async def _fetch(self, url: str, digest: str) -> Object:
        async with self._places:
            try:
                async with asyncio.timeout(_SECONDS):
                    found = await self._page(url)
            except (Unavailable, EgressRefused, TimeoutError):
                return await self._keep(digest, {}, b"")
            return await self._keep(digest, _said(found), await self._picture(found.page.image))

    async def _page(self, url: str) -> _Found:
        """What is at an address, or where that leads. Raises Unavailable, EgressRefused."""
        async with self._reached(url, "text/html, image/*;q=0.5") as (at, response):
            kind = response.headers.get("content-type", "")
            if _media_type(kind) in _PICTURES:
                return _Found(Page(title=at.rpartition("/")[2][:100], image=at), at)
            if _media_type(kind) not in _PAGES:
                raise Unavailable("it is no page")
            content = await _beginning(response, _PAGE_BYTES)
        return _Found(await asyncio.to_thread(opengraph.read, content, at, _charset(kind)), at)

    async def _picture(self, url: str) -> bytes:
        """A picture as a small one of our own making; nothing where there is none to be had."""
        try:
            async with asyncio.timeout(_SECONDS), self._reached(url, "image/*") as (_, response):
                if _media_type(response.headers.get("content-type", "")) not in _PICTURES:
                    return b""
                digest = await self._store.blobs.put(await read(response, _PICTURE_BYTES))
            async with self._server.pictures:
                return await made(self._store.blobs, digest, "image", _SIDE)
        except (Unavailable, EgressRefused, TimeoutError):
            return b""

    @contextlib.asynccontextmanager
    async def _reached(self, url: str, accept: str) -> "AsyncIterator[tuple[str, httpx.Response]]":
        """The answer at an address, or where that leads, and where it is, before its body is read."""
        for _ in range(_REDIRECTS):
            place, target = await self.outside.at(url)
            async with self.outside.stream(place, _asked(target, accept)) as response:
                if not response.is_redirect:
                    if response.status_code != 200:
                        raise Unavailable(f"it answers {response.status_code}")
                    yield url, response
                    return
                url = _next(url, response)
        raise Unavailable("it sends from one place to the next")

    async def _keep(self, digest: str, answer: Object, picture: bytes) -> Object:
        blob = await self._store.blobs.put(picture) if picture else ""
        owner = self._server.account_id

        async def work(unit: Unit) -> Object:
            await _remove(owner, [digest], unit)
            number, told = 0, dict(answer)
            if picture:
                number, name = await media.put(unit, owner, blob, len(picture), "image/webp", "preview.webp")
                width, height = _size(picture)
                told |= {
                    "og:image": f"mxc://{self._server.name}/{name}",
                    "og:image:type": "image/webp",
                    "og:image:width": width,
                    "og:image:height": height,
                    "matrix:image:size": len(picture),
                }
            body = msgspec.json.encode(told).decode() if told else ""
            await unit.run(
                "INSERT INTO chat_preview (hash, body, media, fetched_ms) VALUES (?, ?, ?, ?)",
                digest,
                body,
                number,
                clock.now_ms(),
            )
            return told

        try:
            return await self._store.write(work)
        except Conflict:  # another node kept it at the same time
            return await self._kept(digest) or {}


async def forget(store: Store) -> int:
    """Removes what was fetched a week ago, with its pictures; it is fetched again when somebody asks. Returns how
    many."""
    before, total = clock.now_ms() - _KEPT_MS, 0
    owner = await store.db.value("SELECT account_id FROM chat_server")
    while rows := await store.db.rows(
        "SELECT hash FROM chat_preview WHERE fetched_ms < ? ORDER BY fetched_ms LIMIT ?", before, _BATCH
    ):
        await store.write(partial(_remove, int(owner or 0), [digest for (digest,) in rows]))
        total += len(rows)
    return total


async def _remove(owner: int, digests: list[str], unit: Unit) -> None:
    for digest in digests:
        number = await unit.value("DELETE FROM chat_preview WHERE hash = ? RETURNING media", digest)
        if number:
            await unit.run("DELETE FROM chat_media WHERE id = ?", number)
            await media.let_go(unit, owner, media.KIND, number)


def _asked(target: str, accept: str) -> Asked:
    return Asked(
        target=target, headers={"user-agent": _AGENT, "accept": accept}, seconds=_SECONDS, reason="a link's preview"
    )


def _next(url: str, response: "httpx.Response") -> str:
    try:
        found = opengraph.https(str(httpx.URL(url).join(response.headers.get("location", ""))))
    except (httpx.InvalidURL, ValueError):
        found = ""
    if not found:
        raise Unavailable("it sends to no address by https")
    return found


async def _beginning(response: "httpx.Response", limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) >= limit:
            break
    return bytes(content[:limit])


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _charset(text: str) -> str:
    return text.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")[:40]


def _said(found: _Found) -> Object:
    page = found.page
    told = {
        "og:url": found.url,
        "og:type": "website",
        "og:title": page.title,
        "og:description": page.description,
        "og:site_name": page.site,
    }
    return {name: value for name, value in told.items() if value}


def _size(picture: bytes) -> tuple[int, int]:
    """Width and height of a WebP of ours, which is lossy, lossless or extended (RFC 9649 §2.5 to §2.7)."""
    if picture[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<HH", picture, 26)
        return width & 0x3FFF, height & 0x3FFF
    if picture[12:16] == b"VP8L":
        bits = int.from_bytes(picture[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(picture[24:27], "little") + 1, int.from_bytes(picture[27:30], "little") + 1
