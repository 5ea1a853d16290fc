"""The tus protocol: creation (with upload, of unknown length), HEAD, PATCH, DELETE; checksums, expiry,
concatenation. tus 1.0.0"""

import asyncio
import base64
import binascii
import re
from datetime import UTC
from email.utils import format_datetime
from weakref import WeakValueDictionary

from parvis.access import gate
from parvis.access.principal import Principal
from parvis.files.uploads import receive, store
from parvis.files.uploads.receive import CHECKSUMS, Mismatch, Receiver
from parvis.files.uploads.store import Target, Upload
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound, TooLarge
from parvis.serve.context import Context
from parvis.serve.http.errors import refusal
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.blobs import blob_id

PATH = "/files/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation"
_BYTES = "application/offset+octet-stream"
_NUMBER = re.compile(r"0|[1-9]\d{0,17}")
_MOST_PARTS = 1000
_PATIENCE_SECONDS = 15.0
_AT_ONCE = 8
"""Streams of one person into the blob store; who has more waits."""
_MOST_METADATA = 8000
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")


class Tus:
    """The handlers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings.files
        self._receiver = Receiver(context.store, self._settings.upload_hours)
        self._people: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("OPTIONS", PATH, self.options, "open"),
            Route("POST", PATH, self.create),
            Route("OPTIONS", PATH + "/{id}", self.options, "open"),
            Route("*", PATH + "/{id}", self.one),
        ]

    def _headers(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        return [("tus-resumable", VERSION), ("cache-control", "no-store"), *more]

    async def options(self, request: Request) -> Response:
        """What is understood. tus §OPTIONS"""
        return Response(
            204,
            b"",
            self._headers(
                ("tus-version", VERSION),
                ("tus-extension", EXTENSIONS),
                ("tus-max-size", str(self._settings.largest_bytes)),
                ("tus-checksum-algorithm", ",".join(CHECKSUMS)),
            ),
        )

    async def one(self, request: Request) -> Response:
        """HEAD, PATCH and DELETE of an upload; POST with X-HTTP-Method-Override too. tus §Requests"""
        method = request.method
        if method == "POST":
            method = request.headers.get("x-http-method-override", "")
        if (wrong := self._other_version(request)) is not None:
            return wrong
        if method in ("HEAD", "GET"):
            return await self.head(request)
        if method == "PATCH":
            return await self.patch(request)
        if method == "DELETE":
            return await self.delete(request)
        return Response(405, b"", self._headers(("allow", "HEAD, PATCH, DELETE, OPTIONS")))

    def _other_version(self, request: Request) -> Response | None:
        if request.headers.get("tus-resumable") == VERSION:
            return None
        return Response(412, b"", self._headers(("tus-version", VERSION)))

    async def create(self, request: Request) -> Response:
        """Begins an upload, and takes its first bytes when they come with it. tus §Creation"""
        if (wrong := self._other_version(request)) is not None:
            return wrong
        told = _metadata(request.headers.get("upload-metadata", ""))
        concat = request.headers.get("upload-concat", "")
        if concat.startswith("final;"):
            return await self._joined(request, told, concat[6:])
        length = self._length(request)
        account_id, target = await self._target(request.who, told, partial=concat == "partial")
        if concat != "partial":
            await receive.check(self._context.store.db, request.who, account_id, target, length)
        end = self._receiver.end_ms()
        number = await self._context.store.write(
            lambda unit: store.begin(unit, account_id, request.who.id, target, length, concat == "partial", end)
        )
        upload = await store.find(self._context.store.db, request.who.id, number)
        if request.headers.get("content-type", "") == _BYTES:
            upload = await self._taken(request, upload)
        elif length == 0:
            upload = await self._receiver.finish(request.who, upload)
        return Response(201, b"", [("location", f"{PATH}/{ids.text(number)}"), *self._of(upload)])

    def _length(self, request: Request) -> int | None:
        given = request.headers.get("upload-length")
        if given is None:
            if request.headers.get("upload-defer-length") != "1":
                raise Invalid("Upload-Length is missing", field="upload-length")
            return None
        if not _NUMBER.fullmatch(given):
            raise Invalid("Upload-Length is no number", field="upload-length")
        if int(given) > self._settings.largest_bytes:
            raise TooLarge("the file is too large", limit=self._settings.largest_bytes)
        return int(given)

    async def _target(self, who: Principal, told: dict[str, str], *, partial: bool) -> tuple[int, Target]:
        account_id = _id(told, "accountId") or who.id
        if account_id != who.id and not await gate.everything(self._context.store.db, who, account_id):
            raise NotFound("no such account")
        path = tuple(part for part in told.get("relativePath", "").split("/") if part)
        name = told.get("filename") or told.get("name") or (path[-1] if path else "")
        if told.get("relativePath"):
            path = path[:-1]
        media_type = told.get("filetype") or told.get("type") or ""
        if not _MEDIA_TYPE.fullmatch(media_type):
            media_type = "application/octet-stream"
        if len(path) > 64:
            raise Invalid("the path is too deep", field="relativePath")
        to_folder = "parentId" in told and not partial
        return account_id, Target(
            name=name,
            media_type=media_type,
            folder=_id(told, "parentId") if to_folder else None,
            path=path if to_folder else (),
            node=_id(told, "nodeId"),
            on_exists=told.get("onExists", "") if told.get("onExists") in ("rename", "replace") else "",
            modified_ms=clock.parse_utc(told["modified"]) if told.get("modified") else None,
        )

    async def head(self, request: Request) -> Response:
        """How far an upload has come. tus §HEAD

        Whoever hears that all of it has come sends nothing more: where a server died between the last byte and the
        file, the file is made now."""
        upload = await self._found(request)
        if upload.complete and not upload.done_hash and not upload.partial:
            async with self._receiver.turn(upload.id):
                upload = await self._receiver.finish(request.who, await self._found(request))
        return Response(200, b"", self._of(upload))

    async def _found(self, request: Request) -> Upload:
        return await store.find(self._context.store.db, request.who.id, ids.parse(request.params["id"]))

    def _of(self, upload: Upload) -> list[tuple[str, str]]:
        end = format_datetime(clock.from_ms(upload.expires_ms).astimezone(UTC), usegmt=True)
        headers = self._headers(("upload-offset", str(upload.reached)), ("upload-expires", end))
        if upload.length is None:
            headers.append(("upload-defer-length", "1"))
        else:
            headers.append(("upload-length", str(upload.length)))
        if upload.partial:
            headers.append(("upload-concat", "partial"))
        if upload.done_hash:
            headers.append(("x-parvis-blob", blob_id(upload.done_hash)))
        if upload.done_node:
            headers.append(("x-parvis-node", ids.text(upload.done_node)))
        return headers

    async def patch(self, request: Request) -> Response:
        """Takes bytes where the last have ended. tus §PATCH"""
        if request.headers.get("content-type", "") != _BYTES:
            return Response(415, b"", self._headers())
        turn = self._receiver.turn((await self._found(request)).id)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):  # what was cut may still be put away
                await turn.acquire()
        except TimeoutError:
            return Response(423, b"", self._headers())
        try:
            async with self._people.setdefault(request.who.id, asyncio.Semaphore(_AT_ONCE)):
                return await self._patched(request)
        except Mismatch:
            return Response(460, b"", self._headers())
        except Conflict as error:
            answer = refusal(error, request.path, request.id)
            answer.headers += self._headers()
            return answer
        finally:
            turn.release()

    async def _patched(self, request: Request) -> Response:
        upload = await self._found(request)
        if request.headers.get("upload-offset") != str(upload.reached):
            return Response(409, b"", self._of(upload))
        if upload.length is None and "upload-length" in request.headers:
            length = self._length(request)
            if length is None or length < upload.reached:
                raise Invalid("Upload-Length is less than what has come", field="upload-length")
            await self._context.store.write(lambda unit: store.measure(unit, upload, length))
            upload = await self._found(request)
        return Response(204, b"", self._of(await self._taken(request, upload)))

    async def _taken(self, request: Request, upload: Upload) -> Upload:
        if not upload.complete:
            most = (self._settings.largest_bytes if upload.length is None else upload.length) - upload.reached
            await self._receiver.take(upload, request, most, _checksum(request))
            upload = await store.find(self._context.store.db, request.who.id, upload.id)
        return await self._receiver.finish(request.who, upload) if upload.complete else upload

    async def delete(self, request: Request) -> Response:
        """Ends an upload. tus §Termination"""
        upload = await self._found(request)
        await self._context.store.write(lambda unit: store.drop(unit, upload.account_id, upload.id))
        return Response(204, b"", self._headers())

    async def _joined(self, request: Request, told: dict[str, str], listed: str) -> Response:
        """A file of the parts that came by themselves. tus §Concatenation"""
        names = [one.rpartition("/")[2] for one in listed.split()]
        if not 0 < len(names) <= _MOST_PARTS or "upload-length" in request.headers:
            raise Invalid("Upload-Concat names the parts, and nothing tells the length", field="upload-concat")
        db = self._context.store.db
        parts = [await store.find(db, request.who.id, ids.parse(name)) for name in names]
        if not all(part.partial and part.complete for part in parts):
            raise Invalid("only parts that have come whole can be put together", field="upload-concat")
        length = sum(part.reached for part in parts)
        account_id, target = await self._target(request.who, told, partial=False)
        await receive.check(db, request.who, account_id, target, length)
        if length > self._settings.largest_bytes:
            raise TooLarge("the file is too large", limit=self._settings.largest_bytes)
        end = self._receiver.end_ms()
        pieces = [kept.piece for part in parts for kept in await store.pieces(db, part.id)]
        starts, place = [], 0
        for piece in pieces:
            starts.append(store.Kept(place, piece, False))
            place += piece.size
        who = request.who.id
        number = await self._context.store.write(
            lambda unit: store.begin(unit, account_id, who, target, length, False, end)
        )
        upload = await store.find(db, who, number)
        await self._context.store.write(lambda unit: store.add(unit, upload, 0, starts, end))
        upload = await self._receiver.finish(request.who, await store.find(db, who, number))
        headers = [("location", f"{PATH}/{ids.text(number)}"), ("upload-concat", "final"), *self._of(upload)]
        return Response(201, b"", headers)


def _checksum(request: Request) -> tuple[str, bytes] | None:
    """tus §Checksum"""
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    name, _, value = given.partition(" ")
    if name not in CHECKSUMS:
        raise Invalid("unknown checksum", field="upload-checksum")
    try:
        return name, base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Invalid("the checksum is not in base64", field="upload-checksum") from error


def _metadata(given: str) -> dict[str, str]:
    """tus §Upload-Metadata: pairs of a key and a value in base64."""
    if len(given) > _MOST_METADATA:
        raise Invalid("that is too much metadata", field="upload-metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in given.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Invalid(f"{key} is not in base64", field="upload-metadata") from error
    return found


def _id(told: dict[str, str], key: str) -> int:
    """The id that a key of the metadata names, 0 for none. Raises NotFound."""
    if not told.get(key):
        return 0
    number = ids.parse(told[key])
    if number is None:
        raise NotFound(f"{key} is no id of ours")
    return number
