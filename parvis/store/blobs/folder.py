"""Blobs in a folder: `ab/cd/abcd...`; written beside, synced, then renamed, so that a name is never half a blob."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from parvis.kernel import ids
from parvis.kernel.errors import NotFound, Unavailable
from parvis.store.blobs.contract import CHUNK


class FolderBlobs:
    """A blob store in `root`; the folder is made when missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Where the blob of this hash is kept."""
        return self._root / digest[:2] / digest[2:4] / digest

    async def put(self, content: bytes) -> str:
        """See Blobs.put."""
        return await asyncio.to_thread(self._put, content)

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not self.path(digest).exists():
            temporary = self._incoming / ids.token(16)
            try:
                with temporary.open("xb") as file:
                    file.write(content)
                    _sync(file)
                self.adopt(temporary, digest)
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise Unavailable(f"the blob folder cannot write: {error}") from error
        return digest

    def adopt(self, temporary: Path, digest: str) -> None:
        """Gives a written and synced file its final name, durably."""
        final = self.path(digest)
        new_folders = [folder for folder in (final.parent.parent, final.parent) if not folder.exists()]
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.rename(final)
        for folder in (final.parent, *(made.parent for made in new_folders)):
            _sync_folder(folder)

    async def writer(self) -> "FolderWriter":
        """See Blobs.writer."""
        return FolderWriter(self, self._incoming / ids.token(16))

    async def get(self, digest: str, start: int = 0, end: int | None = None) -> bytes:
        """See Blobs.get."""
        return await asyncio.to_thread(self._get, digest, start, end)

    def _get(self, digest: str, start: int, end: int | None) -> bytes:
        with self._open(digest) as file:
            file.seek(start)
            return file.read() if end is None else file.read(max(0, end - start))

    async def stream(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See Blobs.stream."""
        with self._open(digest) as file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def _open(self, digest: str) -> IO[bytes]:
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound("no such blob", blob=digest) from error

    async def size(self, digest: str) -> int | None:
        """See Blobs.size."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    async def delete(self, digest: str) -> None:
        """See Blobs.delete."""
        self.path(digest).unlink(missing_ok=True)


class FolderWriter:
    """A file beside the blobs, hashed as it grows."""

    def __init__(self, blobs: FolderBlobs, temporary: Path) -> None:
        self._blobs, self._temporary = blobs, temporary
        self._file = temporary.open("xb")
        self._hash = hashlib.sha256()
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """See BlobWriter.write."""
        self._hash.update(chunk)
        self.size += len(chunk)
        await asyncio.to_thread(self._file.write, chunk)

    async def commit(self) -> str:
        """See BlobWriter.commit."""
        digest = self._hash.hexdigest()
        await asyncio.to_thread(self._finish, digest)
        return digest

    def _finish(self, digest: str) -> None:
        _sync(self._file)
        self._file.close()
        if self._blobs.path(digest).exists():
            self._temporary.unlink()
        else:
            self._blobs.adopt(self._temporary, digest)

    async def abort(self) -> None:
        """See BlobWriter.abort."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fdatasync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
