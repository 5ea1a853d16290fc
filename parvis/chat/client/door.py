"""The door of Matrix clients: routes of all endpoints, who asks, errors, and what browsers want to hear."""

from collections.abc import Sequence

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.errors import CORS, refusal
from parvis.chat.client.rates import Rates
from parvis.chat.people import devices
from parvis.chat.people.devices import PROTOCOL
from parvis.chat.server import Server
from parvis.kernel.errors import NotFound
from parvis.serve.http.exchange import Handle, Request, Response, Route, answer
from parvis.serve.http.router import Router
from parvis.wire.matrix import wellknown


class ClientDoor:
    """Answers what is below `/_matrix`, and where this server is."""

    def __init__(self, server: Server, endpoints: Sequence[Endpoint], beside: Sequence[Route] = ()) -> None:
        """`beside` are the routes that another door has below `/_matrix`."""
        self._server, self._rates = server, Rates(server.settings.chat)
        self._routes = [self._route(each) for each in endpoints]
        self._known = [*self._routes, *beside]
        self._router = Router(self._known)

    def routes(self) -> list[Route]:
        """All routes; what is not known comes last."""
        plain = dict.fromkeys(route.path for route in self._known if "{" not in route.path)
        others = [*plain, "/_matrix/{rest*}"]
        return [
            Route("GET", "/.well-known/matrix/client", self._client, "open", refuse=refusal),
            Route("GET", "/.well-known/matrix/support", self._support, "open", refuse=refusal),
            *self._routes,
            *(Route("*", path, self._other, "open", refuse=refusal) for path in others),
        ]

    def _route(self, endpoint: Endpoint) -> Route:
        path = f"/_matrix{endpoint.path}"
        return Route(endpoint.method, path, self._handler(endpoint), endpoint.auth, PROTOCOL, refusal)

    def _handler(self, endpoint: Endpoint) -> Handle:
        async def handle(request: Request) -> Response:
            call = Call(self._server, request)
            if endpoint.rate is not None:
                self._rates.check(endpoint.rate, call)
            if request.principal is not None:
                if not endpoint.locked:
                    call.admitted()
                if endpoint.acts:
                    call.may_act()
                call.device = await devices.of_session(self._server.store, request.principal)
            found = await endpoint.handle(call)
            if isinstance(found, Response):
                named = {name for name, _ in found.headers}
                found.headers += [header for header in CORS if header[0] not in named]
                return found
            return answer(found, headers=CORS)

        return handle

    async def _other(self, request: Request) -> Response:
        """What browsers ask before they ask, and what is not known (Matrix v1.19 Client-Server §Standard error
        response)."""
        if request.method == "OPTIONS":
            return Response(200, b"", list(CORS))
        _, _, methods = self._router.find(request.method, request.raw_path)
        if not methods:
            return answer({"errcode": "M_UNRECOGNIZED", "error": "There is nothing here"}, 404, CORS)
        allowed = [*dict.fromkeys(methods), *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
        body = {"errcode": "M_UNRECOGNIZED", "error": "Not this method here"}
        return answer(body, 405, [("allow", ", ".join(allowed)), *CORS])

    async def _client(self, request: Request) -> Response:
        """Matrix v1.19 Client-Server §Well-known URIs"""
        return answer(wellknown.client(self._server.context.public_url), headers=CORS)

    async def _support(self, request: Request) -> Response:
        """Matrix v1.19 Client-Server §Gets homeserver contacts and support details"""
        chat = self._server.settings.chat
        contacts = [wellknown.Contact("m.role.admin", email_address=chat.support_email)]
        found = wellknown.support(contacts if chat.support_email else [], chat.support_page)
        if not found:
            raise NotFound("this server tells nobody to write to")
        return answer(found, headers=CORS)
