"""The bus of one process."""

import logging
from collections import defaultdict

from parvis.store.bus.contract import Cancel, Handler

_log = logging.getLogger(__name__)


class MemoryBus:
    """Calls the subscribers directly."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = defaultdict(list)

    async def publish(self, topic: str, payload: bytes = b"") -> None:
        """See Bus.publish."""
        for handler in tuple(self._handlers[topic]):
            try:
                handler(payload)
            except Exception:  # the publisher has committed: a listener's mistake is not its own
                _log.exception("bus: a listener of %s", topic)

    async def subscribe(self, topic: str, handler: Handler) -> Cancel:
        """See Bus.subscribe."""
        self._handlers[topic].append(handler)
        return lambda: self._handlers[topic].remove(handler) if handler in self._handlers[topic] else None

    async def close(self) -> None:
        """See Bus.close."""
        self._handlers.clear()
