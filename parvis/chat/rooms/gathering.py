"""Writes to rooms that wait at the same time share a unit: its commit, its clock, its line in the outbox. One that
is alone has a unit of its own at once; where several were answered together, the first that comes again waits for
the others for a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from parvis.chat.rooms.home import Home
from parvis.chat.rooms.writing import Work, Writing, write
from parvis.kernel import clock

_MOST = 64
"""Writes in one unit."""
_MOMENT, _MOMENTS, _OVER = 0.001, 5, 0.1
"""Seconds in which another must come to be waited for; how many of them at most; and after how many seconds nobody
is waited for any more."""
T = TypeVar("T")


Works = Callable[[Writing, Sequence[Any]], Awaitable[Sequence[Any]]]
"""What carries out several wishes of one kind: for each its result, or the error that refuses it."""


@dataclass(slots=True)
class _Wish:
    """A write that waits for its turn: what is given to `works`."""

    works: Works
    given: Any
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
        self._many, self._ended = 1, 0.0
        """How many shared the last unit, and when it ended."""

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a unit; then those wake who wait for what it changed, on all nodes. It may be run more
        than once, and goes on when the caller is cancelled. Raises what it raises."""
        result: T = await self.carry_out(_in_turn, work)
        return result

    async def carry_out(self, works: Works, given: Any) -> Any:
        """The same for `works`, which is given what others want of it at that time as well. It may raise too, and
        is then run for each by itself."""
        wish = _Wish(works, given)
        self._waiting.append(wish)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await wish.done

    async def _write(self) -> None:
        while self._waiting:
            await self._others()
            some, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            _settle(some, await self._all(some))
            self._many, self._ended = len(some), clock.monotonic()

    async def _others(self) -> None:
        """Waits for those who wrote last, as long as they come one after the other."""
        for _ in range(_MOMENTS):
            here = len(self._waiting)
            if here >= self._many or clock.monotonic() - self._ended > _OVER:
                return
            await asyncio.sleep(_MOMENT)
            if len(self._waiting) == here:
                return

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
    results: list[Any] = []
    for works, wishes in groupby(some, lambda wish: wish.works):
        results += await works(writing, [wish.given for wish in wishes])
    return results


async def _in_turn(writing: Writing, works: Sequence[Work[Any]]) -> Sequence[Any]:
    return [await work(writing) for work in works]


async def _apart(some: Sequence[_Wish], writing: Writing) -> Sequence[Any]:
    """One that raises is undone, and the others are not."""
    results: list[Any] = []
    for wish in some:
        alone = Writing(writing.unit, writing.home)
        try:
            async with writing.unit.attempt():
                results += await wish.works(alone, [wish.given])
        except Exception as error:
            results.append(error)
        else:
            writing.touched.add(alone.touched)
    return results
