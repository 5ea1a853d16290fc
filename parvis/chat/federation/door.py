"""The door of other servers: who asks is proved by their signature, may be let in by the settings and by the room
(Matrix v1.19 Server-Server §Request Authentication)."""

from collections.abc import Mapping, Sequence
from math import ceil

from parvis.chat.client.errors import refusal
from parvis.chat.federation import publishing
from parvis.chat.federation.contract import Endpoint, PeerCall
from parvis.chat.federation.service import Federation
from parvis.kernel.errors import RateLimited
from parvis.serve.http.exchange import Handle, Request, Response, Route, answer
from parvis.serve.rates import Rate
from parvis.wire.matrix import canonical, wellknown, xmatrix
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import VerifyKey
from parvis.wire.matrix.xmatrix import XMatrix


class PeerDoor:
    """Answers what is below `/_matrix/federation` and `/_matrix/key`."""

    def __init__(self, federation: Federation, endpoints: Sequence[Endpoint]) -> None:
        self._federation, self._endpoints = federation, endpoints
        self._rate = Rate(federation.settings.requests_per_minute)

    def routes(self) -> list[Route]:
        """All routes; none of them is there where federation is switched off."""
        if not self._federation.policy.enabled:
            return []
        found = [
            Route(each.method, f"/_matrix{each.path}", self._handler(each), "open", refuse=refusal)
            for each in self._endpoints
        ]
        return [Route("GET", "/.well-known/matrix/server", self._delegated, "open", refuse=refusal), *found]

    async def _delegated(self, request: Request) -> Response:
        """Matrix v1.19 Server-Server §GET /.well-known/matrix/server"""
        return answer(wellknown.server(publishing.delegated(self._federation.server.context)))

    def _handler(self, endpoint: Endpoint) -> Handle:
        async def handle(request: Request) -> Response:
            call = PeerCall(self._federation, request)
            if endpoint.auth == "signed":
                await self._proved(call, endpoint)
            elif request.method not in ("GET", "HEAD"):
                call.body = _object(await request.body(endpoint.limit), endpoint.limit)
            if endpoint.room:
                await self._federation.acls.check(request.params[endpoint.room], call.origin)
            found = await endpoint.handle(call)
            return found if isinstance(found, Response) else answer(found)

        return handle

    async def _proved(self, call: PeerCall, endpoint: Endpoint) -> None:
        """Finds who asks. Raises BadMatrix with `M_UNAUTHORIZED` for who cannot prove it, and `M_FORBIDDEN` for who
        is not let in."""
        request = call.request
        given = xmatrix.parse(request.headers.get("authorization", ""))
        if not self._federation.policy.allows(given.origin):
            raise BadMatrix("Your server is not spoken to here", errcode="M_FORBIDDEN")
        key = await self._federation.keyring.for_request(given.origin, given.key_id)
        if key is None:  # before anything of the body is read
            raise BadMatrix("The signature of the request is wrong", errcode="M_UNAUTHORIZED")
        keys = {given.key_id: key}
        data = await request.body(endpoint.limit)
        if data or request.method not in ("GET", "HEAD"):
            call.body = _object(data, endpoint.limit)
            self._verify(request, given, keys, call.body)
        else:
            self._verify(request, given, keys)
        if seconds := self._rate.wait(given.origin):  # who is not who they say is counted by address alone
            raise RateLimited("too many requests", retry_after=ceil(seconds))
        call.origin = given.origin
        await self._federation.heard(given.origin)

    def _verify(self, request: Request, given: XMatrix, keys: Mapping[str, VerifyKey], *content: Object) -> None:
        query = f"?{request.raw_query}" if request.raw_query else ""
        us, method = self._federation.server.name, request.method
        xmatrix.verify(given, keys, us, method, request.raw_path + query, *content)


def _object(data: bytes, limit: int) -> Object:
    found = canonical.decode(data, limit=limit)
    if not isinstance(found, dict):
        raise BadMatrix("Not an object", errcode="M_BAD_JSON")
    return found
