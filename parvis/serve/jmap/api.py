"""The API and session resources over HTTP. RFC 8620 §2, §3"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from parvis.access.principal import Principal
from parvis.kernel.errors import TooLarge
from parvis.kernel.languages import closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap import session
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.errors import RequestError
from parvis.serve.jmap.request import decode, shape
from parvis.serve.jmap.types import Object

_NO_CACHE = ("cache-control", "no-cache, no-store, must-revalidate")


class Turns:
    """How many of something each person has under way at once."""

    def __init__(self, limit: int, name: str) -> None:
        """`name` is the limit's name in the Session object."""
        self._limit, self._name = limit, name
        self._count: Counter[int] = Counter()

    @contextmanager
    def taken(self, principal: Principal) -> Iterator[None]:
        """One more. Raises RequestError limit when there are too many."""
        if self._count[principal.id] >= self._limit:
            raise RequestError("limit", f"at most {self._limit} at once", 400, self._name)
        self._count[principal.id] += 1
        try:
            yield
        finally:
            self._count[principal.id] -= 1
            if not self._count[principal.id]:
                del self._count[principal.id]


def problem(error: RequestError) -> Response:
    """A rejected request. RFC 8620 §3.6.1"""
    headers = [("content-type", "application/problem+json"), _NO_CACHE]
    return Response(error.status, msgspec.json.encode(error.problem()), headers)


class Api:
    """The handlers."""

    def __init__(self, context: Context, engine: Engine) -> None:
        self._context, self._engine = context, engine
        self.turns = Turns(context.settings.limits.concurrent_requests, "maxConcurrentRequests")

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("GET", "/.well-known/jmap", self.well_known, "open"),
            Route("GET", "/jmap/session", self.session),
            Route("POST", "/jmap/api", self.api),
            Route("GET", "/jmap/api", self.session),
        ]

    async def well_known(self, request: Request) -> Response:
        """Where the Session resource is. RFC 8620 §2.2"""
        return Response(307, b"", [("location", "/jmap/session"), ("cache-control", "no-cache")])

    async def session(self, request: Request) -> Response:
        """The Session object, also to clients that ask for it where requests go, as before RFC 8620."""
        found = await session.session(self._context, self._engine, request.who, request.origin)
        return _json(found)

    async def api(self, request: Request) -> Response:
        """One request with its method calls."""
        try:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise RequestError("notJSON", "the content type must be application/json")
            with self.turns.taken(request.who):
                body = await self._body(request)
                language = closest(request.headers.get("accept-language", ""), request.who.language)
                return _json(await self.carried_out(request.who, decode(body), language, request.origin))
        except RequestError as error:
            return problem(error)

    async def _body(self, request: Request) -> bytes:
        limit = self._context.settings.limits.request_bytes
        try:
            return await request.body(limit)
        except TooLarge as error:
            raise RequestError("limit", f"at most {limit} bytes", 400, "maxSizeRequest") from error

    async def carried_out(self, principal: Principal, value: object, language: str, origin: str) -> Object:
        """The Response object for a decoded request, over HTTP or a WebSocket. Raises RequestError."""
        responses, created = await self._engine.process(principal, shape(value), language=language, origin=origin)
        answer: Object = {"methodResponses": responses}
        if created is not None:
            answer["createdIds"] = created
        answer["sessionState"] = await session.state(self._context, principal, origin)
        return answer


def encoded(value: object) -> bytes:
    """JSON, whatever text it holds: half a surrogate pair out of somebody's mail becomes U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_repaired(value))


def _repaired(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_repaired(name): _repaired(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_repaired(inner) for inner in value]
    return value


def _json(value: object) -> Response:
    return Response(200, encoded(value), [("content-type", "application/json"), _NO_CACHE], compress=True)
