"""The ports of SMTP: 25 for servers, 587 and 465 for people's own programs."""

import ssl
from collections.abc import Callable

from parvis.kernel.settings import Settings
from parvis.serve.lines.door import Door, Farewells, Session
from parvis.serve.lines.listener import Listener
from parvis.wire.smtp import LINE_LIMIT

_GRACE_SECONDS = 15.0


class SmtpDoor:
    """One port; see serve.feature.Listener."""

    def __init__(
        self,
        name: str,
        port: int,
        settings: Settings,
        session: Session,
        tls: Callable[[], ssl.SSLContext],
        *,
        implicit_tls: bool = False,
    ) -> None:
        self.name, self._port, self._settings, self._session = name, port, settings, session
        self._tls, self._implicit = tls, implicit_tls
        self._listener: Listener | None = None

    async def start(self) -> int:
        """Listens; the port in use, -1 when it is switched off."""
        if self._port < 0:
            return -1
        limits, host = self._settings.limits, self._settings.hostname
        door = Door(
            name=self.name,
            session=self._session,
            host=self._settings.host,
            port=self._port,
            tls=self._tls(),
            implicit_tls=self._implicit,
            line_bytes=LINE_LIMIT,
            at_once=limits.mail_connections,
            at_once_per_address=limits.mail_connections_of_one,
            farewells=Farewells(
                busy=f"421 4.7.0 {host} too many connections\r\n".encode(),
                timeout=f"421 4.4.2 {host} you took too long\r\n".encode(),
                stopping=f"421 4.3.2 {host} is stopping; come back soon\r\n".encode(),
                fault=f"421 4.3.0 {host} made a mistake; try again\r\n".encode(),
            ),
        )
        self._listener = await Listener.open(door)
        return self._listener.port

    async def stop(self) -> None:
        """Takes no more connections and lets what runs end."""
        if self._listener is not None:
            await self._listener.close(_GRACE_SECONDS)
            self._listener = None
