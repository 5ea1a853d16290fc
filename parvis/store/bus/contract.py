"""The contract of both buses: at most once, unordered between topics; what must not be lost is in the outbox."""

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[bytes], None]
Cancel = Callable[[], None]


class Bus(Protocol):
    """Publish and subscribe by topic (`state`, `outbox`, `jobs`, `session`)."""

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """Tells every present subscriber on every node, soon."""
        ...

    async def subscribe(self, topic: str, handler: Handler) -> Cancel:
        """Calls `handler` on the loop for each message until the returned function is called."""
        ...

    async def close(self) -> None:
        """Ends all subscriptions."""
        ...
