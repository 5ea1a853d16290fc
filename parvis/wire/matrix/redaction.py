"""What is left of an event that was redacted (Matrix v1.19 Client-Server §Redactions, and §Redactions of each room
version)."""

from .canonical import Object
from .versions import RoomVersion

_KEPT = frozenset(
    {
        *("event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures"),
        *("depth", "prev_events", "auth_events", "origin_server_ts"),
    }
)
_KEPT_BEFORE_11 = _KEPT | {"origin", "membership", "prev_state"}
_LEVELS = ("ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default")


def redacted(source: Object, version: RoomVersion) -> Object:
    """A copy of an event, in the format of federation, with nothing but what a redaction leaves. This is also what
    is signed, and what the id of the event is the hash of."""
    kept = _KEPT if version.sender_creates else _KEPT_BEFORE_11
    found = {name: value for name, value in source.items() if name in kept}
    content = source.get("content")
    found["content"] = _content(source.get("type"), content, version) if isinstance(content, dict) else {}
    return found


def _content(kind: object, content: Object, version: RoomVersion) -> Object:
    if not content:
        return {}
    if kind == "m.room.create" and version.sender_creates:
        return content
    found = {name: content[name] for name in _kept_content(kind, version) if name in content}
    if kind == "m.room.member" and version.sender_creates and isinstance(content.get("third_party_invite"), dict):
        invite = content["third_party_invite"]
        found["third_party_invite"] = {"signed": invite["signed"]} if "signed" in invite else {}
    return found


def _kept_content(kind: object, version: RoomVersion) -> tuple[str, ...]:
    match kind:
        case "m.room.member":
            return (
                ("membership", "join_authorised_via_users_server") if version.keeps_authoriser else ("membership",)
            )
        case "m.room.create":
            return ("creator",)
        case "m.room.join_rules":
            return ("join_rule", "allow") if version.restricted else ("join_rule",)
        case "m.room.power_levels":
            return (*_LEVELS, "invite") if version.sender_creates else _LEVELS
        case "m.room.history_visibility":
            return ("history_visibility",)
        case "m.room.aliases":
            return ("aliases",) if version.aliases_special else ()
        case "m.room.redaction":
            return ("redacts",) if version.sender_creates else ()
    return ()
