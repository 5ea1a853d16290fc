"""The push rules that everybody has (Matrix v1.19 Client-Server §Predefined Rules)."""

from typing import Any

from .canonical import Object

MASTER = ".m.rule.master"
_NOTIFY, _HIGHLIGHT = "notify", {"set_tweak": "highlight"}


def _sound(name: str) -> Object:
    return {"set_tweak": "sound", "value": name}


def _match(key: str, pattern: str) -> Object:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def _rule(rule_id: str, conditions: list[Object], actions: list[Any]) -> Object:
    enabled = rule_id != MASTER
    return {"rule_id": rule_id, "default": True, "enabled": enabled, "conditions": conditions, "actions": actions}


def override(user_id: str) -> list[Object]:
    """Those of the kind `override`; the first of them comes before what the user has set, the others behind."""
    mentions = "content.m\\.mentions"
    about_room = {"kind": "event_property_is", "key": f"{mentions}.room", "value": True}
    about_me = {"kind": "event_property_contains", "key": f"{mentions}.user_ids", "value": user_id}
    may_notify = {"kind": "sender_notification_permission", "key": "room"}
    edited = {"kind": "event_property_is", "key": "content.m\\.relates_to.rel_type", "value": "m.replace"}
    member = _match("type", "m.room.member")
    invited = [member, _match("content.membership", "invite"), _match("state_key", user_id)]
    of_room = _match("state_key", "")
    return [
        _rule(MASTER, [], []),
        _rule(".m.rule.suppress_notices", [_match("content.msgtype", "m.notice")], []),
        _rule(".m.rule.invite_for_me", invited, [_NOTIFY, _sound("default")]),
        _rule(".m.rule.member_event", [member], []),
        _rule(".m.rule.is_user_mention", [about_me], [_NOTIFY, _sound("default"), _HIGHLIGHT]),
        _rule(".m.rule.is_room_mention", [about_room, may_notify], [_NOTIFY, _HIGHLIGHT]),
        _rule(".m.rule.tombstone", [_match("type", "m.room.tombstone"), of_room], [_NOTIFY, _HIGHLIGHT]),
        _rule(".m.rule.reaction", [_match("type", "m.reaction")], []),
        _rule(".m.rule.room.server_acl", [_match("type", "m.room.server_acl"), of_room], []),
        _rule(".m.rule.suppress_edits", [edited], []),
    ]


def underride() -> list[Object]:
    """Those of the kind `underride`."""
    two = {"kind": "room_member_count", "is": "2"}
    message, encrypted = _match("type", "m.room.message"), _match("type", "m.room.encrypted")
    return [
        _rule(".m.rule.call", [_match("type", "m.call.invite")], [_NOTIFY, _sound("ring")]),
        _rule(".m.rule.encrypted_room_one_to_one", [two, encrypted], [_NOTIFY, _sound("default")]),
        _rule(".m.rule.room_one_to_one", [two, message], [_NOTIFY, _sound("default")]),
        _rule(".m.rule.message", [message], [_NOTIFY]),
        _rule(".m.rule.encrypted", [encrypted], [_NOTIFY]),
    ]
