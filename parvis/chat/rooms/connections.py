"""What clients of sliding sync have been told, kept in memory for as long as they go on asking. A client whose
connection is not known begins anew, as after a restart of this node (MSC4186: `M_UNKNOWN_POS`)."""

from dataclasses import dataclass, field

from parvis.chat.rooms.model import Me
from parvis.chat.rooms.tokens import Position
from parvis.kernel import ids
from parvis.kernel.recent import Recent
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.sliding import Config

_CONNECTIONS = 5_000
_OF_ONE = 20
"""Connections of one device."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How much of a room a client has: up to where, and under which config."""

    stream: int
    config: Config


@dataclass(slots=True)
class Connection:
    """One of them. What the last answer told counts when the client asks from there on; until then it may ask from
    the position before once more."""

    rooms: dict[int, Sent] = field(default_factory=dict)
    at: str = ""
    """The position that `rooms` is as of; empty for nothing told yet."""
    since: Position | None = None
    answered: str = ""
    """The position that the last answer gave."""
    upto: Position | None = None
    told: dict[int, Sent | None] = field(default_factory=dict)
    """What that answer told; None for rooms that are gone."""

    def begin(self, pos: str) -> None:
        """The client asks from a position. Raises BadMatrix when nothing is known of it."""
        if pos == self.answered and pos:
            for room, sent in self.told.items():
                if sent is None:
                    self.rooms.pop(room, None)
                else:
                    self.rooms[room] = sent
            self.at, self.since = pos, self.upto
        elif pos != self.at:
            raise BadMatrix("The position is not known any more", errcode="M_UNKNOWN_POS", field="pos")
        self.told, self.answered, self.upto = {}, "", None

    def answer(self, upto: Position, told: dict[int, Sent | None]) -> str:
        """Notes what is being told; returns the position to go on from."""
        self.answered, self.upto, self.told = ids.token(12), upto, told
        return self.answered


class Connections:
    """Those of this node."""

    def __init__(self) -> None:
        self._known: Recent[tuple[int, str], Recent[str, Connection]] = Recent(_CONNECTIONS)

    def of(self, me: Me, name: str, pos: str) -> Connection:
        """The connection of a device under a name; a new one where the client has no position. Raises BadMatrix for
        a position that is not known."""
        key = (me.principal.id, me.device_id or str(me.principal.session_id))
        own = self._known[key] = self._known.get(key) or Recent(_OF_ONE)
        connection = own.get(name) if pos else Connection()
        if connection is None:
            raise BadMatrix("The position is not known any more", errcode="M_UNKNOWN_POS", field="pos")
        own[name] = connection
        if pos:
            connection.begin(pos)
        return connection
