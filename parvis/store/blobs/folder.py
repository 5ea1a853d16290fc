"""Blobs in a folder: small ones in the database, each other in a file `ab/cd/abcd...`, which is written beside,
synced, then renamed, so that a name is never half a blob."""

import asyncio
import ctypes
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, Unavailable
from parvis.kernel.mapped import Mapped, Raw
from parvis.store.blobs import small
from parvis.store.blobs.contract import RENEW_MS, BlobWriter, Step, stored
from parvis.store.blobs.extents import Extent, chunks
from parvis.store.sql.contract import Database

_LIBC, _SYNC_FILE_RANGE_WRITE = ctypes.CDLL(None), 2
_MINUTE_MS = 60_000
_WAITING = 4
"""Threads that wait until the disk has what came: more of them would not make it quicker, and those that everybody
uses have something else to do meanwhile."""
_EVER = 1 << 62


class FolderBlobs:
    """A blob store in `root`; the folder is made when missing."""

    at_once = 16

    def __init__(self, root: Path, db: Database) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._small = small.SmallBlobs(db)
        self._waiting = ThreadPoolExecutor(_WAITING, "blob-sync")

    def path(self, digest: str) -> Path:
        """Where the blob of this hash is kept when it has a file."""
        return self._root / digest[:2] / digest[2:4] / digest

    async def put(self, content: bytes) -> str:
        """See Blobs.put."""
        if len(content) > small.LARGEST:
            return await asyncio.to_thread(self._put, content)
        digest = hashlib.sha256(content).hexdigest()
        await self._small.put(digest, content)
        return digest

    async def join(self, content: bytes) -> tuple[str, Step]:
        """See Blobs.join."""
        if len(content) > small.LARGEST:
            return await self.put(content), stored
        digest = hashlib.sha256(content).hexdigest()
        return digest, lambda unit: self._small.add(unit, digest, content)

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not self.renew(digest):
            temporary = self._incoming / ids.token(16)
            with _writing(temporary):
                with temporary.open("xb") as file:
                    file.write(content)
                    _sync(file)
                self.adopt({temporary: digest})
        return digest

    def renew(self, digest: str) -> bool:
        """Whether the blob is there, and then keeps a sweeper away from it. It is durable on return."""
        path = self.path(digest)
        with self._turn(fcntl.LOCK_SH):
            try:
                age_ms = clock.now_ms() - path.stat().st_mtime_ns // 1_000_000
                if age_ms > RENEW_MS:
                    os.utime(path)
            except FileNotFoundError:
                return False
        if age_ms < _MINUTE_MS:  # whoever wrote it may not have synced the folder yet
            _sync_folder(path.parent)
        return True

    @contextmanager
    def _turn(self, how: int) -> Iterator[None]:
        """Holds the sweeper's lock, shared or alone, against threads and processes."""
        with (self._root / "sweep.lock").open("ab") as lock:
            fcntl.flock(lock, how)
            yield

    def adopt(self, written: Mapping[Path, str]) -> None:
        """Gives written and synced files their final names, durably: all first, then each folder is synced once."""
        touched = dict[Path, None]()
        for temporary, digest in written.items():
            final = self.path(digest)
            made = [folder.parent for folder in (final.parent.parent, final.parent) if not _is_old(folder)]
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.rename(final)
            touched |= dict.fromkeys((final.parent, *made))
        for folder in touched:
            _sync_folder(folder)

    async def writer(self) -> "FolderWriter":
        """See Blobs.writer."""
        return FolderWriter(self, self._incoming / ids.token(16))

    async def commit(self, writers: Sequence[BlobWriter]) -> list[str]:
        """See Blobs.commit."""
        mine = [writer for writer in writers if isinstance(writer, FolderWriter)]
        found = {writer.temporary: writer.digest() for writer in mine if writer.file}
        files = [writer.file for writer in mine if writer.file]
        with _writing():
            await asyncio.get_running_loop().run_in_executor(self._waiting, self._keep, files, found)
        return [found.get(writer.temporary) or await self.put(writer.held) for writer in mine]

    def _keep(self, files: Sequence[BinaryIO], written: Mapping[Path, str]) -> None:
        _harden(files)
        fresh = dict[Path, str]()
        for temporary, digest in written.items():
            if digest in fresh.values() or self.renew(digest):
                temporary.unlink()
            else:
                fresh[temporary] = digest
        self.adopt(fresh)

    async def get(self, digest: str, start: int = 0, end: int | None = None) -> bytes:
        """See Blobs.get."""
        if (content := await self._small.get(digest)) is not None:
            return content[start:end]
        return await asyncio.to_thread(self._get, digest, start, end)

    async def together(self, digests: Sequence[str]) -> dict[str, bytes]:
        """See Blobs.together."""
        return await self._small.together(digests)

    def _get(self, digest: str, start: int, end: int | None) -> bytes:
        with self._open(digest) as file:
            file.seek(start)
            return file.read() if end is None else file.read(max(0, end - start))

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See Blobs.stream."""
        return chunks(self.extents(digest, start, end))

    async def extents(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Extent]:
        """See Blobs.extents."""
        if (content := await self._small.get(digest)) is not None:
            if piece := content[start:end]:
                yield piece
            return
        with self._open(digest) as file:
            size = os.fstat(file.fileno()).st_size
            if (stop := size if end is None else min(end, size)) > start:
                yield Extent(file, start, stop - start)

    @asynccontextmanager
    async def mapped(self, digest: str) -> AsyncIterator[Raw]:
        """See Blobs.mapped."""
        if (content := await self._small.get(digest)) is not None:
            yield content
            return
        with self._open(digest) as file, Mapped(file) as raw:
            yield raw

    def _open(self, digest: str) -> BinaryIO:
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound("no such blob", blob=digest) from error

    async def size(self, digest: str) -> int | None:
        """See Blobs.size."""
        if (size := await self._small.size(digest)) is not None:
            return size
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    async def delete(self, digest: str) -> None:
        """See Blobs.delete."""
        await self._small.delete_older(digest, _EVER)
        self.path(digest).unlink(missing_ok=True)

    async def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """See Blobs.older_than."""
        async for small_page in self._small.older_than(before_ms):
            yield small_page
        folders = await asyncio.to_thread(lambda: sorted(self._root.glob("??")))
        for folder in folders:
            if page := await asyncio.to_thread(_older, folder.glob("??/*"), before_ms):
                yield [path.name for path in page]

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """See Blobs.delete_older."""
        if await self._small.delete_older(digest, before_ms):
            return True
        return await asyncio.to_thread(self._delete_older, digest, before_ms)

    def _delete_older(self, digest: str, before_ms: int) -> bool:
        with self._turn(fcntl.LOCK_EX):
            for path in _older([self.path(digest)], before_ms):
                path.unlink()
                return True
        return False

    async def clean(self, before_ms: int) -> int:
        """See Blobs.clean."""
        left = await asyncio.to_thread(_older, self._incoming.iterdir(), before_ms)
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


class FolderWriter:
    """Bytes in memory while they are few, then a file beside the blobs; hashed as they come."""

    def __init__(self, blobs: FolderBlobs, temporary: Path) -> None:
        self._blobs, self.temporary = blobs, temporary
        self.held = b""
        self.file: BinaryIO | None = None
        """Where it is when it is no longer in `held`."""
        self._hash = hashlib.sha256()
        self.size = 0

    async def write(self, chunk: bytes | memoryview) -> None:
        """See BlobWriter.write."""
        self.size += len(chunk)
        if self.size <= small.LARGEST:
            self.held += chunk
            return
        with _writing():
            await asyncio.to_thread(self._write, self.held + chunk if self.held else chunk)
        self.held = b""

    def _write(self, content: bytes | memoryview) -> None:
        self._hash.update(content)
        self.file = self.file or self.temporary.open("xb")
        self.file.write(content)
        _begin(self.file)

    def digest(self) -> str:
        """The hash of what is in the file."""
        return self._hash.hexdigest()

    async def commit(self) -> str:
        """See BlobWriter.commit."""
        [digest] = await self._blobs.commit([self])
        return digest

    async def abort(self) -> None:
        """See BlobWriter.abort."""
        if self.file is not None:
            with suppress(OSError):  # what is still in its buffer may not fit on the disk
                self.file.close()
            self.temporary.unlink(missing_ok=True)


@contextmanager
def _writing(temporary: Path | None = None) -> Iterator[None]:
    """Names a full or broken disk, and leaves nothing half written."""
    try:
        yield
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise Unavailable(f"the blob folder cannot write: {error}") from error


def _older(paths: Iterable[Path], before_ms: int) -> list[Path]:
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime_ns // 1_000_000 < before_ms:
                found.append(path)
    return found


def _is_old(folder: Path) -> bool:
    """Whether a folder is there for good: whoever has just made it may not have synced the one around it yet."""
    try:
        return clock.now_ms() - folder.stat().st_mtime_ns // 1_000_000 > _MINUTE_MS
    except FileNotFoundError:
        return False


def _harden(files: Sequence[BinaryIO]) -> None:
    """Makes what is in files durable, and closes them."""
    for file in files:
        _sync(file)
        file.close()


def _begin(file: BinaryIO) -> None:
    """Lets the disk begin with what is in a file, and does not wait for it, where the system can (Linux does)."""
    begin = getattr(_LIBC, "sync_file_range", None)
    if begin is not None:
        begin(file.fileno(), ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fdatasync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
