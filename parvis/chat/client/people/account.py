"""What clients ask about an account itself: its addresses, moderation, and what other programs are shown of it
(Matrix v1.19 Client-Server §Account management, §OpenID, §Server Administration, §Reporting users). Accounts are
made, changed and ended by who runs the server, never here."""

from parvis.access import directory
from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.rooms.asking import reason
from parvis.chat.people import devices, openid, reports
from parvis.kernel.errors import Forbidden, NotFound
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_3PID = "/client/v3/account/3pid"


async def _addresses(call: Call) -> Object:
    found = await directory.addresses(call.store.db, call.who.id)
    return {"threepids": [{"medium": "email", "address": each, "validated_at": 0, "added_at": 0} for each in found]}


async def _denied(call: Call) -> Object:
    raise BadMatrix("Addresses are given by who runs this server", errcode="M_THREEPID_DENIED")


async def _elsewhere(call: Call) -> Object:
    raise Forbidden("accounts are made and ended by who runs this server")


async def _openid(call: Call) -> Object:
    call.only_self()
    return await openid.give(call.server, call.user_id)


async def _userinfo(call: Call) -> Object:
    """Matrix v1.19 Server-Server §OpenID"""
    return {"sub": await openid.user_of(call.server, call.query.get("access_token", ""))}


async def _whois(call: Call) -> Object:
    user_id = call.params["userId"]
    if user_id != call.user_id and not call.who.administrator:
        raise Forbidden("this is for administrators")
    who = await call.server.users.principal(call.store.db, user_id)
    if who is None:
        raise NotFound("no such user")
    found = {
        each.device_id: {
            "sessions": [{"connections": [{"ip": each.remote, "last_seen": each.used_ms, "user_agent": ""}]}]
        }
        for each in await devices.of(call.store, who)
        if each.used_ms is not None
    }
    return {"user_id": user_id, "devices": found}


async def _report(call: Call) -> Object:
    """Kept for the administration."""
    why, user_id = reason(await call.json()), call.params["userId"]
    if await call.server.users.principal(call.store.db, user_id) is None:
        raise NotFound("no such user")
    await reports.keep(call.store, call.who, why, user_id=user_id)
    return {}


_TOKENS = (
    f"{_3PID}/email/requestToken",
    f"{_3PID}/msisdn/requestToken",
    "/client/v3/account/password/email/requestToken",
    "/client/v3/account/password/msisdn/requestToken",
    "/client/v3/register/email/requestToken",
    "/client/v3/register/msisdn/requestToken",
)
ENDPOINTS = (
    Endpoint("GET", _3PID, _addresses),
    Endpoint("POST", _3PID, _denied),
    *(Endpoint("POST", f"{_3PID}/{verb}", _denied) for verb in ("add", "bind", "delete", "unbind")),
    *(Endpoint("POST", path, _denied, "open") for path in _TOKENS),
    Endpoint("POST", "/client/v3/account/deactivate", _elsewhere),
    Endpoint("GET", "/client/v3/register/available", _elsewhere, "open"),
    Endpoint("GET", "/client/v1/register/m.login.registration_token/validity", _elsewhere, "open"),
    Endpoint("POST", "/client/v3/user/{userId}/openid/request_token", _openid),
    Endpoint("GET", "/federation/v1/openid/userinfo", _userinfo, "open"),
    Endpoint("GET", "/client/v3/admin/whois/{userId}", _whois),
    Endpoint("POST", "/client/v3/users/{userId}/report", _report),
)
