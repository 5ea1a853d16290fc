"""Uploading and downloading blobs, in flat memory. RFC 8620 §6.1, §6.2"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import ExitStack
from urllib.parse import quote
from weakref import WeakValueDictionary

from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.context import Context
from parvis.serve.http import ranges
from parvis.serve.http.exchange import Request, Response, Route, answer
from parvis.serve.jmap.accounts import ANY, account
from parvis.serve.jmap.api import Turns, problem
from parvis.serve.jmap.blobs import UPLOAD, UPLOAD_MS, Blob, Library, blob_id, link
from parvis.serve.jmap.errors import MethodError, RequestError
from parvis.store.blobs.extents import Extent
from parvis.store.unit import Unit

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(\s*;[\x20-\x7e]{0,200})?")
_INLINE = re.compile(r"image/(?!svg)[\w.+-]+|audio/[\w.+-]+|video/[\w.+-]+|application/pdf|text/plain")
_KEPT_UPLOADS = 5
"""Unreferenced uploads of one person may be this many times the largest upload; the oldest go first."""
_MOST_UPLOADS = 5_000
_DOWNLOADS = 16
"""Of one person at once: each holds a file open, or a part in memory, for as long as its reader likes."""


class _Held:
    """A body that gives its turn back when it has ended, was cut or is not wanted."""

    def __init__(self, body: AsyncIterable[bytes | Extent], turn: ExitStack) -> None:
        self._body, self._turn = body, turn

    def __aiter__(self) -> AsyncIterator[bytes | Extent]:
        return aiter(self._body)

    async def aclose(self) -> None:
        """The end."""
        self._turn.close()
        if isinstance(self._body, AsyncGenerator):
            await self._body.aclose()


class Transfer:
    """The handlers."""

    def __init__(self, context: Context, library: Library) -> None:
        self._context, self._library = context, library
        self._turns = Turns(context.settings.limits.concurrent_uploads, "maxConcurrentUpload")
        self._downloads: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("POST", "/jmap/upload/{accountId}/", self.upload),
            Route("POST", "/jmap/upload/{accountId}", self.upload),
            Route("GET", "/jmap/download/{accountId}/{blobId}/{name*}", self.download),
        ]

    async def upload(self, request: Request) -> Response:
        """Stores a blob that nothing refers to yet."""
        account_id = await self._writable(request.who, request.params["accountId"])
        media_type = request.headers.get("content-type", "")
        if not _MEDIA_TYPE.fullmatch(media_type):
            media_type = "application/octet-stream"
        try:
            with self._turns.taken(request.who):
                digest, size = await self._store(request)
        except RequestError as error:
            return problem(error)
        await keep_upload(self._context, request.who, account_id, digest, size, media_type)
        made = {"accountId": ids.text(account_id), "blobId": blob_id(digest), "type": media_type, "size": size}
        return answer(made)

    async def _writable(self, principal: Principal, given: str) -> int:
        try:
            access = await account(self._context.store.db, principal, given, ANY, Right.WRITE)
        except MethodError as error:
            if error.kind == "accountReadOnly":
                raise Forbidden("you may only read this account") from error
            raise NotFound("no such account") from error
        return access.scope.account_id

    async def _store(self, request: Request) -> tuple[str, int]:
        writer = await self._context.store.blobs.writer()
        try:
            await request.pour(request.chunks(self._context.settings.limits.upload_bytes), writer)
            return await writer.commit(), writer.size
        except BaseException:
            await writer.abort()
            raise

    async def download(self, request: Request) -> Response:
        """A blob's bytes, or one range of them; waits while many go to the same person. RFC 9110 §14"""
        mine = self._downloads.setdefault(request.who.id, asyncio.Semaphore(_DOWNLOADS))
        await mine.acquire()
        with ExitStack() as turn:
            turn.callback(mine.release)
            response = await self._found(request)
            if not isinstance(response.body, bytes):
                response.body = _Held(response.body, turn.pop_all())
            return response

    async def _found(self, request: Request) -> Response:
        number = ids.parse(request.params["accountId"])
        if number is None:
            raise NotFound("no such account")
        blob = await self._library.find(request.who, number, request.params["blobId"])
        headers = _headers(request, blob)
        if request.headers.get("if-none-match") == f'"{blob.id}"':
            return Response(304, b"", headers)
        span = ranges.span(request.headers, blob.size, blob.id)
        if span is None:
            return Response(200, blob.sent(0, blob.size), [*headers, ("content-length", str(blob.size))])
        start, end = span
        if start >= end:
            return Response(416, b"", [("content-range", f"bytes */{blob.size}")])
        headers.append(("content-range", f"bytes {start}-{end - 1}/{blob.size}"))
        return Response(206, blob.sent(start, end), [*headers, ("content-length", str(end - start))])


async def keep_upload(
    context: Context, principal: Principal, account_id: int, digest: str, size: int, media_type: str
) -> None:
    """Keeps a stored blob as the principal's upload for a day; a second upload of it begins the day anew. When the
    uploads are too many together, the oldest are let go. RFC 8620 §6"""
    most = _KEPT_UPLOADS * context.settings.limits.upload_bytes

    async def work(unit: Unit) -> None:
        end = clock.now_ms() + UPLOAD_MS
        await link(unit, digest, account_id, UPLOAD, principal.id, size, media_type, end)
        row = await unit.row(
            "SELECT SUM(size), COUNT(*) FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?",
            account_id,
            UPLOAD,
            principal.id,
        )
        held, count = row or (0, 0)
        if held > most or count > _MOST_UPLOADS:
            await _let_go(unit, account_id, principal.id, (int(held) - most, count - _MOST_UPLOADS), digest)

    await context.store.write(work)


async def _let_go(unit: Unit, account_id: int, principal_id: int, surplus: tuple[int, int], but: str) -> None:
    """Lets go of so many bytes and so many uploads at least."""
    octets, count = surplus
    rows = await unit.rows(
        """SELECT hash, size FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ? AND hash <> ?
        ORDER BY expires_ms LIMIT 1000""",
        account_id,
        UPLOAD,
        principal_id,
        but,
    )
    for digest, size in rows:
        if octets <= 0 and count <= 0:
            return
        await unit.run(
            "DELETE FROM blob_link WHERE hash = ? AND account_id = ? AND kind = ? AND object_id = ?",
            digest,
            account_id,
            UPLOAD,
            principal_id,
        )
        octets, count = octets - size, count - 1


def _headers(request: Request, blob: Blob) -> list[tuple[str, str]]:
    media_type = request.query.get("type") or request.query.get("accept") or blob.media_type
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    inline = request.query.get("disposition") == "inline" and _INLINE.fullmatch(media_type.partition(";")[0])
    return [
        ("content-type", media_type),
        ("content-disposition", disposition("inline" if inline else "attachment", request.params["name"])),
        ("cache-control", "private, immutable, max-age=31536000"),
        ("vary", "cookie, authorization"),
        ("etag", f'"{blob.id}"'),
        ("accept-ranges", "bytes"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'self'" + ("" if inline else "; sandbox")),
    ]


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition that no file name can break out of. RFC 6266 §4.3, RFC 8187"""
    clean = "".join(c for c in name if c.isprintable() and c not in '"\\/').strip()[:200] or "file"
    plain = "".join(c if c.isascii() else "_" for c in clean)
    shown = f'{kind}; filename="{plain}"'
    return shown if plain == clean else f"{shown}; filename*=UTF-8''{quote(clean, safe='')}"
