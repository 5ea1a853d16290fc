"""Bodies that are kept: read whole when they are small or parsed, else streamed into the blob store."""

import asyncio
from weakref import WeakValueDictionary

from parvis.kernel.errors import TooLarge
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.tree import Precondition, Tree, Upload
from parvis.store.blobs.contract import CHUNK, Step, stored
from parvis.wire.dav.names import caldav, carddav

_AT_ONCE = 8
"""Streams of one person into the blob store; who has more waits."""
_SIZE = {"calendars": caldav("max-resource-size"), "addressbooks": carddav("max-resource-size")}


class Uploads:
    """Takes bodies."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def take(self, ask: Ask, tree: Tree) -> tuple[Upload, Step]:
        """The request's body, and the step of the unit that keeps it. Raises TooLarge or a Precondition."""
        media_type = ask.header("content-type") or ""
        if tree.keeps == "bytes":
            content = await _small(ask, tree)
            return Upload(media_type=media_type, size=len(content), content=content), stored
        turn = self._turns.setdefault(ask.who.id, asyncio.Semaphore(_AT_ONCE))
        async with turn:
            return await _blob(ask, tree, media_type)


async def empty(ask: Ask, tree: Tree) -> tuple[Upload, Step]:
    """A body of nothing, for a lock on a path where nothing is. RFC 4918 §7.3"""
    if tree.keeps == "bytes":
        return Upload(media_type="", size=0, content=b""), stored
    digest, step = await ask.store.blobs.join(b"")
    return Upload(media_type="", size=0, content=b"", digest=digest), step


async def _small(ask: Ask, tree: Tree) -> bytes:
    try:
        return await ask.request.body(tree.largest)
    except TooLarge as error:
        if tree.home not in _SIZE:
            raise
        raise Precondition(_SIZE[tree.home], error.sentence) from error


async def _blob(ask: Ask, tree: Tree, media_type: str) -> tuple[Upload, Step]:
    begun = bytearray()
    chunks = ask.request.chunks(tree.largest)
    async for chunk in chunks:
        begun += chunk
        if len(begun) > CHUNK:
            break
    else:
        digest, step = await ask.store.blobs.join(bytes(begun))
        return Upload(media_type=media_type, size=len(begun), content=b"", digest=digest), step
    writer = await ask.store.blobs.writer()
    try:
        await writer.write(memoryview(begun))
        await ask.request.pour(chunks, writer)
        digest = await writer.commit()
    except BaseException:
        await writer.abort()
        raise
    return Upload(media_type=media_type, size=writer.size, content=b"", digest=digest), stored
