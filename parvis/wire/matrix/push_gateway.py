"""What a push gateway is told (Matrix Push Gateway API v1.19 §POST /_matrix/push/v1/notify), always in the form
`event_id_only`: that there is something, where and how much, and never who said what."""

from collections.abc import Mapping
from typing import Any

from .canonical import Object

PATH = "/_matrix/push/v1/notify"
LIMIT = 65_536
"""Bytes of an answer that are read."""


def notification(
    event_id: str, room_id: str, unread: int, pusher: Mapping[str, Any], *, highlight: bool, sound: str
) -> Object:
    """The body of a request for one pusher, which is as its client made it."""
    data = {name: value for name, value in pusher["data"].items() if name != "url"}
    tweaks: Object = {"highlight": True} if highlight else {}
    device = {
        "app_id": pusher["app_id"],
        "pushkey": pusher["pushkey"],
        "data": data,
        "tweaks": tweaks | ({"sound": sound} if sound else {}),
    }
    told = {"event_id": event_id, "room_id": room_id, "counts": {"unread": unread}, "prio": "high"}
    return {"notification": {**told, "devices": [device]}}


def rejected(answer: object) -> list[str]:
    """The keys that a gateway knows no more; none in what is no answer."""
    found = answer.get("rejected") if isinstance(answer, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
