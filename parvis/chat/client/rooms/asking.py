"""What the endpoints of rooms ask of each request."""

import msgspec

from parvis.chat.client.call import Call
from parvis.chat.rooms import tokens
from parvis.chat.rooms.model import Me
from parvis.chat.rooms.service import Rooms
from parvis.wire.matrix import canonical, filters
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.filters import RoomEventFilter


def rooms(call: Call) -> Rooms:
    """The rooms of the server."""
    return call.server.context.need(Rooms)


def me(call: Call) -> Me:
    """Who asks."""
    return Me(call.who, call.user_id, call.device)


def reason(body: Object) -> str:
    """Why somebody comes or goes. Raises BadMatrix."""
    found = body.get("reason", "")
    if not isinstance(found, str) or len(found) > 1_000:
        raise BadMatrix("Not a reason", errcode="M_INVALID_PARAM", field="reason")
    return found


def room_filter(call: Call) -> RoomEventFilter:
    """The query's `filter`. Raises BadMatrix."""
    text = call.query.get("filter", "")
    return filters.read_room_events(canonical.decode(text.encode())) if text else RoomEventFilter()


def stream(call: Call, name: str) -> int | None:
    """A position of the query. Raises BadMatrix."""
    text = call.query.get(name, "")
    return tokens.read(text, name).stream if text else None


def back(call: Call, default: str = "") -> bool:
    """Whether `dir` is `b`. Raises BadMatrix."""
    found = call.query.get("dir", default)
    if found not in ("b", "f"):
        raise BadMatrix("dir is b or f", errcode="M_MISSING_PARAM" if not found else "M_INVALID_PARAM", field="dir")
    return found == "b"


def names(call: Call, name: str) -> list[str]:
    """A value of the query that may stand there in several forms: text, or a list in JSON."""
    text = call.query.get(name, "")
    if text.startswith("["):
        return msgspec.json.decode(text, type=list[str])
    return [text] if text else []
