"""Where large content is cut into pieces: at places that its own bytes choose, so that two versions of a file have
most of their pieces in common wherever something was put in or taken out.

A cut is after 16 bytes that two sums find good. The first is of three of the bytes, modulo 256, and is good at one
place in 256: numpy computes it for many places in few steps. Only there the second is looked at, a weighted sum of
all 16 bytes modulo 2^64 that is good at one place in 8192: together one in two million."""

from collections.abc import Iterator
from typing import Any

from parvis.kernel.later import numpy as np

LEAST, MOST = 1024 * 1024, 8 * 1024 * 1024
"""Bytes of a piece."""
_WINDOW = 16
_SPAN = 128 * 1024
"""Places that are looked at together: what is computed of them stays in the processor's cache."""
_WEIGHTS = {5: 37, 15: 170}
"""Of these bytes of the 16; that of the first is 1. Their sum is even and what is good is odd, so no row of equal
bytes is ever good: a disk image has long ones, and each of their places would be looked at twice."""
_GOOD = 91
_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
_SMALL = 1 << 51


class Cutter:
    """Follows one content chunk by chunk."""

    def __init__(self) -> None:
        self._since = 0
        self._tail = b""
        self._sums, self._weighed = np.empty((2, _SPAN), np.uint8)
        self._hits = np.empty(_SPAN, np.bool_)

    def cuts(self, chunk: bytes | memoryview) -> list[int]:
        """The places in this chunk where a piece ends, in order."""
        found, start = list[int](), -self._since
        while (place := self._end(chunk, start)) is not None:
            found.append(place)
            start = place
        self._since = len(chunk) - start
        self._tail = (self._tail + bytes(chunk[1 - _WINDOW :]))[1 - _WINDOW :]
        return found

    def _end(self, chunk: bytes | memoryview, start: int) -> int | None:
        """Where the piece that began at `start` ends: at the first good place that is far enough, but not too far.
        None when it is not in this chunk."""
        first, last = max(1, start + LEAST), start + MOST
        stop = min(len(chunk), last - 1) + 1
        for place, after in _spans(first, stop):
            good = self._good(self._windows(chunk, place, after))
            if len(good):
                return place + int(good[0])
        return last if last <= len(chunk) else None

    def _windows(self, chunk: bytes | memoryview, first: int, stop: int) -> "np.ndarray[Any, np.dtype[np.uint8]]":
        """The bytes before the places from `first` on, as far as they say anything of one of them."""
        begin = first - _WINDOW
        if begin < 0:
            chunk, begin, stop = self._tail[begin:] + bytes(chunk[: stop - 1]), 0, stop - begin
        return np.frombuffer(chunk, np.uint8, stop - 1 - begin, begin)

    def _good(self, data: "np.ndarray[Any, np.dtype[np.uint8]]") -> "np.ndarray[Any, np.dtype[np.int64]]":
        """The places, counted from the end of the first window, that are good. What is computed on the way is in
        memory that is used again: new memory for each step would cost a quarter more."""
        count = len(data) - _WINDOW + 1
        sums, weighed, hits = self._sums[:count], self._weighed[:count], self._hits[:count]
        np.copyto(sums, data[:count])
        for place, weight in _WEIGHTS.items():
            np.multiply(data[place : place + count], weight, out=weighed)
            np.add(sums, weighed, out=sums)
        (places,) = np.equal(sums, _GOOD, out=hits).nonzero()
        if not len(places):
            return places
        words = np.ndarray(len(data) - 7, "<u8", data, strides=(1,))  # at every place, not only at each eighth
        good: np.ndarray[Any, np.dtype[np.int64]] = places[
            words[places] * _FIRST + words[places + 8] * _SECOND < _SMALL
        ]
        return good


def _spans(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Places that are looked at together; by themselves those before which less than a window is in the chunk."""
    if first < min(_WINDOW, stop):
        yield first, min(_WINDOW, stop)
        first = _WINDOW
    for place in range(first, stop, _SPAN):
        yield place, min(place + _SPAN, stop)
