"""What is at other places: servers that relay calls, and other networks (Matrix v1.19 Client-Server §Voice over IP,
§Third-party Networks)."""

import base64
import hashlib
import hmac

from parvis.chat.client.call import Call, Endpoint
from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.serve.http.exchange import Response, answer
from parvis.wire.matrix.canonical import Object

_TURN_SECONDS = 86_400


async def _turn(call: Call) -> Object:
    """A name and password for the relays that the settings name, as these compute it from the secret they share
    with us (coturn's `use-auth-secret`); empty without any."""
    chat = call.server.settings.chat
    if not chat.turn_uris:
        return {}
    name = f"{clock.now_ms() // 1000 + _TURN_SECONDS}:{call.user_id}"
    digest = hmac.new(chat.turn_secret.encode(), name.encode(), hashlib.sha1).digest()
    password = base64.b64encode(digest).decode()
    return {"username": name, "password": password, "uris": list(chat.turn_uris), "ttl": _TURN_SECONDS}


async def _nothing(call: Call) -> Object:
    return {}


async def _nobody(call: Call) -> Response:
    return answer([])


async def _unknown(call: Call) -> Object:
    raise NotFound("no such network")


_NETWORKS = "/client/v3/thirdparty"
ENDPOINTS = (
    Endpoint("GET", "/client/v3/voip/turnServer", _turn),
    Endpoint("GET", f"{_NETWORKS}/protocols", _nothing),
    Endpoint("GET", f"{_NETWORKS}/protocol/{{protocol}}", _unknown),
    *(Endpoint("GET", f"{_NETWORKS}/{kind}", _nobody) for kind in ("location", "user")),
    *(Endpoint("GET", f"{_NETWORKS}/{kind}/{{protocol}}", _unknown) for kind in ("location", "user")),
)
