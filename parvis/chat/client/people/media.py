"""Uploading and fetching media (Matrix v1.19 Client-Server §Content Repository)."""

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.people import media
from parvis.chat.people.media import Media
from parvis.chat.previews import Previews
from parvis.kernel.errors import Invalid, NotFound
from parvis.serve.http import ranges
from parvis.serve.http.exchange import Response
from parvis.serve.jmap.transfer import disposition
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_INLINE_TYPES = (
    "text/css text/plain text/csv application/json application/ld+json image/jpeg image/gif image/png image/apng "
    "image/webp image/avif video/mp4 video/webm video/ogg video/quicktime audio/mp4 audio/webm audio/aac "
    "audio/mpeg audio/ogg audio/wave audio/wav audio/x-wav audio/x-pn-wav audio/flac audio/x-flac"
)
"""What browsers may show by themselves (Matrix v1.19 Client-Server §Serving inline content)."""
_INLINE = frozenset(_INLINE_TYPES.split())
_POLICY = "sandbox; default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; object-src 'self'"
_SIDE = 10_000


async def _config(call: Call) -> Object:
    return {"m.upload.size": call.server.settings.limits.upload_bytes}


async def _upload(call: Call) -> Object:
    return {"content_uri": _uri(call, await _received(call, ""))}


async def _create(call: Call) -> Object:
    name, until_ms = await media.reserve(call.store, call.who)
    return {"content_uri": _uri(call, name), "unused_expires_at": until_ms}


async def _fill(call: Call) -> Object:
    name = call.params["mediaId"]
    if call.params["serverName"] != call.server.name:
        raise BadMatrix("A name of another server", errcode="M_FORBIDDEN", field="serverName")
    await media.check_waiting(call.store, call.who, name)
    await _received(call, name)
    return {}


def _uri(call: Call, name: str) -> str:
    return f"mxc://{call.server.name}/{name}"


async def _received(call: Call, waiting: str) -> str:
    """Stores the body, in flat memory; returns its name."""
    media_type = media.type_of(call.request.headers.get("content-type", ""))
    name = media.name_of(call.query.get("filename", ""))
    writer = await call.store.blobs.writer()
    try:
        await call.request.pour(call.request.chunks(call.server.settings.limits.upload_bytes), writer)
        digest = await writer.commit()
    except BaseException:
        await writer.abort()
        raise
    return await media.keep(call.store, call.who, digest, writer.size, media_type, name, waiting)


async def _download(call: Call) -> Response:
    found = await _ready(call)
    name = call.params.get("fileName") or found.name
    return _sent(call, found.hash, found.size, found.media_type, name)


async def _ready(call: Call) -> Media:
    host = call.params["serverName"]
    if host != call.server.name and call.query.get("allow_remote") == "false":
        raise NotFound("media of other servers is not to be fetched")
    return await media.ready(call.server, host, call.params["mediaId"])


async def _thumbnail(call: Call) -> Response:
    """Scaled, never cropped, and never larger than the picture; clients fit it in."""
    found, width, height = await _ready(call), _side(call, "width"), _side(call, "height")
    picture = await media.thumbnail(call.server, found, width, height)
    if picture is None:
        raise BadMatrix("There can be no picture of it", errcode="M_UNKNOWN")
    return _sent(call, *picture, "image/webp", "thumbnail.webp")


def _side(call: Call, name: str) -> int:
    found = number(call.query, name, 0, _SIDE)
    if found == 0:
        raise Invalid(f"{name} is missing", field=name)
    return found


def _sent(call: Call, digest: str, size: int, media_type: str, name: str) -> Response:
    kind = "inline" if media_type.partition(";")[0].strip().lower() in _INLINE else "attachment"
    headers = [
        ("content-type", media_type),
        ("content-disposition", disposition(kind, name)),
        ("content-security-policy", _POLICY),
        ("cache-control", "private, immutable, max-age=31536000"),
        ("vary", "cookie, authorization"),
        ("etag", f'"{digest}"'),
        ("accept-ranges", "bytes"),
    ]
    if call.request.headers.get("if-none-match") == f'"{digest}"':
        return Response(304, b"", headers)
    span = ranges.span(call.request.headers, size, digest)
    if span is not None and span[0] >= span[1]:
        return Response(416, b"", [("content-range", f"bytes */{size}")])
    start, end = span or (0, size)
    if span is not None:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{size}"))
    body = call.store.blobs.stream(digest, start, end)
    return Response(200 if span is None else 206, body, [*headers, ("content-length", str(end - start))])


async def _preview(call: Call) -> Object:
    """A page in short, always as it is now: which point in time is wished for is not regarded."""
    return await call.server.context.need(Previews).get(call.query.get("url", ""))


_BASES = ("/client/v1/media", "/media/v3")
"""The second is the older place of the same, here for who has signed in too."""
_PLACE = "{serverName}/{mediaId}"
ENDPOINTS = (
    Endpoint("POST", "/media/v3/upload", _upload),
    Endpoint("POST", "/media/v1/create", _create),
    Endpoint("PUT", f"/media/v3/upload/{_PLACE}", _fill),
    *(Endpoint("GET", f"{base}/config", _config) for base in _BASES),
    *(Endpoint("GET", f"{base}/preview_url", _preview, rate="previews") for base in _BASES),
    *(Endpoint("GET", f"{base}/download/{_PLACE}", _download) for base in _BASES),
    *(Endpoint("GET", f"{base}/download/{_PLACE}/{{fileName}}", _download) for base in _BASES),
    *(Endpoint("GET", f"{base}/thumbnail/{_PLACE}", _thumbnail) for base in _BASES),
)
