"""Signing in and out (Matrix v1.19 Client-Server §Legacy API)."""

from parvis.access import signin
from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.people import devices
from parvis.kernel.errors import Unauthenticated
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_PASSWORD = "m.login.password"  # noqa: S105 - a word of the protocol


async def _flows(call: Call) -> Object:
    return {"flows": [{"type": _PASSWORD}]}


async def _login(call: Call) -> Object:
    """By password, or by an app password for `matrix`."""
    body = await call.json(strict=False)
    if text(body, "type") != _PASSWORD:
        raise BadMatrix("Only by password", errcode="M_UNKNOWN", field="type")
    address, password = _address(call, body), text(body, "password", limit=4096)
    device_id = body.get("device_id")
    if device_id is not None:
        identifiers.device_id(device_id)
    name = body.get("initial_device_display_name")
    if name is not None:
        name = text(body, "initial_device_display_name", limit=1000)
    try:
        principal = await signin.authenticate(
            call.store, address, password, protocol=devices.PROTOCOL, remote=call.request.remote
        )
    except Unauthenticated as error:
        raise BadMatrix(error.sentence, errcode="M_FORBIDDEN") from None
    if call.server.standings.of(principal.id).locked:
        raise BadMatrix("This account is locked", errcode="M_USER_LOCKED")
    token, chosen = await devices.open(call.server, principal, device_id, name, call.request.remote)
    return {
        "user_id": call.server.users.id_of(principal),
        "access_token": token,
        "device_id": chosen,
        "home_server": call.server.name,
        "well_known": {"m.homeserver": {"base_url": call.server.context.public_url}},
    }


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
    Endpoint("POST", "/client/v3/register", _register, "open"),
    Endpoint("GET", "/client/v3/account/whoami", _whoami),
    Endpoint("POST", "/client/v3/account/password", _password),
    Endpoint("POST", "/client/v3/logout", _logout, locked=True),
    Endpoint("POST", "/client/v3/logout/all", _logout_all, locked=True),
)
