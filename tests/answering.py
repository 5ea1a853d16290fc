"""A server in the loop of a test."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

_PATIENCE = 0.5


class Answering:
    """Answers each connection by `answer`. When it is closed no connection is left: a loop that is closed under one
    that still says over TLS that it ends would be told of in some later test."""

    def __init__(self, answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._answer = answer
        self._running: set[asyncio.Task[None]] = set()

    async def open(self, **options: Any) -> int:
        """Listens; returns the port."""
        self._server = await asyncio.start_server(self._begun, "127.0.0.1", 0, **options)
        return self._server.sockets[0].getsockname()[1]

    def _begun(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._whole(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _whole(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def close(self) -> None:
        """Waits for those who are about to end, and cuts the others off."""
        self._server.close()
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=_PATIENCE)
            for each in left:
                each.cancel()
            await asyncio.gather(*left, return_exceptions=True)
