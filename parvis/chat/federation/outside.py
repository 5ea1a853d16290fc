"""Requests over HTTPS to servers whose names strangers choose: only to addresses that are outside, to a certificate
of the right name, and with an end to what is read and waited for."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parvis.kernel.egress import Purpose, are_outside
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.kernel.later import cookiejar, httpx
from parvis.serve.context import Context

if TYPE_CHECKING:
    from httpx import AsyncClient

_CONNECT_SECONDS = 10.0
_KEPT_SECONDS = 60.0
"""How long a connection that nobody uses stays open."""
_MOST_ADDRESSES = 3
"""Addresses of one server that are tried."""
_CLIENTS = 200
"""Names of certificates to which connections are kept."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server answers: its addresses, the `Host` it wants, and the name, or address, of its certificate."""

    addresses: tuple[str, ...]
    port: int
    header: str
    certificate: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: "httpx.Headers"
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `target` is path and query as they are sent; `seconds` are for all of it, the answer too; `reason`
    stands in the log of contacts."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    seconds: float = 10.0
    reason: str = ""


class _Pool:
    """Connections whose certificate was checked for one name: they carry no request for another."""

    def __init__(self, client: "AsyncClient") -> None:
        self.client, self.users = client, 0


class Outside:
    """The way out; to be closed."""

    def __init__(self, context: Context, purpose: Purpose, *, authority: str = "", private: bool = False) -> None:
        """`authority` is a file with the certificates of authorities that are trusted too; `private` lets addresses
        be inside. Raises OSError where the file cannot be read."""
        self._context, self._purpose, self._private = context, purpose, private
        self._tls = _trusting(authority) if authority else None
        self._pools: OrderedDict[str, _Pool] = OrderedDict()

    async def close(self) -> None:
        """Ends all connections."""
        pools, self._pools = list(self._pools.values()), OrderedDict()
        for pool in pools:
            await pool.client.aclose()

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a name, or of an address itself, that may be spoken to. Raises EgressRefused when one of
        them is inside and may not be, Unavailable when there is none."""
        found = await self._found(host)
        if not found:
            raise Unavailable(f"{host} has no address")
        if not self._private and not are_outside(found):
            raise EgressRefused(f"{host} is inside", host=host)
        return tuple(found[:_MOST_ADDRESSES])

    async def at(self, url: str) -> tuple[Place, str]:
        """Where what a URL names is, and the target to ask it for. Raises Unavailable for what is not by https,
        EgressRefused."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise Unavailable("it is nowhere that is spoken to")
        port = parts.port or 443
        header = parts.hostname if port == 443 else f"{parts.hostname}:{port}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Place(await self.addresses(parts.hostname), port, header, parts.hostname), target

    async def _found(self, host: str) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        if host.lower() == "localhost":
            return ["127.0.0.1"]
        resolver = self._context.resolver
        both = await asyncio.gather(
            resolver.addresses(host, 4), resolver.addresses(host, 6), return_exceptions=True
        )
        found = [each for some in both if not isinstance(some, BaseException) for each in some]
        for some in both:
            if isinstance(some, BaseException) and not found:
                raise some
        return found

    async def ask(self, place: Place, asked: Asked, limit: int) -> Answer:
        """A request and its whole answer. Raises Unavailable: for a server that cannot be reached, is not who it
        should be, is too slow, or answers more than `limit` bytes; EgressRefused."""
        async with self.stream(place, asked) as response:
            return Answer(response.status_code, response.headers, await read(response, limit))

    @contextlib.asynccontextmanager
    async def stream(self, place: Place, asked: Asked) -> "AsyncIterator[httpx.Response]":
        """The same for who reads the answer as it comes."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(asked.seconds):
                    client = await stack.enter_async_context(self._using(place.certificate))
                    response = await _reached(client, place, asked)
                    stack.push_async_callback(response.aclose)
                    if response.headers.get("content-encoding", "identity") != "identity":
                        raise Unavailable(f"{place.certificate} answers in a form that was not asked for")
                    yield response
            except TimeoutError:
                raise Unavailable(f"{place.certificate} does not answer in time") from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                raise Unavailable(f"{place.certificate} cannot be reached: {_short(error)}") from error

    @contextlib.asynccontextmanager
    async def _using(self, certificate: str) -> "AsyncIterator[AsyncClient]":
        pool = self._pools.get(certificate)
        if pool is None:
            client = self._context.egress.http(self._purpose, tls=self._tls or _usual(), kept_seconds=_KEPT_SECONDS)
            client.cookies.jar.set_policy(cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            pool = self._pools[certificate] = _Pool(client)
        self._pools.move_to_end(certificate)
        pool.users += 1
        try:
            yield pool.client
        finally:
            pool.users -= 1
            await self._tidy()

    async def _tidy(self) -> None:
        idle = [name for name, pool in self._pools.items() if not pool.users]
        for name in idle[: max(0, len(self._pools) - _CLIENTS)]:
            await self._pools.pop(name).client.aclose()


def _trusting(authority: str) -> ssl.SSLContext:
    """Whom the system trusts, and the authorities of a file."""
    tls = ssl.create_default_context()
    tls.load_verify_locations(cafile=authority)
    return tls


@cache
def _usual() -> ssl.SSLContext:
    """Whom the system trusts: read when somebody is asked first, which on most servers is never."""
    return ssl.create_default_context()


async def read(response: "httpx.Response", limit: int) -> bytes:
    """The body of an answer. Raises Unavailable for one of more than `limit` bytes."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise Unavailable(f"an answer of more than {limit} bytes")
    return bytes(body)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]


async def _reached(client: "AsyncClient", place: Place, asked: Asked) -> "httpx.Response":
    """The answer of the first address that takes a connection, its body not read yet."""
    for number, address in enumerate(place.addresses, 1):
        host = f"[{address}]" if ":" in address else address
        request = client.build_request(
            asked.method,
            httpx.URL(f"https://{host}:{place.port}").copy_with(raw_path=asked.target.encode("ascii")),
            headers={"host": place.header, "accept-encoding": "identity", **asked.headers},
            content=asked.content,
            timeout=httpx.Timeout(asked.seconds, connect=_CONNECT_SECONDS),
            extensions={"sni_hostname": place.certificate, "reason": asked.reason or asked.target},
        )
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if number == len(place.addresses):
                raise
    raise Unavailable(f"{place.certificate} has no address")
