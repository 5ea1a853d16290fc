"""Signing in and out (Matrix v1.19 Client-Server §Legacy API)."""

from parvis.access import directory, renewing, signin
from parvis.access.principal import Principal
from parvis.access.renewing import Tokens
from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.client.people import proof
from parvis.chat.people import devices
from parvis.kernel.errors import NotFound, Unauthenticated
from parvis.serve.http.exchange import Response
from parvis.serve.oauth import requests
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_PASSWORD = "m.login.password"  # noqa: S105 - a word of the protocol
_TOKEN = "m.login.token"  # noqa: S105


async def _flows(call: Call) -> Object:
    return {"flows": [{"type": _PASSWORD}, {"type": _TOKEN, "get_login_token": True}]}


async def _login(call: Call) -> Object:
    """By password, by an app password for `matrix`, or by a token that another program was given."""
    body = await call.json(strict=False)
    device_id = body.get("device_id")
    if device_id is not None:
        identifiers.device_id(device_id)
    name = body.get("initial_device_display_name")
    if name is not None:
        name = text(body, "initial_device_display_name", limit=1000)
    principal = await _who(call, body)
    call.admitted(principal)
    token, chosen, session = await devices.open(call.server, principal, device_id, name, call.request.remote)
    renewed = body.get("refresh_token") is True
    given = _told(await renewing.begin(call.store, session, token)) if renewed else {"access_token": token}
    return {
        **given,
        "user_id": call.server.users.id_of(principal),
        "device_id": chosen,
        "home_server": call.server.name,
        "well_known": {"m.homeserver": {"base_url": call.server.context.public_url}},
    }


async def _who(call: Call, body: Object) -> Principal:
    try:
        kind = text(body, "type")
        if kind == _PASSWORD:
            address, password = _address(call, body), text(body, "password", limit=4096)
            return await signin.authenticate(
                call.store, address, password, protocol=devices.PROTOCOL, remote=call.request.remote
            )
        if kind == _TOKEN:
            found = await requests.logged_in(call.store, text(body, "token"))
            return await directory.by_id(call.store.db, found)
    except (Unauthenticated, NotFound) as error:
        raise BadMatrix(error.sentence, errcode="M_FORBIDDEN") from None
    raise BadMatrix("Not a way to sign in here", errcode="M_UNKNOWN", field="type")


def _told(tokens: Tokens) -> Object:
    expires = renewing.ACCESS_SECONDS * 1000
    return {"access_token": tokens.access, "refresh_token": tokens.refresh, "expires_in_ms": expires}


async def _refresh(call: Call) -> Object:
    """Matrix v1.19 Client-Server §Refreshing access tokens"""
    refresh = text(await call.json(strict=False), "refresh_token")
    try:
        return _told(await renewing.renew(call.store, refresh))
    except Unauthenticated as error:
        raise BadMatrix(error.sentence, errcode="M_UNKNOWN_TOKEN") from None


async def _get_token(call: Call) -> Object | Response:
    """Matrix v1.19 Client-Server §Login: `POST /login/get_token`"""
    if (asked := await proof.missing(call, await call.json(strict=False, optional=True))) is not None:
        return asked
    token = await requests.login_token(call.store, call.who.id)
    return {"login_token": token, "expires_in_ms": requests.CODE_MS}


def _address(call: Call, body: Object) -> str:
    """The address that a client names: by user id, local part or address."""
    named = body.get("identifier") or {"type": "m.id.user", "user": body.get("user")}
    if not isinstance(named, dict):
        raise BadMatrix("identifier is no object", errcode="M_BAD_JSON", field="identifier")
    match text(named, "type"):
        case "m.id.user":
            user = text(named, "user")
            if not user.startswith("@") and "@" in user:
                return user
            wanted = user if user.startswith("@") else f"@{user.lower()}:{call.server.name}"
            return call.server.users.address_for(wanted) or user
        case "m.id.thirdparty" if named.get("medium") == "email":
            return text(named, "address")
    raise BadMatrix("Not a way to name somebody", errcode="M_UNKNOWN", field="identifier")


async def _whoami(call: Call) -> Object:
    found: Object = {"user_id": call.user_id, "is_guest": False}
    return found | ({"device_id": call.device} if call.device else {})


async def _logout(call: Call) -> Object:
    await devices.remove(call.server, call.who, [call.own_device()])
    return {}


async def _logout_all(call: Call) -> Object:
    await devices.remove(call.server, call.who)
    return {}


async def _password(call: Call) -> Object:
    raise BadMatrix(
        "The password is changed in the settings of your account", errcode="M_FORBIDDEN", field="new_password"
    )


async def _register(call: Call) -> Object:
    raise BadMatrix("People are added by who runs this server", errcode="M_FORBIDDEN")


ENDPOINTS = (
    Endpoint("GET", "/client/v3/login", _flows, "open"),
    Endpoint("POST", "/client/v3/login", _login, "open", rate="sign_ins"),
    Endpoint("POST", "/client/v3/refresh", _refresh, "open"),
    Endpoint("POST", "/client/v1/login/get_token", _get_token, rate="sign_ins"),
    Endpoint("POST", "/client/v3/register", _register, "open"),
    Endpoint("GET", "/client/v3/account/whoami", _whoami),
    Endpoint("POST", "/client/v3/account/password", _password),
    Endpoint("POST", "/client/v3/logout", _logout, locked=True),
    Endpoint("POST", "/client/v3/logout/all", _logout_all, locked=True),
)
