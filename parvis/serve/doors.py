"""All doors of HTTP over the features: the engine, blobs, sign-in, push, the web client, one server."""

from collections.abc import Sequence
from pathlib import Path

from parvis.kernel import clock
from parvis.serve.context import Context
from parvis.serve.dav.engine import Dav
from parvis.serve.feature import Feature
from parvis.serve.http.auth import Auth
from parvis.serve.http.door import Door
from parvis.serve.http.exchange import Request, Response, Route, answer
from parvis.serve.http.identity import Identity
from parvis.serve.http.metrics import Metrics
from parvis.serve.http.rates import LOOPBACK, Rates
from parvis.serve.http.server import HttpServer
from parvis.serve.http.static import Static
from parvis.serve.jmap.api import Api
from parvis.serve.jmap.blob_methods import BlobType, BlobTypes, Finder, linked
from parvis.serve.jmap.blobs import Library, Resolver
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.push.delivery import Delivery
from parvis.serve.jmap.push.event_source import EventSource
from parvis.serve.jmap.push.hub import Hub
from parvis.serve.jmap.push.websocket import WebSocket
from parvis.serve.jmap.transfer import Transfer


class Doors:
    """Opened by app.py with all features, serve.jmap.core's among them:

    doors = Doors(context, features, web=Path("web/dist"))
    port = await doors.start()
    ...
    await doors.stop()
    """

    def __init__(self, context: Context, features: Sequence[Feature], web: Path | None = None) -> None:
        """`web` is the folder of the built client."""
        self._context = context
        self.engine = Engine(context, features)
        self.library = Library(
            context.store, _resolvers(features), _scopes(self.engine, features), self.engine.parted
        )
        context.offer(self.library)
        context.offer(_blob_types(self.engine, features))
        self.dav = Dav(context, [tree for feature in features for tree in feature.trees])
        context.offer(self.dav)
        self.metrics = Metrics()
        self._identity = Identity(context.store)
        self._api = Api(context, self.engine)
        self.hub = Hub(context, self.engine)
        self._delivery = Delivery(context, self.hub)
        context.offer(self._delivery)
        rates = Rates(context.settings.limits)
        sockets = {"/jmap/ws": WebSocket(context, self._api, self.hub, rates)}
        static, activity = Static(web or Path("web/dist")), context.store.activity
        self.door = Door(self._routes(features), self._identity, rates, static, self.metrics, activity, sockets)
        self._server: HttpServer | None = None
        self._started = clock.monotonic()

    def _routes(self, features: Sequence[Feature]) -> list[Route]:
        return [
            Route("GET", "/healthz", self._health, "open"),
            Route("GET", "/metrics", self._metrics_text, "open"),
            *Auth(self._context.store).routes(),
            *self._api.routes(),
            *Transfer(self._context, self.library).routes(),
            *EventSource(self.hub, self.metrics).routes(),
            *self.dav.routes(),
            *(route for feature in features for route in feature.routes),
        ]

    async def start(self) -> int:
        """Listens; returns the port, which `context.public_url` knows from then on."""
        await self._identity.start()
        await self.hub.start()
        await self._delivery.start()
        self._server = HttpServer(self.door, self._context.settings)
        port = await self._server.start()
        self._context.settings.ports.http = port
        return port

    async def stop(self) -> None:
        """Ends streams, lets requests that run end, closes."""
        await self.hub.stop()
        await self._delivery.stop()
        if self._server is not None:
            await self._server.stop()

    async def _health(self, request: Request) -> Response:
        """Whether the database answers."""
        await self._context.store.db.value("SELECT 1")
        return answer({"status": "ok", "seconds": round(clock.monotonic() - self._started)})

    async def _metrics_text(self, request: Request) -> Response:
        """For a scraper on this machine."""
        if request.remote not in LOOPBACK:
            return answer({"code": "forbidden", "sentence": "from this machine only"}, 403)
        return Response(200, self.metrics.text().encode(), [("content-type", "text/plain; version=0.0.4")])


def _resolvers(features: Sequence[Feature]) -> dict[str, Resolver]:
    found: dict[str, Resolver] = {}
    for feature in features:
        for letter, resolver in feature.blobs.items():
            if letter in found or letter == "b" or len(letter) != 1:
                raise ValueError(f"blob ids with {letter!r} belong to another feature")
            found[letter] = resolver
    return found


def _scopes(engine: Engine, features: Sequence[Feature]) -> dict[str, str]:
    scopes = {name: kind.scope for name, kind in engine.kinds.items()}
    for feature in features:
        scopes.update(feature.blob_scopes)
    return scopes


def _blob_types(engine: Engine, features: Sequence[Feature]) -> BlobTypes:
    finders: dict[str, Finder] = {}
    for feature in features:
        finders |= {kind: linked(kind) for kind in feature.blob_scopes if kind in engine.kinds}
        finders |= feature.blob_types
    types = {name: BlobType(engine.kinds[name].record.capability, find) for name, find in finders.items()}
    return BlobTypes(types)
