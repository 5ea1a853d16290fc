"""The bus of many nodes, over a NATS server. Subscribers of the same process are told directly, so that a node
goes on working by itself while the server is away."""

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from parvis.kernel.errors import Unavailable
from parvis.store.bus.contract import Cancel, Handler
from parvis.store.bus.memory import MemoryBus

_CONNECT_SECONDS = 5.0
_log = logging.getLogger(__name__)


class NatsBus:
    """Topics are subjects `<prefix>.<topic>`. What is sent while the server is away may be lost."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._here = MemoryBus()

    @classmethod
    async def open(cls, url: str) -> "NatsBus":
        """Connects to `nats://user:password@host:port?prefix=parvis`. Raises Unavailable when nobody answers."""
        parts = urlsplit(url)
        prefix = parse_qs(parts.query).get("prefix", ["parvis"])[-1]
        client = Client()
        bus = cls(client, prefix)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):  # the client itself would try for ever
                await client.connect(
                    parts._replace(query="", path="").geturl(),
                    name="parvis",
                    no_echo=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    error_cb=_tell,
                )
            await client.subscribe(f"{prefix}.>", cb=bus._heard)
            for _ in range(2):  # the first PING goes out before the SUB that waits to be sent
                await client.flush(5)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            await client.close()
            raise Unavailable(f"the bus does not answer: {error}") from error
        return bus

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """See Bus.publish."""
        await self._here.publish(topic, payload)
        try:
            await self._client.publish(f"{self._prefix}.{topic}", payload)
        except nats.errors.Error as error:
            _log.warning("bus: %s not sent: %s", topic, error)

    async def subscribe(self, topic: str, handler: Handler) -> Cancel:
        """See Bus.subscribe."""
        return await self._here.subscribe(topic, handler)

    async def close(self) -> None:
        """See Bus.close."""
        await self._here.close()
        if self._client.is_connected:
            await self._client.drain()
        else:
            await self._client.close()

    async def _heard(self, message: Msg) -> None:
        await self._here.publish(message.subject[len(self._prefix) + 1 :], message.data)


async def _tell(error: Any) -> None:
    _log.warning("bus: %s", error or "connection lost")
