"""Where large content is cut into pieces: at places that its own bytes choose, so that two versions of a file have
most of their pieces in common wherever something was put in or taken out.

A cut is after 16 bytes of which a weighted sum, modulo 2^64, is small: one place in two million on average. All
sums of a chunk are computed at once with numpy, eight times over words that begin at eight places."""

from typing import Any

import numpy as np

LEAST, MOST = 1024 * 1024, 8 * 1024 * 1024
"""Bytes of a piece."""
_WINDOW = 16
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SMALL = np.uint64(1 << 43)


class Cutter:
    """Follows one content chunk by chunk."""

    def __init__(self) -> None:
        self._since = 0
        self._tail = b""

    def cuts(self, chunk: bytes) -> list[int]:
        """The places in this chunk where a piece ends, in order."""
        found, start = list[int](), -self._since
        if len(chunk) - start >= LEAST:
            places = self._candidates(chunk)
            while (place := _next(places, start)) <= len(chunk):
                found.append(place)
                start = place
        self._since = len(chunk) - start
        self._tail = (self._tail + chunk)[-(_WINDOW - 1) :]
        return found

    def _candidates(self, chunk: bytes) -> "np.ndarray[Any, np.dtype[np.int64]]":
        data = self._tail + chunk
        found = [np.empty(0, np.int64)]
        for first in range(8):
            words = np.frombuffer(data, "<u8", max(0, len(data) - first) // 8, min(first, len(data)))
            sums = words[:-1] * _FIRST + words[1:] * _SECOND
            found.append(np.flatnonzero(sums < _SMALL) * 8 + (first + _WINDOW - len(self._tail)))
        ends = np.sort(np.concatenate(found))
        return ends[ends > 0]


def _next(places: "np.ndarray[Any, np.dtype[np.int64]]", start: int) -> int:
    """Where the piece that begins at `start` ends: at the first place that is far enough, but not too far."""
    index = int(np.searchsorted(places, start + LEAST))
    return min(int(places[index]), start + MOST) if index < len(places) else start + MOST
