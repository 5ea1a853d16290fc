"""What this server is able to: versions and capabilities."""

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.rooms import sliding
from parvis.wire.matrix.canonical import Object

VERSIONS = [f"v1.{number}" for number in range(1, 20)]
ROOM_VERSIONS = ("10", "11", "12")
DEFAULT_ROOM_VERSION = "12"


async def _versions(call: Call) -> Object:
    """Matrix v1.19 Client-Server §API Versions"""
    return {"versions": VERSIONS, "unstable_features": {sliding.FEATURE: True}}


async def _capabilities(call: Call) -> Object:
    """Matrix v1.19 Client-Server §Capabilities negotiation"""
    moderation = {"m.account_moderation": {"suspend": True, "lock": True}} if call.who.administrator else {}
    return {
        "capabilities": {
            **moderation,
            "m.change_password": {"enabled": False},
            "m.room_versions": {
                "default": DEFAULT_ROOM_VERSION,
                "available": dict.fromkeys(ROOM_VERSIONS, "stable"),
            },
            "m.set_displayname": {"enabled": False},
            "m.profile_fields": {"enabled": True, "disallowed": ["displayname"]},
            "m.3pid_changes": {"enabled": False},
            "m.get_login_token": {"enabled": True},
            "m.forget_forced_upon_leave": {"enabled": False},
        }
    }


ENDPOINTS = (
    Endpoint("GET", "/client/versions", _versions, "open"),
    Endpoint("GET", "/client/v3/capabilities", _capabilities),
)
