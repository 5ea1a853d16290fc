"""Who sends a request: a session cookie, a bearer token, or a name and password."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from parvis.access import sessions, signin
from parvis.access.principal import Principal
from parvis.access.sessions import Ended
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, Unauthenticated
from parvis.serve.http.exchange import Request
from parvis.store.store import Store

COOKIE = "parvis_session"
_BASIC_SECONDS = 30.0
_BASIC_CACHED = 2000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until: float


class Identity:
    """Finds the principal of a request. A password that was right is remembered for a short time, so that a client
    which sends it with each request does not cost an argon2 each; an ended sign-in is forgotten at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._basic: dict[bytes, _Known] = {}
        self._salt = secrets.token_bytes(32)

    async def start(self) -> None:
        """Begins to hear of sign-ins that end."""
        await sessions.on_end(self._store, self._forget)

    def _forget(self, ended: Ended) -> None:
        gone = [key for key, known in self._basic.items() if ended.principal_id == known.principal.id]
        for key in gone:
            del self._basic[key]

    async def of(self, request: Request, protocol: str = "jmap") -> Principal | None:
        """The principal, or None when the request names nobody; `protocol` is what a password is given for. Raises
        Unauthenticated for credentials that are wrong, RateLimited, and Forbidden for an unsafe request by cookie
        without the header `X-Parvis: 1`, which no other site can send."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await sessions.resolve(self._store, value.strip())
        if scheme.lower() == "basic":
            return await self._by_basic(value.strip(), request.remote, protocol)
        token = cookie_of(request)
        if not token:
            return None
        if request.method not in _SAFE:
            from_here(request)
        return await sessions.resolve(self._store, token)

    async def _by_basic(self, value: str, remote: str, protocol: str) -> Principal:
        key = hashlib.sha256(self._salt + f"{protocol} {value}".encode()).digest()
        known = self._basic.get(key)
        if known is not None and known.until > clock.monotonic():
            return known.principal
        try:
            username, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("malformed credentials") from error
        if not colon:
            raise Unauthenticated("malformed credentials")
        principal = await signin.authenticate(self._store, username, password, protocol=protocol, remote=remote)
        if len(self._basic) >= _BASIC_CACHED:
            self._basic.clear()
        self._basic[key] = _Known(principal, clock.monotonic() + _BASIC_SECONDS)
        return principal


def from_here(request: Request) -> None:
    """Raises Forbidden without the header `X-Parvis: 1`, which no other site can send."""
    if request.headers.get("x-parvis") != "1":
        raise Forbidden("the header X-Parvis is missing")


def cookie_of(request: Request) -> str:
    """The session cookie's value, or an empty string."""
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
