"""Whether an event is allowed (Matrix v1.19 Server-Server §Authorisation rules). The rules are numbered as in room
version 12; what was otherwise before stands beside them.

An event is checked alone, with the events that it names (`check_alone`), then against states: that of the events it
names, that before it, and that of now (`check`)."""

from collections.abc import Container, Mapping

from . import identifiers
from .canonical import Object
from .errors import NotAllowed
from .event import Event, State, StateKey
from .membership import check_membership
from .power_changes import check_power_levels
from .powers import CREATE, POWER_LEVELS, PowerLevels
from .versions import KNOWN, RoomVersion

JOIN_RULES: StateKey = ("m.room.join_rules", "")


def auth_keys(
    kind: str, sender: str, state_key: str | None, content: Object, version: RoomVersion
) -> list[StateKey]:
    """Which state an event is allowed by, where it is there: this is what its `auth_events` are (Matrix v1.19
    Server-Server §Auth events selection)."""
    if kind == "m.room.create":
        return []
    found = [POWER_LEVELS, ("m.room.member", sender)]
    if not version.hashed_rooms:
        found.append(CREATE)
    if kind == "m.room.member" and state_key is not None:
        found += _member_keys(state_key, content, version)
    return list(dict.fromkeys(found))


def _member_keys(target: str, content: Object, version: RoomVersion) -> list[StateKey]:
    membership = content.get("membership")
    found: list[StateKey] = [("m.room.member", target)]
    if membership in ("join", "invite", "knock"):
        found.append(JOIN_RULES)
    if membership == "invite" and (token := third_party_token(content)) is not None:
        found.append(("m.room.third_party_invite", token))
    authoriser = content.get("join_authorised_via_users_server")
    if membership == "join" and version.restricted and isinstance(authoriser, str):
        found.append(("m.room.member", authoriser))
    return found


def keys_of(event: Event) -> list[StateKey]:
    """`auth_keys` of an event."""
    return auth_keys(event.type, event.sender, event.state_key, event.content, event.version)


def create_id(event: Event) -> str | None:
    """The id of the creation of an event's room, which the room's own id says as of room version 12; None
    before."""
    return f"${event.room_id[1:]}" if event.version.hashed_rooms else None


def state_named(event: Event, events: Mapping[str, Event]) -> dict[StateKey, Event]:
    """The state that an event names as what allows it, with the creation of its room; what is not in `events`,
    which is by id, is left out."""
    ids = (*event.auth_events, create_id(event) or "")
    named = [events[event_id] for event_id in ids if event_id in events]
    return {each.key: each for each in named if each.state_key is not None}


def check_alone(event: Event, events: Mapping[str, Event], rejected: Container[str] = ()) -> None:
    """Rules 1 to 3. `events` has, by id, those that the event names and as of room version 12 the creation of its
    room; `rejected` has the ids of those that were rejected. Raises NotAllowed."""
    if event.type == "m.room.create":
        _check_create(event)
        return
    if (create := create_id(event)) is not None and (
        create not in events or create in rejected or events[create].key != CREATE
    ):
        raise NotAllowed("2", "The room has no creation that was allowed")
    wanted, found = set(keys_of(event)), set()
    for event_id in event.auth_events:
        each = events.get(event_id)
        if each is None:
            raise NotAllowed("3", "An auth event is not known")
        if each.state_key is None or each.key not in wanted:
            raise NotAllowed("3.2", "An event among the auth events that does not belong there")
        if each.key in found:
            raise NotAllowed("3.1", "Two auth events of one type and state key")
        if event_id in rejected:
            raise NotAllowed("3.3", "An auth event was rejected")
        if each.room_id != event.room_id:
            raise NotAllowed("3.5", "An auth event of another room")
        found.add(each.key)
    if create is None and CREATE not in found:
        raise NotAllowed("3.4", "The creation of the room is not among the auth events")


