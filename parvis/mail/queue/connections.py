"""Connections to other servers that the next message to the same server may use: so many waiting messages to one
place cost one greeting and one TLS. RFC 5321 §3.3 (a session has any number of transactions)"""

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import dataclass

from parvis.kernel.later import aiosmtplib
from parvis.mail.queue.route import Host

MESSAGES = 100
"""Messages by one connection; then it is ended, so that load spreads over the other side's servers."""
IDLE_SECONDS = 2.0
"""How long a connection waits for the next message: long enough while there are some, no burden to its server."""


@dataclass(eq=False)
class Line:
    """A greeted connection to a host, and how many messages went by it."""

    host: Host
    client: "aiosmtplib.SMTP"
    messages: int = 0
    ending: asyncio.TimerHandle | None = None

    async def end(self) -> None:
        """Says goodbye, if anybody still listens."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if self.client.is_connected:
                await self.client.quit(timeout=5)
        self.client.close()


class Connections:
    """Those at rest on this node."""

    def __init__(self) -> None:
        self._idle: dict[Host, list[Line]] = defaultdict(list)
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self, host: Host) -> Line | None:
        """A connection to this host that still answers, or None."""
        while waiting := self._idle.get(host):
            line = self._out(waiting[-1])
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await line.client.rset(timeout=5)  # a server may have closed it, and what was begun is undone
                return line
            line.client.close()
        return None

    async def give(self, line: Line) -> None:
        """Keeps a connection for a moment, or ends it when it is broken or has carried enough."""
        line.messages += 1
        if line.messages >= MESSAGES or not line.client.is_connected:
            await line.end()
            return
        self._idle[line.host].append(line)
        line.ending = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._expire, line)

    def _out(self, line: Line) -> Line:
        waiting = self._idle[line.host]
        waiting.remove(line)
        if not waiting:
            del self._idle[line.host]
        if line.ending is not None:
            line.ending.cancel()
        return line

    def _expire(self, line: Line) -> None:
        task = asyncio.create_task(self._out(line).end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Ends all."""
        lines = [line for waiting in self._idle.values() for line in waiting]
        await asyncio.gather(*(self._out(line).end() for line in lines), *self._ending)
