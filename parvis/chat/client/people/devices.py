"""One's own devices (Matrix v1.19 Client-Server §Device Management)."""

from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.client.people import proof
from parvis.chat.people import devices
from parvis.chat.people.devices import Device
from parvis.serve.http.exchange import Response, answer
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_AT_ONCE = 500


def _shown(device: Device) -> Object:
    found: Object = {"device_id": device.device_id, "display_name": device.name}
    if device.used_ms is not None:
        found |= {"last_seen_ts": device.used_ms, "last_seen_ip": device.remote}
    return found


async def _list(call: Call) -> Object:
    return {"devices": [_shown(each) for each in await devices.of(call.store, call.who)]}


async def _get(call: Call) -> Object:
    return _shown(await devices.one(call.store, call.who, call.params["deviceId"]))


async def _rename(call: Call) -> Object | Response:
    """A browser's sign-in has no device until it names one here, as an application service makes them (Matrix v1.19
    Application Service §Device management)."""
    body = await call.json(strict=False)
    if not call.device:
        name = text(body, "display_name", limit=1000, default=call.params["deviceId"])
        await devices.adopt(call.server, call.who, identifiers.device_id(call.params["deviceId"]), name)
        return answer({}, 201)
    await devices.one(call.store, call.who, call.params["deviceId"])
    if "display_name" in body:
        name = text(body, "display_name", limit=1000)
        await devices.rename(call.server, call.who, call.params["deviceId"], name)
    return {}


async def _delete(call: Call) -> Object | Response:
    if (asked := await proof.missing(call, await call.json(strict=False, optional=True))) is not None:
        return asked
    await devices.remove(call.server, call.who, [call.params["deviceId"]])
    return {}


async def _delete_some(call: Call) -> Object | Response:
    body = await call.json(strict=False)
    wanted = body.get("devices")
    if not isinstance(wanted, list) or len(wanted) > _AT_ONCE or not all(isinstance(each, str) for each in wanted):
        raise BadMatrix("Not a list of devices", errcode="M_BAD_JSON", field="devices")
    if (asked := await proof.missing(call, body)) is not None:
        return asked
    await devices.remove(call.server, call.who, wanted)
    return {}


ENDPOINTS = (
    Endpoint("GET", "/client/v3/devices", _list),
    Endpoint("GET", "/client/v3/devices/{deviceId}", _get),
    Endpoint("PUT", "/client/v3/devices/{deviceId}", _rename),
    Endpoint("DELETE", "/client/v3/devices/{deviceId}", _delete),
    Endpoint("POST", "/client/v3/delete_devices", _delete_some),
)
