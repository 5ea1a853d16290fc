"""Vectors on SQLite: one bit a number in memory finds the neighbourhood, one byte a number on disk measures it.

A million passages take 48 MB here and are walked in some 10 ms. Everything that says who may see a passage
comes from the statement that calls: the functions registered here get the visible scopes as an argument of
that very statement.
"""

import math
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from parvis.kernel.later import numpy as np
from parvis.search.index.meaning import LANGUAGE_NUMBERS, step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 1 << 14
_FARTHEST = 1 << 15
_FIRST_ROOM = 1 << 12
_scopes_of = msgspec.json.Decoder(list[int])


class Codes:
    """The codes of all passages: grows at its end, forgets by mark. Written by one task, read by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordinals: dict[int, int] = {}
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._count, self._words = 0, 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds rows of passage, scope, time, language and code."""
        if not rows:
            return
        with self._lock:
            self._make_room(len(rows), len(rows[0][4]) // 8)
            part = slice(self._count, self._count + len(rows))
            self._ids[part] = [row[0] for row in rows]
            self._scopes[part] = [self._ordinals.setdefault(row[1], len(self._ordinals)) for row in rows]
            self._times[part] = [row[2] for row in rows]
            self._languages[part] = [LANGUAGE_NUMBERS.get(row[3], 0) for row in rows]
            found = np.frombuffer(b"".join(row[4] for row in rows), np.uint64)
            self._codes[:, part] = found.reshape(len(rows), -1).T
            self._count += len(rows)

    def drop(self, passages: Iterable[int]) -> None:
        """Forgets passages."""
        if not self._count:
            return
        gone = np.fromiter(passages, np.int64)
        if gone.size:
            with self._lock:
                held = np.isin(self._ids[: self._count], gone)
                self._scopes[: self._count][held] = -1

    def _make_room(self, more: int, words: int) -> None:
        if words != self._words:
            self._count, self._words = 0, words
            self._ids, self._scopes = np.zeros(0, np.int64), np.zeros(0, np.int32)
            self._times, self._languages = np.zeros(0, np.int64), np.zeros(0, np.uint8)
            self._codes = np.zeros((words, 0), np.uint64)  # a row for each 64 bits: read in one run, block by block
        wanted = self._count + more
        if wanted <= self._codes.shape[1]:
            return
        room = max(_FIRST_ROOM, wanted + wanted // 4)
        for name in ("_ids", "_scopes", "_times", "_languages", "_codes"):
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], room), old.dtype)
            new[..., : self._count] = old[..., : self._count]
            setattr(self, name, new)

    def nearest(
        self, code: bytes, language: str, scopes: Sequence[int], after: int, before: int, limit: int
    ) -> list[int]:
        """The passages of these scopes and this time whose codes differ least from `code`, nearest first: at
        most half of `limit` in the language asked in, and half in others."""
        with self._lock:
            if not self._count or len(code) != self._words * 8:
                return []
            count, ids, times = self._count, self._ids, self._times
            owners, languages, codes = self._scopes, self._languages, self._codes
            wanted = [self._ordinals[scope] for scope in scopes if scope in self._ordinals]
            known = len(self._ordinals)
        if not wanted:
            return []
        seen = np.zeros(known + 1, bool)
        seen[wanted] = True  # ordinal -1, the forgotten, is the last place and stays False
        asked = np.frombuffer(code, np.uint64)
        sides = _Least(limit // 2), _Least(limit // 2)
        for start in range(0, count, _BLOCK):  # each block stays in the processor's cache
            part = slice(start, min(start + _BLOCK, count))
            visible = seen[owners[part]] & (times[part] >= after) & (times[part] < before)
            if visible.any():
                distance = _distances(codes[:, part], asked)
                same = languages[part] == LANGUAGE_NUMBERS.get(language, 0)
                sides[0].take(distance, visible & same, start)
                sides[1].take(distance, visible & ~same, start)
        rows = np.concatenate([side.rows for side in sides])
        nearest = np.argsort(np.concatenate([side.distances for side in sides]), kind="stable")
        return [int(number) for number in ids[rows[nearest]]]

    def register(self, connection: apsw.Connection) -> None:
        """Gives an SQLite connection the functions `nearest(code, language, scopes as JSON, after, before,
        limit)`, which answers JSON, and `closeness(exact, question, mean, shift, square)`, for a Side."""

        def nearest(*args: Any) -> str:
            code, language, scopes, after, before, limit = args
            found = self.nearest(code, language, _scopes_of.decode(scopes), after, before, limit)
            return msgspec.json.encode(found).decode()

        connection.create_scalar_function("nearest", nearest, 6)
        connection.create_scalar_function("closeness", _closeness, 5, deterministic=True)


class _Least:
    """The rows of least distance met so far, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit, self._beyond = limit, _FARTHEST
        self.rows = np.zeros(0, np.int64)
        self.distances = np.zeros(0, np.uint16)

    def take(self, distance: "NDArray[np.uint16]", among: "NDArray[np.bool_]", start: int) -> None:
        """Looks at a block of rows that begins at `start`; only those `among` count."""
        near = np.flatnonzero(among & (distance < self._beyond))
        self.rows = np.concatenate([self.rows, near + start])
        self.distances = np.concatenate([self.distances, distance[near]])
        if len(self.rows) > self._limit:
            kept = np.argpartition(self.distances, self._limit)[: self._limit]
            self.rows, self.distances = self.rows[kept], self.distances[kept]
            self._beyond = int(self.distances.max(initial=0))


def _distances(codes: "NDArray[np.uint64]", code: "NDArray[np.uint64]") -> "NDArray[np.uint16]":
    """The differing bits of each code, a column of `codes`."""
    total = np.zeros(codes.shape[1], np.uint16)
    for word, asked in zip(codes, code, strict=True):
        total += np.bitwise_count(word ^ asked)
    return total


def _closeness(*args: Any) -> float | None:
    """The cosine of a stored vector without `mean` and a question's (float32); nothing where none is stored."""
    exact, question, mean, shift, square = args
    if exact is None or question is None:
        return None
    numbers = np.frombuffer(exact, np.int8).astype(np.float32)
    unit = step(len(numbers))
    product = float(numbers.dot(np.frombuffer(question, np.float32))) * unit - shift
    overlap = float(numbers.dot(np.frombuffer(mean, np.float32))) * unit
    cosine: float = product / math.sqrt(1.0 + square - 2.0 * overlap)
    return cosine
