"""The one door out. Every contact with the outside names its purpose and passes here: it is allowed or refused
by the settings, counted and handed to whoever listens (the audit log). trust.md SO-01, SO-02"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from parvis.kernel import clock
from parvis.kernel.errors import EgressRefused
from parvis.kernel.later import httpx

Purpose = Literal[
    "mail-delivery", "dns", "model", "embeddings", "import", "model-download", "push", "unsubscribe", "mail-filter",
    "external-mail", "virus-scan", "calendar-feed", "federation",
    "link-preview",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with the outside, allowed or not."""

    time_ms: int
    purpose: Purpose
    host: str
    port: int
    allowed: bool
    reason: str


Listener = Callable[[Contact], None]


_USUAL: frozenset[Purpose] = frozenset(
    {"mail-delivery", "dns", "unsubscribe", "external-mail", "calendar-feed", "federation", "link-preview"}
)


class Egress:
    """The gate. `allow` lists hosts let through for every purpose (`*` for all); loopback is always inside."""

    def __init__(self, allow: list[str], purposes: frozenset[Purpose] = _USUAL) -> None:
        self._allow, self._purposes = set(allow), purposes
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Calls `listener` for each contact, refused ones too."""
        self._listeners.append(listener)

    def check(self, purpose: Purpose, host: str, port: int, reason: str = "") -> None:
        """Lets the contact pass or raises EgressRefused; either way it is reported."""
        allowed = "*" in self._allow or host in self._allow or purpose in self._purposes or _is_loopback(host)
        contact = Contact(clock.now_ms(), purpose, host, port, allowed, reason)
        for listener in self._listeners:
            listener(contact)
        if not allowed:
            raise EgressRefused(f"contact with {host} for {purpose} is not allowed", host=host, purpose=purpose)

    def http(
        self,
        purpose: Purpose,
        *,
        timeout: float = 30.0,
        tls: ssl.SSLContext | None = None,
        kept_seconds: float = 5.0,
    ) -> "httpx.AsyncClient":
        """An HTTP client whose every request passes the gate; the caller closes it. `tls` says whom it trusts,
        `kept_seconds` how long a connection without requests stays open. A request to an address tells the name
        behind it by the extension `sni_hostname`, and may say by `reason` what it is for."""

        async def gate(request: "httpx.Request") -> None:
            host = str(request.extensions.get("sni_hostname", request.url.host))
            default = 443 if request.url.scheme == "https" else 80
            reason = str(request.extensions.get("reason", request.url.path))
            self.check(purpose, host, request.url.port or default, reason)

        return httpx.AsyncClient(
            timeout=timeout,
            event_hooks={"request": [gate]},
            trust_env=False,
            verify=_usual() if tls is None else tls,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=kept_seconds),
        )

    async def connect(
        self, purpose: Purpose, host: str, port: int, tls: ssl.SSLContext | None = None, *, name: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A byte stream to `host`, past the gate; `name` is that of its certificate where `host` is an address.
        Raises OSError as the network does."""
        self.check(purpose, host, port, name)
        return await asyncio.open_connection(host, port, ssl=tls, server_hostname=name or None if tls else None)

    async def socket(self, purpose: Purpose, address: str, port: int, seconds: float) -> socket.socket:
        """A connected socket to an IP address or a loopback name, past the gate, for who begins TLS on it. Raises
        OSError."""
        self.check(purpose, address, port)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        connected = socket.socket(found[0][0], socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_connect(connected, found[0][4])
        except BaseException:
            connected.close()
            raise
        return connected


def host_of(url: str) -> str:
    """The host a URL names."""
    return urlsplit(url).hostname or ""


def are_outside(addresses: Sequence[str]) -> bool:
    """Whether IP addresses, of which there is one at least, are all outside: neither of this machine nor of its
    network, for what is asked where a stranger says. Raises ValueError for what is no address."""
    return bool(addresses) and all(ipaddress.ip_address(each).is_global for each in addresses)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _usual() -> ssl.SSLContext:
    """Who is trusted where nothing else is said. To read all their certificates takes 40 ms: clients share them."""
    return httpx.create_ssl_context(trust_env=False)
