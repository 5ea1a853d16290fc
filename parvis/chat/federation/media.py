"""Media of other servers, fetched once when somebody here asks for it; and ours, as they fetch it (Matrix v1.19
Server-Server §Content Repository)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from parvis.chat.federation.client import Client
from parvis.chat.federation.contract import Endpoint, PeerCall, PeerError, path
from parvis.chat.federation.outside import Asked, Outside
from parvis.chat.people import media
from parvis.chat.people.media import KIND_ABROAD, Media
from parvis.chat.server import Server
from parvis.kernel import clock, ids
from parvis.kernel.errors import EgressRefused, NotFound, TooLarge, Unavailable
from parvis.kernel.later import httpx
from parvis.kernel.once import Once
from parvis.kernel.settings import Settings
from parvis.serve.http.exchange import Response
from parvis.serve.jmap.blobs import link
from parvis.serve.jmap.transfer import disposition
from parvis.store.blobs.contract import BlobWriter
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import identifiers, media_parts
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.media_parts import About, Parts

_SECONDS = 120.0
_AT_ONCE = 8
_SIDE = 10_000
_DAY_MS = 86_400_000
_PAGE = 100


class Fetching:
    """Fetches media; whoever wants the same at the same time waits for the same."""

    def __init__(self, server: Server, client: Client, outside: Outside) -> None:
        self._server, self._store, self._client, self._outside = server, server.store, client, outside
        self._settings = server.settings.chat.federation
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._fetching: Once[tuple[str, str], Media] = Once()

    async def get(self, host: str, media_id: str) -> Media:
        """What another server has under a name. Raises NotFound, TooLarge, Unavailable."""
        identifiers.media(f"mxc://{host}/{media_id}", "mediaId")
        if (found := await self._kept(host, media_id)) is not None:
            return found
        return await self._fetching.of((host, media_id), lambda: self._fetch(host, media_id))

    async def _kept(self, host: str, media_id: str) -> Media | None:
        row = await self._store.db.row(
            """SELECT id, media_id, hash, size, media_type, name FROM chat_abroad_media
            WHERE server = ? AND media_id = ?""",
            host,
            media_id,
        )
        return None if row is None else Media(row[0], row[1], self._server.account_id, *row[2:])

    async def _fetch(self, host: str, media_id: str) -> Media:
        async with self._places:
            writer = await self._store.blobs.writer()
            try:
                about = await self._into(writer, host, media_id)
                digest = await writer.commit()
            except BaseException:
                await writer.abort()
                raise
        made = Media(
            ids.new_id(),
            media_id,
            self._server.account_id,
            digest,
            writer.size,
            media.type_of(about.media_type),
            media.name_of(about.name),
        )
        await self._store.write(lambda unit: _keep(unit, host, made))
        return made

    async def _into(self, writer: BlobWriter, host: str, media_id: str) -> About:
        try:
            where = path("federation", "v1", "media", "download", media_id)
            async with self._client.stream("GET", host, where, seconds=_SECONDS) as response:
                about = await self._parts(writer, response)
        except PeerError as error:
            raise NotFound(error.sentence) from error
        except BadMatrix as error:
            raise Unavailable(f"{host} answers nonsense: {error.sentence}") from error
        if about.location:
            await self._located(writer, about.location)
        return about

    async def _parts(self, writer: BlobWriter, response: "httpx.Response") -> About:
        parts = Parts(response.headers.get("content-type", ""))
        async for chunk in response.aiter_raw():
            found = parts.feed(chunk)
            if parts.about is None or not parts.about.location:
                await self._write(writer, found)
        return parts.finish()

    async def _write(self, writer: BlobWriter, data: bytes) -> None:
        if writer.size + len(data) > self._settings.media_bytes:
            raise TooLarge("the file of the other server is too large", limit=self._settings.media_bytes)
        if data:
            await writer.write(data)

    async def _located(self, writer: BlobWriter, url: str) -> None:
        """Fetches the bytes from where another server says that they are."""
        try:
            place, target = await self._outside.at(url)
        except EgressRefused as error:
            raise Unavailable(error.sentence) from error
        async with self._outside.stream(place, Asked(target=target, seconds=_SECONDS)) as response:
            if response.status_code != 200:
                raise NotFound("the media is not there")
            async for chunk in response.aiter_raw():
                await self._write(writer, chunk)


def tidying(settings: Settings) -> Callable[[Store], Coroutine[Any, Any, int]]:
    """Removes what was fetched long ago, once a day; it is fetched again when somebody asks."""
    days = settings.chat.federation.media_days

    async def media_abroad(store: Store) -> int:
        before, total = clock.now_ms() - days * _DAY_MS, 0
        while rows := await store.db.rows(
            "SELECT id FROM chat_abroad_media WHERE fetched_ms < ? ORDER BY fetched_ms LIMIT ?", before, _PAGE
        ):
            await store.write(partial(_remove, [number for (number,) in rows]))
            total += len(rows)
        return total

    return media_abroad


async def _keep(unit: Unit, host: str, made: Media) -> None:
    await unit.run(
        """INSERT INTO chat_abroad_media (id, server, media_id, hash, size, media_type, name, fetched_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        made.id,
        host,
        made.media_id,
        made.hash,
        made.size,
        made.media_type,
        made.name,
        clock.now_ms(),
    )
    await link(unit, made.hash, made.owner, KIND_ABROAD, made.id, made.size, made.media_type)


async def _remove(numbers: list[int], unit: Unit) -> None:
    account_id = int(await unit.value("SELECT account_id FROM chat_server"))
    for number in numbers:
        await unit.run("DELETE FROM chat_abroad_media WHERE id = ?", number)
        await media.let_go(unit, account_id, KIND_ABROAD, number)


async def _download(call: PeerCall) -> Response:
    found = await media.ready(call.server, call.server.name, call.params["mediaId"])
    return _sent(call.store, found.hash, found.size, found.media_type, found.name)


async def _thumbnail(call: PeerCall) -> Response:
    found = await media.ready(call.server, call.server.name, call.params["mediaId"])
    picture = await media.thumbnail(call.server, found, _side(call, "width"), _side(call, "height"))
    if picture is None:
        raise BadMatrix("There can be no picture of it", errcode="M_UNKNOWN")
    return _sent(call.store, *picture, "image/webp", "thumbnail.webp")


def _side(call: PeerCall, name: str) -> int:
    text = call.query.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 0 < int(text) <= _SIDE:
        raise BadMatrix(f"{name} is no size", errcode="M_INVALID_PARAM", field=name)
    return int(text)


def _sent(store: Store, digest: str, size: int, media_type: str, name: str) -> Response:
    boundary = ids.token(24)
    begins = media_parts.begin(boundary, media_type, disposition("inline", name))
    ends = media_parts.end(boundary)

    async def body() -> AsyncIterator[bytes]:
        yield begins
        async with contextlib.aclosing(store.blobs.stream(digest)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk
        yield ends

    headers = [
        ("content-type", f"multipart/mixed; boundary={boundary}"),
        ("content-length", str(len(begins) + size + len(ends))),
    ]
    return Response(200, body(), headers)


ENDPOINTS = (
    Endpoint("GET", "/federation/v1/media/download/{mediaId}", _download),
    Endpoint("GET", "/federation/v1/media/thumbnail/{mediaId}", _thumbnail),
)
