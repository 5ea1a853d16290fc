"""A door of a line protocol as a feature brings it: app.py starts and stops it."""

from collections.abc import Callable

from parvis.serve.lines.door import Door
from parvis.serve.lines.listener import Listener

_GRACE_SECONDS = 15.0


class Port:
    """One port; see serve.feature.Listener. `door` is called when it is opened, so that a certificate is not made
    for a port that is switched off."""

    def __init__(self, name: str, port: int, door: Callable[[], Door]) -> None:
        self.name, self._port, self._door = name, port, door
        self._listener: Listener | None = None

    async def start(self) -> int:
        """Listens; the port in use, -1 when it is switched off."""
        if self._port < 0:
            return -1
        self._listener = await Listener.open(self._door())
        return self._listener.port

    async def stop(self) -> None:
        """Takes no more connections and lets what runs end."""
        if self._listener is not None:
            await self._listener.close(_GRACE_SECONDS)
            self._listener = None
