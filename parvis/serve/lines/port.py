"""A door of a line protocol as a feature brings it: app.py starts and stops it."""

import ssl
from collections.abc import Callable
from dataclasses import replace

from parvis.serve.lines.door import Door
from parvis.serve.lines.listener import Listener

_GRACE_SECONDS = 15.0


class Port:
    """One port; see serve.feature.Listener. `tls` is called when it is opened, so that a certificate is not made
    for a port that is switched off: one whose number is negative."""

    def __init__(self, door: Door, tls: Callable[[], ssl.SSLContext]) -> None:
        self.name, self._door, self._tls = door.name, door, tls
        self._listener: Listener | None = None

    async def start(self) -> int:
        """Listens; the port in use, -1 when it is switched off."""
        if self._door.port < 0:
            return -1
        self._listener = await Listener.open(replace(self._door, tls=self._tls()))
        return self._listener.port

    async def stop(self) -> None:
        """Takes no more connections and lets what runs end."""
        if self._listener is not None:
            await self._listener.close(_GRACE_SECONDS)
            self._listener = None
