"""The contract of both blob stores. A blob's name is the lower-case hex SHA-256 of its bytes; a blob never changes,
and the same bytes are kept once. Who may read a blob is told by `blob_link`, never by knowing its name."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, overload

from parvis.kernel.mapped import Raw
from parvis.store.unit import Unit

if TYPE_CHECKING:
    from parvis.store.blobs.extents import Extent
    from parvis.store.blobs.writing import PieceWriter

CHUNK = 256 * 1024
RENEW_MS = 12 * 3_600_000
"""Writing bytes that are there already counts as written anew when they are older than this."""


Step = Callable[[Unit], Awaitable[None]]


async def stored(_: Unit) -> None:
    """The step for bytes that are durable already."""


class BlobWriter(Protocol):
    """A blob that is being written, chunk by chunk, in flat memory."""

    size: int

    async def write(self, chunk: bytes | memoryview) -> None:
        """Adds bytes. They are the caller's own again on return."""
        ...

    async def commit(self) -> str:
        """Makes it durable and returns its hash."""
        ...

    async def abort(self) -> None:
        """Leaves nothing behind."""
        ...


class Intake(Protocol):
    """What takes bytes, and shows where it would have the next ones: put there, they need no copy."""

    async def write(self, chunk: bytes | memoryview) -> None:
        """See BlobWriter.write."""
        ...

    def room(self) -> memoryview:
        """Memory for what comes next; never empty."""
        ...

    async def came(self, count: int) -> None:
        """So many bytes are there now."""
        ...


class BlobReceiver(BlobWriter, Intake, Protocol):
    """A writer of large content."""


class Hash(Protocol):
    """One that is being computed, as those of hashlib."""

    def update(self, content: bytes | memoryview, /) -> None:
        """Takes bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a large blob, which is a blob itself."""

    hash: str
    size: int


class Blobs(Protocol):
    """One blob store."""

    at_once: int
    """How many writers are best committed together."""

    async def put(self, content: bytes) -> str:
        """Stores bytes; durable on return. Returns the hash."""
        ...

    async def join(self, content: bytes) -> tuple[str, Step]:
        """Stores bytes together with a unit that names them: returns the hash, and a step that the unit takes.
        They are durable when the unit is, large ones already on return."""
        ...

    async def writer(self) -> BlobWriter:
        """Opens a streaming write."""
        ...

    async def commit(self, writers: Sequence[BlobWriter]) -> list[str]:
        """Commits several writers of this store, for which a disk waits less often than for one after the other.
        Returns their hashes; who is told of an error aborts them all."""
        ...

    async def get(self, digest: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes from `start` to `end` (exclusive). Raises NotFound."""
        ...

    async def together(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Those of some blobs that one read brings all at once, by hash; the others are read each for itself."""
        ...

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The same in chunks of at most CHUNK bytes. Raises NotFound at the first step."""
        ...

    def extents(self, digest: str, start: int = 0, end: int | None = None) -> "AsyncIterator[bytes | Extent]":
        """The same for who sends them: what lies in a file is not read. Raises NotFound at the first step."""
        ...

    def mapped(self, digest: str) -> AbstractAsyncContextManager[Raw]:
        """The bytes to look into here and there, those of a large blob not in memory. Raises NotFound."""
        ...

    async def size(self, digest: str) -> int | None:
        """Bytes of the blob, or None when it is not here."""
        ...

    async def delete(self, digest: str) -> None:
        """Removes it; removing what is not there is no error."""
        ...

    def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """The hashes of all blobs last written before this time, in pages: what a sweeper looks at."""
        ...

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """Removes a blob unless it was written again since `before_ms`. Returns whether it was removed."""
        ...

    async def clean(self, before_ms: int) -> int:
        """Removes what unfinished writers left behind before this time. Returns how many."""
        ...


class WholeBlobs(Blobs, Protocol):
    """The blob store as everybody has it: large content is in pieces, and what is the same in two is kept once."""

    @overload
    async def writer(self) -> BlobReceiver: ...
    @overload
    async def writer(self, *, whole: bool) -> BlobWriter:
        """Opens a streaming write; with `whole` what is written stays in one piece, to be mapped without a copy."""
        ...

    async def piecewise(self, *hashes: "Hash") -> "PieceWriter":
        """Opens a streaming write whose caller keeps note of the pieces; all that comes goes into the hashes."""
        ...

    def busy(self) -> bool:
        """Whether large content is coming in, which goes before what can be done later."""
        ...

    async def assemble(self, pieces: Sequence[Piece], digest: str | None = None) -> str:
        """Makes a blob of others, in their order; they stay what they are. Returns its hash, which is computed when
        it is not given."""
        ...
