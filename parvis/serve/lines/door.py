"""What a feature tells the engine about one of its ports."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parvis.serve.lines.connection import Connection

Session = Callable[["Connection"], Awaitable[None]]
"""Speaks with one client until it returns; the engine closes the connection after it."""


@dataclass(frozen=True, slots=True)
class Farewells:
    """What the protocol says when the engine ends a connection; each a whole line or empty."""

    busy: bytes = b""
    """Too many connections."""
    timeout: bytes = b""
    stopping: bytes = b""
    fault: bytes = b""
    """The session raised what it should not have."""


@dataclass(frozen=True, slots=True)
class Door:
    """One port: where it listens, who speaks, and its limits. Times in seconds, sizes in bytes."""

    name: str
    session: Session
    host: str = "127.0.0.1"
    port: int = 0
    """0 is any free port; the listener tells which."""
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    """TLS from the first byte; otherwise the session calls `Connection.start_tls`."""
    line_bytes: int = 4096
    """The longest line with its end; a longer one is read to its end, thrown away and reported."""
    command_seconds: float = 300.0
    """For one whole line to arrive, however slowly its bytes come."""
    write_seconds: float = 60.0
    """For a client to take what was written to it."""
    handshake_seconds: float = 20.0
    at_once: int = 2000
    """Connections in all."""
    at_once_per_address: int = 50
    """Connections of one IPv4 address or one IPv6 /64."""
    farewells: Farewells = field(default_factory=Farewells)
