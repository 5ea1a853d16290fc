"""GET /files/preview/{accountId}/{nodeId}?side=256: a picture of a file, for whoever may read it."""

from collections.abc import Awaitable, Callable

from parvis.files import service
from parvis.files.model import Node
from parvis.files.preview.maker import SIDES, Previews
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.http.exchange import Request, Response, Route
from parvis.store.store import Store


class PreviewDoor:
    """The handler. `guard` says why a file is not shown."""

    def __init__(self, store: Store, previews: Previews, guard: Callable[[Node], Awaitable[str]]) -> None:
        self._store, self._previews, self._guard = store, previews, guard

    def routes(self) -> list[Route]:
        """All routes."""
        return [Route("GET", "/files/preview/{accountId}/{nodeId}", self.show)]

    async def show(self, request: Request) -> Response:
        """The picture; 404 when there is none, or the file is not for the asker."""
        account_id, node_id = ids.parse(request.params["accountId"]), ids.parse(request.params["nodeId"])
        if account_id is None or node_id is None:
            raise NotFound("no such file")
        node = await service.find(self._store.db, request.who, account_id, node_id)
        if key := await self._guard(node):
            raise Forbidden(f"this file is not shown: {key}")
        asked = request.query.get("side", "")
        side = next((one for one in SIDES if str(one) == asked), SIDES[0])
        tag = f'"{node.hash[:32]}-{side}"'
        headers = [
            ("content-type", "image/webp"),
            ("etag", tag),
            ("cache-control", "private, no-cache"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ]
        if request.headers.get("if-none-match") == tag:
            return Response(304, b"", headers)
        picture = await self._previews.of(node, side)
        if picture is None:
            raise NotFound("there is no preview of this")
        return Response(200, await self._store.blobs.get(picture.hash), headers)
