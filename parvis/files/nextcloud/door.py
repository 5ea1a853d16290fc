"""The addresses of Nextcloud: what the server is and can do, who has signed in, and the tree of files below
/remote.php. The protocol is that of Nextcloud 28, as its developer manual has it ("Clients and Client APIs")."""

import asyncio
import hashlib
from typing import Any

from parvis.access import app_passwords
from parvis.files import store as files
from parvis.files.nextcloud import ocs
from parvis.files.nextcloud.chunks import Chunks
from parvis.files.nextcloud.login import Logins
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, ParvisError
from parvis.serve.context import Context
from parvis.serve.dav.engine import PROTOCOL, Dav
from parvis.serve.dav.refused import refusal
from parvis.serve.dav.resource import Base
from parvis.serve.http.exchange import Request, Response, Route, answer
from parvis.store.blobs.extents import chunks

VERSION = (28, 0, 0, 0)
"""Of Nextcloud: programs decide by it what they may ask."""
_TEXT = ".".join(map(str, VERSION[:3]))
_BASE = Base(("remote.php", "dav"))
_HASHES = ("sha1", "md5", "sha256")
_CAPABILITIES = {
    "core": {"pollinterval": 60, "webdav-root": "remote.php/webdav"},
    "dav": {"chunking": "1.0"},
    "files": {"bigfilechunking": True, "undelete": False, "versioning": False, "comments": False},
    "checksums": {"supportedTypes": ["SHA256"], "preferredUploadType": "SHA256"},
    "files_sharing": {"api_enabled": False, "public": {"enabled": False}},
    "theming": {"name": "Parvis"},
}


class NextcloudDoor:
    """The handlers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._chunks, self._logins = Chunks(context), Logins(context)

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("GET", "/status.php", self.status, "open"),
            Route("GET", "/index.php/204", self.nothing, "open"),
            *self._logins.routes(),
            Route("GET", "/ocs/{version}/cloud/capabilities", self.capabilities, protocol=PROTOCOL),
            Route("GET", "/ocs/{version}/cloud/user", self.user, protocol=PROTOCOL),
            Route("DELETE", "/ocs/{version}/core/apppassword", self.sign_out, protocol=PROTOCOL),
            Route("*", "/ocs/{rest*}", self.unknown, protocol=PROTOCOL),
            *self._chunks.routes(),
            Route("OPTIONS", "/remote.php/{rest*}", self.options, "open"),
            Route("*", "/remote.php/dav/{path*}", self.dav, protocol=PROTOCOL),
            Route("*", "/remote.php/webdav", self.webdav, protocol=PROTOCOL),
            Route("*", "/remote.php/webdav/{path*}", self.webdav, protocol=PROTOCOL),
        ]

    async def status(self, request: Request) -> Response:
        """What answers here. Programs look at it before they know anybody."""
        return answer(
            {
                "installed": True,
                "maintenance": False,
                "needsDbUpgrade": False,
                "version": ".".join(map(str, VERSION)),
                "versionstring": _TEXT,
                "edition": "",
                "productname": "Parvis",
                "extendedSupport": False,
            }
        )

    async def nothing(self, request: Request) -> Response:
        """Whether there is a network, as phones ask it."""
        return Response(204)

    async def capabilities(self, request: Request) -> Response:
        """What can be done here."""
        major, minor, micro, _ = VERSION
        version = {"major": major, "minor": minor, "micro": micro, "string": _TEXT, "edition": ""}
        return ocs.ok(request, {"version": version, "capabilities": _CAPABILITIES})

    async def user(self, request: Request) -> Response:
        """Who has signed in."""
        who = request.who
        return ocs.ok(
            request,
            {
                "enabled": True,
                "id": ids.text(who.id),
                "display-name": who.name,
                "displayname": who.name,
                "email": who.address,
                "language": who.language,
                "quota": await self._quota(who.id),
            },
        )

    async def _quota(self, account_id: int) -> dict[str, Any]:
        """In bytes; -3 is no limit."""
        _, _, used, most = await files.room(self._context.store.db, account_id) or (0, 0, 0, 0)
        if not most:
            return {"used": used, "free": -3, "total": -3, "quota": -3, "relative": 0}
        free = max(0, most - used)
        return {"used": used, "free": free, "total": most, "quota": most, "relative": round(100 * used / most, 2)}

    async def sign_out(self, request: Request) -> Response:
        """Takes back the app password that the request comes with: the program forgets the account."""
        if request.who.session_id and "*" not in request.who.protocols:
            await app_passwords.remove(self._context.store, request.who, request.who.session_id)
        return ocs.ok(request, {})

    async def unknown(self, request: Request) -> Response:
        """Services that are not here."""
        return ocs.missing(request)

    async def options(self, request: Request) -> Response:
        """OPTIONS: the same everywhere."""
        request.raw_path = "/dav/files"
        return await self._context.need(Dav).options(request)

    async def dav(self, request: Request) -> Response:
        """The homes, as they are below /dav."""
        return await self._answer(request, _BASE)

    async def webdav(self, request: Request) -> Response:
        """One's own files, as the first programs know them."""
        return await self._answer(request, Base(("remote.php", "webdav"), ("files", ids.text(request.who.id))))

    async def _answer(self, request: Request, base: Base) -> Response:
        if request.method == "PATCH" and "x-recalculate-hash" in request.headers:
            try:
                return await self._hashed(request, base)
            except ParvisError as error:
                return refusal(error)
        return await self._context.need(Dav).answer(request, base)

    async def _hashed(self, request: Request, base: Base) -> Response:
        """The hash of a file by the algorithm that a program knows: it compares it with what it has sent. Raises
        NotFound, Forbidden, Invalid."""
        name = request.headers["x-recalculate-hash"].strip().lower()
        if name not in _HASHES:
            raise Invalid(f"choose among {', '.join(_HASHES)}", field="X-Recalculate-Hash")
        resource = await self._context.need(Dav).ask(request, base).resource()
        tree, node = resource.of_tree()
        if node.collection or tree.keeps != "blob":
            raise Invalid("only files have a hash")
        content = await tree.read(request.who, node)
        found = hashlib.new(name, usedforsecurity=False)
        async for chunk in chunks(content.stream(0, content.size)):
            await asyncio.to_thread(found.update, chunk)
        return Response(204, b"", [("oc-checksum", f"{name.upper()}:{found.hexdigest()}")])
