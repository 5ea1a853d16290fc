"""How memory is kept, and given back. Of C libraries only glibc is told; nothing happens with another one."""

import asyncio
import ctypes
from collections.abc import Callable

from parvis.kernel import clock

_LIBC = ctypes.CDLL(None)
_TRIM_THRESHOLD, _ARENA_MAX = -1, -8
"""Numbers of mallopt(3)'s parameters."""
_TRIMMED = 1 << 17
_LOOK_SECONDS = 1.0
_LITTLE, _MUCH = 0.03, 0.5
"""Seconds of the processor: who takes less between two looks rests; who took more since the last rest, worked."""


def be_frugal() -> None:
    """One heap for all threads, whose free end goes back to the system at once: some 40 MB less for a server with
    ten thousand messages. To be called before there is a second thread, which would have got a heap of its own."""
    tell = getattr(_LIBC, "mallopt", None)
    if tell is not None:
        tell(_ARENA_MAX, 1)
        tell(_TRIM_THRESHOLD, _TRIMMED)


def give_back() -> None:
    """Hands the free pages of the heap back to the system (some 60 MB after a mailbox was indexed). A few
    milliseconds."""
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)


async def at_rest(let_go: Callable[[], None]) -> None:
    """Each time that the process rests after it has worked, calls `let_go` for what is held only to be quick, and
    gives back what is free. For ever."""
    before = rested = clock.worked()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = clock.worked()
        if now - before < _LITTLE and now - rested >= _MUCH:
            let_go()
            give_back()
            rested = now = clock.worked()
        before = now
