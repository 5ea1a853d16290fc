"""Rule 5: who may join, invite, leave, kick, ban and knock (Matrix v1.19 Room Version 12 §Authorisation rules)."""

from typing import Any

from . import identifiers, signing
from .errors import BadMatrix, NotAllowed
from .event import Event, State
from .powers import PowerLevels, creators
from .signing import VerifyKey

_THIRD_PARTY_LIMIT = 10
"""Public keys, and signatures, of an invitation by a third party that are tried."""


def check_membership(event: Event, state: State, levels: PowerLevels, create: Event) -> None:
    """Checks an `m.room.member` against a state of the room and its levels. Raises NotAllowed."""
    target, membership = event.state_key, event.membership
    if target is None or membership is None:
        raise NotAllowed("5.1", "A membership is somebody's")
    if not identifiers.is_user_id(target):
        # Not said by the rules; yet only users are members, and servers refuse anybody else.
        raise NotAllowed("5.1", "Only users are members")
    match membership:
        case "join":
            _check_join(event, state, levels, create)
        case "invite":
            _check_invite(event, target, state, levels)
        case "leave":
            _check_leave(event, target, state, levels)
        case "ban":
            _check_ban(event, target, state, levels)
        case "knock" if event.version.knocking:
            _check_knock(event, target, state)
        case _:
            raise NotAllowed("5.8", "There is no such membership")


def _of(state: State, user: str) -> object:
    member = state.get(("m.room.member", user))
    return None if member is None else member.membership


def _join_rule(state: State) -> object:
    event = state.get(("m.room.join_rules", ""))
    return "invite" if event is None else event.content.get("join_rule", "invite")


def _check_join(event: Event, state: State, levels: PowerLevels, create: Event) -> None:
    if event.prev_events == (create.event_id,) and event.state_key in _first_members(create):
        return
    if event.sender != event.state_key:
        raise NotAllowed("5.3.2", "Nobody joins for another")
    present, rule, version = _of(state, event.sender), _join_rule(state), event.version
    if present == "ban":
        raise NotAllowed("5.3.3", "Who joins is banned")
    invited = present in ("invite", "join")
    if rule == "invite" or (rule == "knock" and version.knocking):
        if not invited:
            raise NotAllowed("5.3.4", "Who joins is not invited")
    elif (rule == "restricted" and version.restricted) or (rule == "knock_restricted" and version.knock_restricted):
        if not invited:
            _check_authoriser(event, state, levels)
    elif rule != "public":
        raise NotAllowed("5.3.7", "Nobody may join")


def _first_members(create: Event) -> frozenset[str]:
    """Who joins a new room before there are rules: its creator, not those who are creators besides."""
    return frozenset([create.sender]) if create.version.sender_creates else creators(create)


def _check_authoriser(event: Event, state: State, levels: PowerLevels) -> None:
    authoriser = event.content.get("join_authorised_via_users_server")
    if not isinstance(authoriser, str) or _of(state, authoriser) != "join":
        raise NotAllowed("5.3.5.2", "Nobody in the room let them in")
    if levels.user(authoriser) < levels.action("invite"):
        raise NotAllowed("5.3.5.2", "Who let them in may not invite")


def _check_invite(event: Event, target: str, state: State, levels: PowerLevels) -> None:
    present = _of(state, target)
    if "third_party_invite" in event.content:
        if present == "ban":
            raise NotAllowed("5.4.1.1", "Who is invited is banned")
        _check_third_party(event, target, state)
        return
    if _of(state, event.sender) != "join":
        raise NotAllowed("5.4.2", "Who invites is not in the room")
    if present in ("join", "ban"):
        raise NotAllowed("5.4.3", "Who is invited is in the room, or banned")
    if levels.user(event.sender) < levels.action("invite"):
        raise NotAllowed("5.4.5", "Too little power to invite")


def _check_third_party(event: Event, target: str, state: State) -> None:
    invite = event.content["third_party_invite"]
    signed = invite.get("signed") if isinstance(invite, dict) else None
    if not isinstance(signed, dict):
        raise NotAllowed("5.4.1.2", "The third party signed nothing")
    token = signed.get("token")
    if not isinstance(token, str) or "mxid" not in signed:
        raise NotAllowed("5.4.1.3", "The third party names nobody")
    if signed["mxid"] != target:
        raise NotAllowed("5.4.1.4", "The third party names another")
    wanted = state.get(("m.room.third_party_invite", token))
    if wanted is None:
        raise NotAllowed("5.4.1.5", "There is no such invitation")
    if wanted.sender != event.sender:
        raise NotAllowed("5.4.1.6", "Another invited")
    if not _is_signed(signed, wanted.content, strict=event.version.strict_json):
        raise NotAllowed("5.4.1.8", "The third party did not sign")


def _is_signed(signed: dict[str, Any], wanted: dict[str, Any], *, strict: bool) -> bool:
    """Whether any signature of any server was made with any of the keys that the room has for this invitation."""
    signatures = signed.get("signatures")
    if not isinstance(signatures, dict):
        return False
    data = signing.signed_bytes(signed, strict=strict)
    servers = [signing.signatures_of(signed, server) for server in list(signatures)[:_THIRD_PARTY_LIMIT]]
    texts = [text for each in servers for text in each.values()][:_THIRD_PARTY_LIMIT]
    return any(key.verifies(data, text) for key in _public_keys(wanted) for text in texts)


def _public_keys(wanted: dict[str, Any]) -> list[VerifyKey]:
    more = wanted.get("public_keys")
    texts = [wanted.get("public_key")]
    texts += [each.get("public_key") for each in more if isinstance(each, dict)] if isinstance(more, list) else []
    found = []
    for text in texts[:_THIRD_PARTY_LIMIT]:
        try:
            found.append(VerifyKey.read(text))
        except BadMatrix:
            continue
    return found


def _check_leave(event: Event, target: str, state: State, levels: PowerLevels) -> None:
    own = _of(state, event.sender)
    if event.sender == target:
        if own not in ("invite", "join") and not (own == "knock" and event.version.knocking):
            raise NotAllowed("5.5.1", "Who leaves is not there")
        return
    if own != "join":
        raise NotAllowed("5.5.2", "Who kicks is not in the room")
    power = levels.user(event.sender)
    if _of(state, target) == "ban" and power < levels.action("ban"):
        raise NotAllowed("5.5.3", "Too little power to take a ban away")
    if power < levels.action("kick") or levels.user(target) >= power:
        raise NotAllowed("5.5.5", "Too little power to kick")


def _check_ban(event: Event, target: str, state: State, levels: PowerLevels) -> None:
    if _of(state, event.sender) != "join":
        raise NotAllowed("5.6.1", "Who bans is not in the room")
    power = levels.user(event.sender)
    if power < levels.action("ban") or levels.user(target) >= power:
        raise NotAllowed("5.6.3", "Too little power to ban")


def _check_knock(event: Event, target: str, state: State) -> None:
    rule = _join_rule(state)
    if rule != "knock" and not (rule == "knock_restricted" and event.version.knock_restricted):
        raise NotAllowed("5.7.1", "Nobody may knock")
    if event.sender != target:
        raise NotAllowed("5.7.2", "Nobody knocks for another")
    if _of(state, target) in ("ban", "invite", "join"):
        raise NotAllowed("5.7.4", "Who knocks is banned, invited or in the room")
