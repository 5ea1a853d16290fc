"""Something that one waits for, with little kept of it."""

import asyncio


class Signal:
    """As asyncio.Event, whose queue of waiters alone takes 700 bytes: for what each of many connections has."""

    __slots__ = ("_set", "_waiting")

    def __init__(self, *, already: bool = False) -> None:
        self._set, self._waiting = already, list[asyncio.Future[bool]]()

    def is_set(self) -> bool:
        """Whether it has come."""
        return self._set

    def set(self) -> None:
        """Lets all who wait go on, and nobody wait from now on."""
        self._set = True
        for each in self._waiting:
            _ended(each, come=True)

    def clear(self) -> None:
        """It may be waited for again."""
        self._set = False

    async def wait(self, seconds: float | None = None, other: "Signal | None" = None) -> bool:
        """Returns whether it came, or the `other`, at the latest after so many seconds."""
        if self._set or (other is not None and other._set):
            return True
        both = (self,) if other is None else (self, other)
        loop = asyncio.get_running_loop()
        coming: asyncio.Future[bool] = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _over, coming)
        for each in both:
            each._waiting.append(coming)
        try:
            return await coming
        finally:
            for each in both:
                each._waiting.remove(coming)
            if timer is not None:
                timer.cancel()


def _over(coming: "asyncio.Future[bool]") -> None:
    _ended(coming, come=False)


def _ended(coming: "asyncio.Future[bool]", *, come: bool) -> None:
    if not coming.done():
        coming.set_result(come)
