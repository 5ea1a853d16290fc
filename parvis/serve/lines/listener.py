"""Listens on a door's port, counts its clients and stops gracefully."""

import asyncio
from collections import Counter

from parvis.serve.lines.connection import Connection
from parvis.serve.lines.door import Door
from parvis.serve.rates import network_of


class Listener:
    """One open door. `await Listener.open(door)`, then `close`."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.port = 0
        """The port in use."""
        self.turned_away = 0
        self._connections: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @classmethod
    async def open(cls, door: Door) -> "Listener":
        """Starts to listen. Raises OSError when the port is taken."""
        listener = cls(door)
        loop = asyncio.get_running_loop()
        secured = door.tls if door.implicit_tls else None
        server = await loop.create_server(
            lambda: Connection(door, listener._accept, listener._gone),
            door.host,
            door.port,
            backlog=512,
            ssl=secured,
            ssl_handshake_timeout=door.handshake_seconds if secured else None,
        )
        listener._server = server
        listener.port = server.sockets[0].getsockname()[1]
        return listener

    def __len__(self) -> int:
        """Clients at present."""
        return len(self._connections)

    async def close(self, grace: float = 10.0) -> None:
        """Accepts nobody more, lets each session finish the command it is carrying out, and cuts off after
        `grace` seconds those that have not ended."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.stop()
        try:
            async with asyncio.timeout(grace):  # not wait_for, which may lose a cancellation
                await self._empty.wait()
        except TimeoutError:
            await self._cut_off()
        self._server = None

    async def _cut_off(self) -> None:
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, connection: Connection) -> bool:
        key = network_of(connection.host)
        full = len(self._connections) >= self.door.at_once
        if full or self._by_address[key] >= self.door.at_once_per_address:
            self.turned_away += 1
            return False
        self._connections.add(connection)
        self._by_address[key] += 1
        self._empty.clear()
        return True

    def _gone(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        key = network_of(connection.host)
        self._by_address[key] -= 1
        if self._by_address[key] <= 0:
            del self._by_address[key]
        if not self._connections:
            self._empty.set()
