"""A message while it comes in: in memory while small, in the blob store's waiting room when large."""

from parvis.kernel.errors import TooLarge
from parvis.store.blobs.contract import BlobWriter, WholeBlobs

IN_MEMORY = 1024 * 1024
"""Bytes of one message that are held before it is written out."""
LARGE_AT_ONCE = 4
"""Larger messages of one kind of port that are taken in at the same moment; others wait for their 250."""


class Spool:
    """Collects a message. `head` is put before it and does not count for the limit."""

    def __init__(self, blobs: WholeBlobs, limit: int, head: bytes = b"") -> None:
        self._blobs, self._limit = blobs, limit
        self._parts: list[bytes] = [head]
        self._held = len(head)
        self._writer: BlobWriter | None = None
        self.size = 0
        """Bytes received; over the limit they are counted and let fall."""

    @property
    def over(self) -> bool:
        """Whether the message is larger than may be."""
        return self.size > self._limit

    async def add(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.size += len(data)
        if self.over:
            await self.drop()
            return
        self._parts.append(data)
        self._held += len(data)
        if self._held > IN_MEMORY:
            self._writer = self._writer or await self._blobs.writer(whole=True)
            await self._writer.write(b"".join(self._parts))
            self._parts, self._held = [], 0

    async def content(self) -> bytes | str:
        """The whole message, once it is complete; of a large one the hash of the blob that it is now. Raises
        TooLarge."""
        if self.over:
            raise TooLarge("the message is too large", limit=self._limit)
        if self._writer is None:
            return b"".join(self._parts)
        await self._writer.write(b"".join(self._parts))
        writer, self._writer, self._parts = self._writer, None, []
        return await writer.commit()

    async def whole(self) -> bytes:
        """All bytes of the message at once. Raises TooLarge."""
        content = await self.content()
        return content if isinstance(content, bytes) else await self._blobs.get(content)

    async def drop(self) -> None:
        """Lets go of everything."""
        self._parts, self._held = [], 0
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.abort()
