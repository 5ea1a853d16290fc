"""MIME parts as blobs: the id of a part names the blob it is in, its place there, and its transfer encoding, so
that it is cut out and decoded on the way and kept only once. RFC 8621 §4.1.4

    p<id of the blob around it>_<start>-<end><letter of the encoding>
"""

import asyncio
import re
from collections.abc import AsyncIterator

from parvis.access.principal import Principal
from parvis.kernel.errors import NotFound
from parvis.mail.structure import ENCODINGS, Node, body_part, code_of
from parvis.serve.jmap.blobs import Blob, Library
from parvis.store.blobs.contract import CHUNK
from parvis.wire import mime

LETTER = "p"
_PART = re.compile(r"p([A-Za-z0-9_-]{1,230})_(\d{1,12})-(\d{1,12})([bqun])")
_DEEPEST = 4
_LARGE = 500_000


def part_id(blob_id: str, node: Node) -> str:
    """The blob id of a part of the message in `blob_id`."""
    return f"{LETTER}{blob_id}_{node.start}-{node.end}{code_of(node.encoding)}"


async def resolve(library: Library, principal: Principal, account_id: int, given: str) -> Blob | None:
    """Reads the virtual blob of a part; whoever may read the message may read it."""
    match = _PART.fullmatch(given)
    if match is None or given.count("_") > _DEEPEST:
        return None
    try:
        around = await library.find(principal, account_id, match[1])
    except NotFound:
        return None
    start, end = int(match[2]), int(match[3])
    if not start <= end <= around.size:
        return None
    raw = b"".join([chunk async for chunk in around.stream(start, end)])
    content = await decoded(raw, ENCODINGS[match[4]])

    async def stream(start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        stop = len(content) if end is None else min(end, len(content))
        for place in range(start, stop, CHUNK):
            yield content[place : min(place + CHUNK, stop)]

    return Blob(given, len(content), "application/octet-stream", stream)


async def decoded(raw: bytes, encoding: str) -> bytes:
    """Bytes without their transfer encoding; a large part is decoded beside the loop."""
    node = Node("1", "application/octet-stream", 0, 0, 0, len(raw), encoding)
    part = body_part(node, len(raw))
    if len(raw) < _LARGE:
        return mime.decode_body(raw, part)
    return await asyncio.to_thread(mime.decode_body, raw, part)
