"""What many are told alike is read once. Whoever waits in a room wakes with all others that wait there, and asks
the same from the same position to the same: the first one reads, and the others have what was found. Rights are
nobody else's: each proves theirs before."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from parvis.kernel import clock
from parvis.kernel.recent import Recent

T = TypeVar("T")
_SECONDS = 1.0
"""How long what was found is kept, for who is woken together."""
_MOST = 200


class Shared:
    """Readings of this node."""

    def __init__(self) -> None:
        self._known: Recent[Hashable, tuple[float, asyncio.Future[Any]]] = Recent(_MOST)

    async def of(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` finds. The key says all that it depends on, and up to which position it is: nothing that
        comes later may be missing from it, nor anybody's own be in it. What is found is not changed."""
        while (known := self._known.get(key)) is not None and known[0] >= clock.monotonic():
            future = known[1]
            try:
                found: T = future.result() if future.done() else await asyncio.shield(future)
            except asyncio.CancelledError:
                asking = asyncio.current_task()
                if not future.cancelled() or (asking is not None and asking.cancelling()):
                    raise  # it is who asks that is cancelled, and not who reads
            else:
                return found
        return await self._first(key, read)

    async def _first(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._known[key] = (clock.monotonic() + _SECONDS, future)
        try:
            found = await read()
        except BaseException:
            if self._known.get(key, (0, None))[1] is future:
                del self._known[key]
            future.cancel()  # the next one reads
            raise
        future.set_result(found)
        return found
