"""The engine behind /dav: from a request to the method that answers it. Nothing is told to who has not signed in,
and nothing that they may not see. RFC 4918 §20.1, RFC 3744 §13, RFC 4791 §11, RFC 6352 §13"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from parvis.kernel.errors import Forbidden, NotFound, ParvisError, RateLimited, Unauthenticated
from parvis.serve.context import Context
from parvis.serve.dav import (
    copymove,
    delete,
    get,
    lock,
    mkcol,
    options,
    prefer,
    privileges,
    propfind,
    proppatch,
    put,
    report,
)
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.refused import Refused, refusal
from parvis.serve.dav.resource import DAV, Base, Path, Trees
from parvis.serve.dav.tree import Tree
from parvis.serve.dav.uploads import Uploads
from parvis.serve.http.exchange import Disconnected, Request, Response, Route

Method = Callable[[Ask], Awaitable[Response]]
PROTOCOL = "dav"
"""What an app password must be for."""
_KNOWN = ("caldav", "carddav", "caldav/", "carddav/")
"""Some clients end them with a slash."""


class Dav:
    """All methods over all trees."""

    def __init__(self, context: Context, trees: Sequence[Tree]) -> None:
        self._context = context
        self.trees = Trees(trees)
        uploads = Uploads()
        self._methods: Mapping[str, Method] = {
            "GET": get.run,
            "HEAD": get.run,
            "PUT": lambda ask: put.run(ask, uploads),
            "POST": lambda ask: put.post(ask, uploads),
            "DELETE": delete.run,
            "MKCOL": mkcol.run,
            "MKCALENDAR": mkcol.calendar,
            "COPY": copymove.copy,
            "MOVE": copymove.move,
            "PROPFIND": propfind.run,
            "PROPPATCH": proppatch.run,
            "LOCK": lock.lock,
            "UNLOCK": lock.unlock,
            "REPORT": report.run,
        }

    def routes(self) -> list[Route]:
        """Everything below /dav, and the two addresses that clients know. RFC 6764 §5"""
        return [
            *(Route("*", f"/.well-known/{name}", self._moved, "open") for name in _KNOWN),
            Route("OPTIONS", "/", self.root, "open"),
            Route("OPTIONS", "/dav", self.options, "open"),
            Route("OPTIONS", "/dav/{path*}", self.options, "open"),
            Route("*", "/dav", self.handle, protocol=PROTOCOL),
            Route("*", "/dav/{path*}", self.handle, protocol=PROTOCOL),
        ]

    async def _moved(self, request: Request) -> Response:
        return Response(301, b"", [("location", "/dav/"), ("cache-control", "no-cache")])

    async def root(self, request: Request) -> Response:
        """OPTIONS of the server itself: Windows asks it there before anything else, and goes no further where it
        hears nothing of WebDAV."""
        return options.answer(self.trees, ())

    async def options(self, request: Request) -> Response:
        """OPTIONS."""
        try:
            return options.answer(self.trees, _path(request, DAV))
        except ParvisError as error:
            return refusal(error)

    async def handle(self, request: Request) -> Response:
        """Every other method."""
        return await self.answer(request, DAV)

    async def answer(self, request: Request, base: Base) -> Response:
        """Every method but OPTIONS, below a base. Errors are answered as WebDAV says; who is not signed in, or asks
        too often, is told by the door."""
        try:
            method = self._methods.get(request.method)
            if method is None:
                raise Refused(405, "there is no such method", allow=options.METHODS)
            response = await self._answered(method, self.ask(request, base))
        except (Unauthenticated, RateLimited, Disconnected):
            raise
        except ParvisError as error:
            response = refusal(error)
        return response

    def ask(self, request: Request, base: Base) -> Ask:
        """A request below a base, as the methods take it. Raises NotFound, Invalid."""
        return Ask(self._context, self.trees, request, _path(request, base), base)

    async def _answered(self, method: Method, ask: Ask) -> Response:
        """What the method answers; of what somebody may not do it is told which privilege they lack."""
        try:
            return await prefer.answered(ask, await method(ask))
        except Refused as error:
            return await prefer.refused(ask, refusal(error))
        except Forbidden as error:
            there = await ask.find(ask.store.db, ask.path)
            return refusal(error, privileges.lacking(ask.request.method, ask.path, there is not None, ask.base))


def _path(request: Request, base: Base) -> Path:
    found = base.path(request.raw_path)
    if found is None:
        raise NotFound("there is nothing here")
    return found
