"""Who may see which events of a room's past (Matrix v1.19 Client-Server §Room History Visibility)."""

from collections.abc import Iterable

from .event import Event

DEFAULT = "shared"
_KNOWN = ("world_readable", "shared", "invited", "joined")


def visibility_of(event: Event | None) -> str:
    """What an `m.room.history_visibility` says; where there is none, or nothing that is known, `shared`."""
    stated = event.content.get("history_visibility") if event else None
    return stated if isinstance(stated, str) and stated in _KNOWN else DEFAULT


def may_see(event: Event, user_id: str, visibility: str, membership: object, *, joined_later: bool) -> bool:
    """Whether a user may see an event. `visibility` (see `visibility_of`) and `membership` are those before the
    event; of an event that changes one of them, what was before or what is after suffices. `joined_later` is
    whether the user joined at any time after the event."""
    visibilities, memberships = [visibility], [membership]
    if event.type == "m.room.history_visibility" and event.state_key == "":
        visibilities.append(visibility_of(event))
    if event.type == "m.room.member" and event.state_key == user_id:
        memberships.append(event.membership)
    return any(_allows(each, present, joined_later) for each in visibilities for present in memberships)


def _allows(visibility: str, membership: object, joined_later: bool) -> bool:
    """Rules 1 to 5."""
    if visibility == "world_readable" or membership == "join":
        return True
    return (visibility == "shared" and joined_later) or (visibility == "invited" and membership == "invite")


def server_may_see(event: Event, visibility: str, memberships: Iterable[object]) -> bool:
    """Whether a server that is in the room may get an event whole, as others ask for the past of a room; where not,
    it gets what a redaction leaves. `memberships` are those of its users before the event (Matrix v1.19
    Server-Server §Backfilling and retrieving missing events)."""
    if event.type == "m.room.history_visibility" and event.state_key == "":
        visibility = min(visibility, visibility_of(event), key=_KNOWN.index)
    if visibility in ("world_readable", "shared"):
        return True
    wanted = ("join", "invite") if visibility == "invited" else ("join",)
    return any(each in wanted for each in memberships)
