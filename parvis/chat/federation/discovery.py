"""Where another server is found (Matrix v1.19 Server-Server §Resolving server names)."""

import logging
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from parvis.chat.federation.outside import Answer, Asked, Outside, Place
from parvis.kernel import clock
from parvis.kernel.errors import ParvisError, Unavailable
from parvis.kernel.once import Once
from parvis.kernel.recent import Recent
from parvis.kernel.resolver import Resolver
from parvis.wire.matrix import wellknown
from parvis.wire.matrix.wellknown import Route

_PATH = "/.well-known/matrix/server"
_SECONDS = 10.0
_REDIRECTS = 5
_KEPT = 10_000
"""Domains whose answer is remembered."""
_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a domain answered: the server it delegates to, empty for none, and until when that is believed."""

    delegated: str
    until: float


class Discovery:
    """Finds servers; what domains said is remembered, as long as they want."""

    def __init__(self, outside: Outside, resolver: Resolver) -> None:
        self._outside, self._resolver = outside, resolver
        self._said: Recent[str, _Said] = Recent(_KEPT)
        self._asking: Once[str, _Said] = Once()

    async def places(self, server: str) -> list[Place]:
        """Where a server may answer, to be tried in this order. Raises Unavailable, EgressRefused, BadMatrix."""
        host = wellknown.asks_domain(server)
        delegated = await self._delegated(host) if host else ""
        for route in wellknown.routes(server, delegated):
            if not route.srv:
                return [await self._place(route, route.host, route.port)]
            if found := await self._services(route):
                return found
        raise Unavailable(f"{server} is nowhere")

    async def _services(self, route: Route) -> list[Place]:
        try:
            services = await self._resolver.services(route.srv)
        except Unavailable:  # the server may be where no record says it
            return []
        return [await self._place(route, host, port) for host, port in services[:2]]

    async def _place(self, route: Route, host: str, port: int) -> Place:
        return Place(await self._outside.addresses(host), port, route.header, route.certificate)

    async def _delegated(self, host: str) -> str:
        """What a domain says; whoever wants to know at the same time waits for the same answer."""
        said = self._said.get(host)
        if said is not None and said.until > clock.monotonic():
            return said.delegated
        said = await self._asking.of(host, lambda: self._ask(host))
        self._said[host] = said
        return said.delegated

    async def _ask(self, host: str) -> _Said:
        try:
            answer = await self._followed(f"https://{host}{_PATH}")
            if answer.status != 200:
                raise Unavailable(f"{host} answers {answer.status}")
            return _Said(wellknown.read_server(answer.body), clock.monotonic() + _age(answer))
        except (ParvisError, ValueError) as error:
            _log.info("%s delegates to nobody: %s", host, error)
            return _Said("", clock.monotonic() + wellknown.CACHE_ERROR_S)

    async def _followed(self, url: str) -> Answer:
        """An answer behind redirections, each to be let through by itself. Raises Unavailable, EgressRefused,
        ValueError."""
        for _ in range(_REDIRECTS):
            place, target = await self._outside.at(url)
            answer = await self._outside.ask(place, Asked(target=target, seconds=_SECONDS), wellknown.SIZE_LIMIT)
            location = answer.headers.get("location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            url = urljoin(url, location)
        raise Unavailable("redirected too often")


def _age(answer: Answer) -> int:
    """How long an answer is believed, in seconds."""
    match = _AGE.search(answer.headers.get("cache-control", ""))
    return min(int(match[1]), wellknown.CACHE_MOST_S) if match else wellknown.CACHE_S