def _check_create(event: Event) -> None:
    version, content = event.version, event.content
    if event.prev_events:
        raise NotAllowed("1.1", "The creation of a room comes first")
    if version.hashed_rooms:
        if "room_id" in event.source:
            raise NotAllowed("1.2", "The creation of a room does not name it")
    elif identifiers.server_of(event.room_id) != identifiers.server_of(event.sender):
        raise NotAllowed("1.2", "The room is of another server than its creator")
    stated = content.get("room_version", "1")
    if not isinstance(stated, str) or stated not in KNOWN:
        raise NotAllowed("1.3", "A room version that is not known")
    more = content.get("additional_creators", [])
    if version.hashed_rooms and not (isinstance(more, list) and all(map(identifiers.is_user_id, more))):
        raise NotAllowed("1.4", "Additional creators are users")
    if not version.sender_creates and "creator" not in content:
        raise NotAllowed("1.4", "A creator is missing")


def check(event: Event, state: State) -> None:
    """Rules 4 to 11, against a state of the room in which at least what `keys_of` says is found, and
    `m.room.create`. That the servers whose signatures count have signed is checked by `hashes.verify`. Raises
    NotAllowed."""
    if event.type == "m.room.create":
        return
    create = state.get(CREATE)
    if create is None:
        raise NotAllowed("2", "The room has no creation")
    _check_federation(event, create)
    if event.type == "m.room.aliases" and event.version.aliases_special:
        # Matrix v1.19 Room Version 5 §Authorisation rules 4
        if event.state_key is None or event.state_key != identifiers.server_of(event.sender):
            raise NotAllowed("4", "Aliases stand under the server of who sends them")
        return
    levels = PowerLevels.of(state, event.version)
    if event.type == "m.room.member":
        check_membership(event, state, levels, create)
        return
    member = state.get(("m.room.member", event.sender))
    if member is None or member.membership != "join":
        raise NotAllowed("6", "Who sends is not in the room")
    _check_power(event, state, levels, create)


def _check_federation(event: Event, create: Event) -> None:
    """A room that is not federated has no users of other servers; that also nobody else is invited to it is not
    said by rule 4, yet is how servers read it."""
    if create.content.get("m.federate") is not False:
        return
    users = [event.sender, event.state_key] if event.type == "m.room.member" and event.state_key else [event.sender]
    if any(identifiers.server_of(user) != identifiers.server_of(create.sender) for user in users):
        raise NotAllowed("4", "The room is not federated")


def _check_power(event: Event, state: State, levels: PowerLevels, create: Event) -> None:
    power = levels.user(event.sender)
    if event.type == "m.room.third_party_invite":
        if power < levels.action("invite"):
            raise NotAllowed("7.1", "Too little power to invite")
        return
    if power < levels.needed(event.type, state=event.state_key is not None):
        raise NotAllowed("8", "Too little power to send this")
    if event.state_key is not None and event.state_key.startswith("@") and event.state_key != event.sender:
        raise NotAllowed("9", "State that belongs to another user")
    if event.type == "m.room.power_levels":
        check_power_levels(event, state.get(POWER_LEVELS), power, create)


def third_party_token(content: Object) -> str | None:
    """The token of an invitation by a third party, where there is one."""
    invite = content.get("third_party_invite")
    signed = invite.get("signed") if isinstance(invite, dict) else None
    token = signed.get("token") if isinstance(signed, dict) else None
    return token if isinstance(token, str) else None


def may_redact(redaction: Event, sender_of_redacted: str, state: State) -> bool:
    """Whether a redaction is applied, which is another question than whether it is allowed (Matrix v1.19 Room
    Version 12 §Handling redactions)."""
    levels = PowerLevels.of(state, redaction.version)
    same = identifiers.server_of(redaction.sender) == identifiers.server_of(sender_of_redacted)
    return same or levels.user(redaction.sender) >= levels.action("redact")


def is_allowed(event: Event, state: State) -> bool:
    """`check` as an answer."""
    try:
        check(event, state)
    except NotAllowed:
        return False
    return True
