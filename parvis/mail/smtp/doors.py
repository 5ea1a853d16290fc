"""The ports of SMTP: 25 for servers, 587 and 465 for people's own programs; each takes many clients at once (RFC
5321 §4.5.4.2)."""

import ssl
from collections.abc import Callable

from parvis.kernel.settings import Settings
from parvis.serve.lines.door import Door, Farewells, Session
from parvis.serve.lines.port import Port
from parvis.wire.smtp import LINE_LIMIT


def smtp_port(
    name: str,
    port: int,
    settings: Settings,
    session: Session,
    tls: Callable[[], ssl.SSLContext],
    *,
    implicit_tls: bool = False,
) -> Port:
    """One of them."""
    limits, host = settings.limits, settings.hostname
    door = Door(
        name=name,
        session=session,
        host=settings.host,
        port=port,
        implicit_tls=implicit_tls,
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
    return Port(door, tls)
