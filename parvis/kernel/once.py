"""What many want at the same time is done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Work that is under way, by its key: whoever wants the same meanwhile waits for the same."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    def __contains__(self, key: K) -> bool:
        """Whether it is under way."""
        return key in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    async def of(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` returns or raises; it is begun when nobody has. Whoever stops waiting stops nobody's work."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Breaks off what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
