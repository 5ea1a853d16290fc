"""Proving once more who one is, before something that cannot be taken back (Matrix v1.19 Client-Server
§User-Interactive Authentication API). There is one stage, the password; nothing is kept between both requests.
Who is signed in by a program that never sees a password says yes in the browser instead (§OAuth authentication)."""

from parvis.access import renewing, signin
from parvis.chat.client.call import Call, text
from parvis.kernel import ids
from parvis.kernel.errors import Unauthenticated
from parvis.serve.http.exchange import Response, answer
from parvis.serve.oauth import requests
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_STAGE, _BROWSER = "m.login.password", "m.oauth"


async def missing(call: Call, body: Object, *, in_browser: str = "") -> Response | None:
    """What a client is answered that has not shown its password in `auth`; None when it has. `in_browser` is the
    page where somebody says yes to this, if there is one. Raises BadMatrix for a malformed one, RateLimited."""
    auth = body.get("auth")
    if auth is not None and not isinstance(auth, dict):
        raise BadMatrix("auth is no object", errcode="M_BAD_JSON", field="auth")
    if in_browser and await renewing.scope_of(call.store, call.who.session_id):
        return await _confirmed(call, auth or {}, in_browser)
    if auth is None:
        return _asked({})
    if auth.get("type") != _STAGE:
        return _asked({"errcode": "M_UNRECOGNIZED", "error": "Not a stage that is offered"})
    try:
        await _check(call, auth)
    except Unauthenticated as error:
        return _asked({"errcode": "M_FORBIDDEN", "error": error.sentence})
    return None


async def _confirmed(call: Call, auth: Object, page: str) -> Response | None:
    session = auth.get("session")
    if isinstance(session, str) and await requests.confirmed(call.store, session, call.who.id):
        return None
    session = await requests.question(call.store, call.who.id)
    told = {"flows": [{"stages": [_BROWSER]}], "params": {_BROWSER: {"url": page}}, "completed": []}
    return answer(told | {"session": session}, 401)


async def _check(call: Call, auth: Object) -> None:
    password = text(auth, "password", limit=4096)
    found = await signin.authenticate(
        call.store, call.who.address, password, protocol="matrix", remote=call.request.remote
    )
    named = auth.get("identifier", {})
    user = named.get("user", auth.get("user")) if isinstance(named, dict) else None
    local = call.user_id[1:].partition(":")[0]
    if found.id != call.who.id or user not in (None, call.user_id, local, call.who.address):
        raise Unauthenticated("wrong name or password")


def _asked(problem: Object) -> Response:
    told = {"flows": [{"stages": [_STAGE]}], "params": {}, "session": ids.token(12), "completed": []}
    return answer(told | problem, 401)
