"""Writes to rooms that wait at the same time share a unit: its commit, its clock, its line in the outbox. One that
is alone has a unit of its own at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from parvis.chat.rooms.home import Home
from parvis.chat.rooms.writing import Work, Writing, write

_MOST = 64
"""Writes in one unit."""
T = TypeVar("T")


@dataclass(slots=True)
class _Wish:
    """A write that waits for its turn."""

    work: Work[Any]
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, result: Any) -> None:
        """Tells who waits, who may have gone away."""
        if self.done.done():
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


class Gathering:
    """All writes to rooms of this node, in the order they come."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._waiting: list[_Wish] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a unit; then those wake who wait for what it changed, on all nodes. It may be run more
        than once, and goes on when the caller is cancelled. Raises what it raises."""
        wish = _Wish(work)
        self._waiting.append(wish)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        result: T = await wish.done
        return result

    async def _write(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            _settle(some, await self._all(some))

    async def _all(self, some: Sequence[_Wish]) -> Sequence[Any]:
        """What each came to: its result, or the error it raised."""
        try:
            return await write(self._home, lambda writing: _together(some, writing), partial(_settle, some))
        except Exception as error:
            if len(some) == 1:
                return [error]
        try:
            return await write(self._home, lambda writing: _apart(some, writing), partial(_settle, some))
        except Exception as error:  # the database's, so it is everybody's
            return [error] * len(some)


def _settle(some: Sequence[_Wish], results: Sequence[Any]) -> None:
    for wish, result in zip(some, results, strict=True):
        wish.settle(result)


async def _together(some: Sequence[_Wish], writing: Writing) -> Sequence[Any]:
    return [await wish.work(writing) for wish in some]


async def _apart(some: Sequence[_Wish], writing: Writing) -> Sequence[Any]:
    """One that raises is undone, and the others are not."""
    results: list[Any] = []
    for wish in some:
        alone = Writing(writing.unit, writing.home)
        try:
            async with writing.unit.attempt():
                results.append(await wish.work(alone))
        except Exception as error:
            results.append(error)
        else:
            writing.touched.add(alone.touched)
    return results
