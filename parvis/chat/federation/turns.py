"""One after the other: what a server sends is taken in the order it comes."""

import asyncio
import weakref


class Turns:
    """A lock for each server, for as long as somebody holds or awaits it. Of this node."""

    def __init__(self) -> None:
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def of(self, server: str) -> asyncio.Lock:
        """To be held while something of a server is taken."""
        return self._locks.setdefault(server, asyncio.Lock())
