"""Signing in and out, sign-ins that live, app passwords: the routes under /auth."""

from datetime import datetime
from typing import Any

import msgspec

from parvis.access import app_passwords, sessions, signin
from parvis.access.principal import Principal
from parvis.access.sessions import SESSION_MS, Session
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from parvis.serve.http.exchange import Request, Response, Route, answer
from parvis.serve.http.identity import COOKIE, cookie_of, from_here
from parvis.store.store import Store


class _SignIn(msgspec.Struct):
    username: str
    password: str
    device: str = ""


class _NewPassword(msgspec.Struct):
    name: str
    protocols: list[str]
    expires: str | None = None


class _Change(msgspec.Struct):
    old: str
    new: str


def described(principal: Principal) -> dict[str, Any]:
    """A principal as the client sees itself."""
    return {
        "id": ids.text(principal.id),
        "name": principal.name,
        "address": principal.address,
        "language": principal.language,
        "administrator": principal.administrator,
    }


def _session(session: Session, principal: Principal) -> dict[str, Any]:
    return {
        "id": ids.text(session.id),
        "kind": session.kind,
        "name": session.name,
        "protocols": sorted(session.protocols),
        "remote": session.remote,
        "created": clock.utc_date(session.created_ms),
        "used": clock.utc_date(session.used_ms),
        "expires": clock.utc_date(session.expires_ms) if session.expires_ms else None,
        "current": session.id == principal.session_id,
    }


class Auth:
    """The handlers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("POST", "/auth/sign-in", self.sign_in, "open"),
            Route("POST", "/auth/sign-out", self.sign_out, "open"),
            Route("GET", "/auth/session", self.session),
            Route("GET", "/auth/sessions", self.sessions),
            Route("DELETE", "/auth/sessions/{id}", self.end),
            Route("POST", "/auth/password", self.password),
            Route("GET", "/auth/app-passwords", self.app_passwords),
            Route("POST", "/auth/app-passwords", self.add_app_password),
            Route("DELETE", "/auth/app-passwords/{id}", self.remove_app_password),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Opens a session and sets its cookie. The header X-Parvis is needed here too, so that no other site can
        sign a browser in as somebody else."""
        from_here(request)
        given = await request.json(_SignIn)
        principal = await signin.authenticate(
            self._store, given.username, given.password, protocol="web", remote=request.remote
        )
        if "*" not in principal.protocols:
            raise Unauthenticated("an app password does not open the web client")
        device = given.device or request.headers.get("user-agent", "")
        token, _ = await sessions.open(self._store, principal, device, request.remote)
        return answer({"principal": described(principal)}, headers=[_cookie(request, token, SESSION_MS // 1000)])

    async def sign_out(self, request: Request) -> Response:
        """Ends the session of the cookie; no error when it has ended already. No other site can do it."""
        from_here(request)
        if token := cookie_of(request):
            try:
                principal = await sessions.resolve(self._store, token)
                await sessions.end(self._store, principal, principal.session_id)
            except (Unauthenticated, NotFound):
                pass
        return answer({}, headers=[_cookie(request, "", 0)])

    async def session(self, request: Request) -> Response:
        """Who is signed in."""
        return answer({"principal": described(request.who)})

    async def sessions(self, request: Request) -> Response:
        """All living sign-ins of one's own, the last used first."""
        principal = _whole(request)
        found = await sessions.of(self._store, principal)
        return answer({"sessions": [_session(each, principal) for each in found if each.kind != "app"]})

    async def end(self, request: Request) -> Response:
        """Ends one of them, everywhere within seconds."""
        await sessions.end(self._store, _whole(request), _number(request))
        return answer({})

    async def password(self, request: Request) -> Response:
        """Changes one's own password: {"old", "new"}."""
        principal, given = _whole(request), await request.json(_Change)
        await signin.change_password(self._store, principal, given.old, given.new, remote=request.remote)
        return answer({})

    async def app_passwords(self, request: Request) -> Response:
        """The app passwords, without their secrets."""
        principal = _whole(request)
        found = await app_passwords.list(self._store, principal)
        return answer({"appPasswords": [_session(each, principal) for each in found]})

    async def add_app_password(self, request: Request) -> Response:
        """Makes one: {"name", "protocols", "expires"?}; its secret is in this answer and never again."""
        principal, given = _whole(request), await request.json(_NewPassword)
        end = _milliseconds(given.expires) if given.expires else None
        secret, session = await app_passwords.create(self._store, principal, given.name, given.protocols, end)
        return answer({"password": secret, "appPassword": _session(session, principal)}, 201)

    async def remove_app_password(self, request: Request) -> Response:
        """Takes one back."""
        await app_passwords.remove(self._store, _whole(request), _number(request))
        return answer({})


def _whole(request: Request) -> Principal:
    """The principal, signed in with more than an app password."""
    if "*" not in request.who.protocols:
        raise Forbidden("an app password cannot do this")
    return request.who


def _number(request: Request) -> int:
    number = ids.parse(request.params["id"])
    if number is None:
        raise NotFound("no such session")
    return number


def _milliseconds(date: str) -> int:
    try:
        return clock.to_ms(msgspec.convert(date, type=datetime))
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field="expires") from error


def _cookie(request: Request, value: str, seconds: int) -> tuple[str, str]:
    secure = "; Secure" if request.origin.startswith("https:") else ""
    return ("set-cookie", f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
