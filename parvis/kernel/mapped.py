"""A file as bytes, for what walks over more than should be in memory at once."""

import mmap
from typing import BinaryIO, SupportsIndex, overload

PIECE = 1024 * 1024
"""Bytes that are looked at together."""
_HELD = 4 * PIECE
Index = SupportsIndex | None


class Mapped(mmap.mmap):
    """The bytes of a file that does not change, asked as `bytes` is. What was looked at is given back to the system
    as the walk goes on, so that a process does not grow by the file."""

    _touched = 0

    def __new__(cls, file: BinaryIO) -> "Mapped":
        """Of an open file, which may not be empty."""
        return super().__new__(cls, file.fileno(), 0, access=mmap.ACCESS_READ)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: "slice[Index, Index, Index]", /) -> bytes: ...
    def __getitem__(self, key: "SupportsIndex | slice", /) -> int | bytes:
        """One byte, or a copy of a piece."""
        found = super().__getitem__(key)
        if isinstance(found, bytes):
            self._touch(len(found))
        return found

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        """Where `sub` is first met, or -1."""
        stop = len(self) if end is None else min(end, len(self))
        while start < stop:
            after = min(start + PIECE, stop)
            at = super().find(sub, start, min(after + len(sub) - 1, stop))
            self._touch((after if at < 0 else at) - start)
            if at >= 0:
                return at
            start = after
        return -1

    def count(self, octet: bytes, start: int, end: int) -> int:
        """How often one byte is met."""
        return sum(self[at : min(at + PIECE, end)].count(octet) for at in range(start, end, PIECE))

    def startswith(self, prefix: bytes, start: int) -> bool:
        """Whether `prefix` stands at a place."""
        return self[start : start + len(prefix)] == prefix

    def _touch(self, count: int) -> None:
        self._touched += count
        if self._touched > _HELD:
            self._touched = 0
            self.madvise(mmap.MADV_DONTNEED)


Raw = bytes | Mapped
"""The bytes of a message, in memory or in a file."""
