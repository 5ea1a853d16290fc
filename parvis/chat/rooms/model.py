"""What rooms are made of."""

from dataclasses import dataclass
from typing import Any

from parvis.access.principal import Principal
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.versions import RoomVersion

SCOPE = "room"
EVENT = "RoomEvent"
RECEIPT = "RoomReceipt"
MEMBER = ("m.room.member",)
MOST_INVITED = 100
"""People invited as a room is made."""
NOWHERE = -(2**50)
"""Positions up to this one are no places in a room's timeline: its event is known only because others name it, or
was not let in. What was filled in from the past stands between this and 0. What stands here in the log of the state
stood there before everything that is known."""


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks, under the name that rooms know."""

    principal: Principal
    user_id: str
    device_id: str = ""


NOBODY = Me(Principal(0, "", "", "external"), "")
"""Who has said nothing, and takes part in nothing."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room as it is stored."""

    id: int
    account_id: int
    room_id: str
    version: RoomVersion
    kind: str
    type: str
    depth: int
    latest: tuple[str, ...]
    """Its events that no other follows yet."""
    joined: int
    invited: int
    listed: bool
    join_rule: str
    name: str
    topic: str
    alias: str
    avatar: str
    others: int
    """Members who are of other servers."""
    eldest: int
    """The position of the eldest event that was filled in from the past; 0 for none."""
    purged: int
    """The position up to which nothing that was said is kept any more; NOWHERE where nothing was purged."""
    purged_ms: int
    """The moment before which that is; 0 where nothing was purged."""
    team: int
    """The space of the house whose room it is; 0 for none."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it is stored."""

    id: int
    room: int
    stream: int
    thread: str
    """The root of the thread it is in; empty for the main timeline."""
    redacted_by: str
    replaces: int
    """The event of state that stood there before it; 0 for none."""
    event: Event
    rejected: bool = False
    """Whether it was not allowed: it changes nothing and allows nothing."""

    @property
    def placed(self) -> bool:
        """Whether it is in the timeline."""
        return self.stream > NOWHERE

    def heard(self, ignored: frozenset[str]) -> bool:
        """Whether it is told to who ignores some users: state always is."""
        return self.event.sender not in ignored or self.event.state_key is not None

    @property
    def event_id(self) -> str:
        """Its id in Matrix."""
        return self.event.event_id


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say in a room."""

    type: str
    content: Object
    state_key: str | None = None
    redacts: str = ""
    said_ms: int = 0
    """When it was said, where it is brought in from elsewhere; 0 is now."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in order, and where to go on; None at the end."""

    events: list[Stored]
    start: str
    end: str | None


Json = dict[str, Any]
