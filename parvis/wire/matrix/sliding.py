"""What a client asks of simplified sliding sync (MSC4186, in the form that clients send to
`org.matrix.simplified_msc3575`): lists of rooms with ranges, rooms by name, and how much of each."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import msgspec

from .canonical import Object
from .errors import BadMatrix
from .event import StateKey

MOST_LISTS = 100
MOST_ROOMS = 100
_MOST_STATE = 100
_MOST_TIMELINE = 100
_MEMBER = "m.room.member"
ANY, LAZY, ME = "*", "$LAZY", "$ME"
Range = tuple[Annotated[int, msgspec.Meta(ge=0)], Annotated[int, msgspec.Meta(ge=0)]]
Asked = TypeVar("Asked")


class Config(msgspec.Struct, frozen=True):
    """How much of a room: the newest events, and which state, as pairs of type and state key."""

    timeline_limit: Annotated[int, msgspec.Meta(ge=0)] = 0
    required_state: Annotated[tuple[tuple[str, str], ...], msgspec.Meta(max_length=_MOST_STATE)] = ()

    @property
    def limit(self) -> int:
        """Events at most."""
        return min(self.timeline_limit, _MOST_TIMELINE)

    def joined(self, other: "Config") -> "Config":
        """What satisfies both."""
        if self == other:
            return self
        state = dict.fromkeys((*self.required_state, *other.required_state))
        return Config(max(self.timeline_limit, other.timeline_limit), tuple(state))

    def exceeds(self, other: "Config") -> bool:
        """Whether it asks for something that the other does not."""
        return self.limit > other.limit or not set(self.required_state) <= set(other.required_state)


class Filters(msgspec.Struct, frozen=True):
    """Which rooms a list has; None asks nothing."""

    is_dm: bool | None = None
    is_encrypted: bool | None = None
    is_invite: bool | None = None
    room_types: list[str | None] | None = None
    not_room_types: list[str | None] = []
    spaces: list[str] | None = None
    tags: list[str] | None = None
    not_tags: list[str] = []


class List(Config, frozen=True):
    """A list of rooms, the one where something happened last first, and which of its places are wanted."""

    ranges: Annotated[list[Range], msgspec.Meta(max_length=20)] | None = None
    """None wants all."""
    filters: Filters = Filters()

    @property
    def config(self) -> Config:
        """How much of its rooms."""
        return Config(self.timeline_limit, self.required_state)


class Extension(msgspec.Struct, frozen=True):
    """Something beside the rooms. `since` is only of `to_device`."""

    enabled: bool = False
    since: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = 100


class Request(msgspec.Struct, frozen=True):
    """The body of a request."""

    conn_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    txn_id: str | None = None
    lists: Annotated[dict[str, List], msgspec.Meta(max_length=MOST_LISTS)] = {}
    room_subscriptions: Annotated[dict[str, Config], msgspec.Meta(max_length=MOST_ROOMS)] = {}
    extensions: dict[str, Extension] = {}

    def wants(self, name: str) -> bool:
        """Whether an extension is asked for."""
        found = self.extensions.get(name)
        return found is not None and found.enabled


def read(value: Object) -> Request:
    """Reads a request; what is not known in it is passed over. Raises BadMatrix."""
    try:
        return msgspec.convert(value, Request)
    except msgspec.ValidationError as error:
        sentence, _, where = str(error).partition(" - at ")
        field = where.strip("`").removeprefix("$.")
        raise BadMatrix(sentence, errcode="M_INVALID_PARAM", field=field) from None


class Required:
    """The state that a config asks for, read once for one user."""

    __slots__ = ("_all_types", "_types", "_whole", "keys", "lazy")

    def __init__(self, config: Config, user_id: str) -> None:
        pairs = [(kind, user_id if key == ME else key) for kind, key in config.required_state]
        self.lazy = (_MEMBER, LAZY) in pairs
        """Whether the members who say something come with it."""
        plain = [pair for pair in pairs if pair[1] != LAZY]
        self.keys: list[StateKey] = [pair for pair in plain if ANY not in pair]
        """What is asked for by its whole name."""
        self._types = {kind for kind, key in plain if kind != ANY and key == ANY}
        self._all_types = {key for kind, key in plain if kind == ANY and key != ANY}
        self._whole = (ANY, ANY) in plain

    @property
    def is_wide(self) -> bool:
        """Whether it takes all of the state to find it."""
        return self._whole or bool(self._types or self._all_types)

    @property
    def without_members(self) -> bool:
        """Whether members are not asked for as such."""
        return (self.lazy or not self._whole) and _MEMBER not in self._types and not self._all_types

    def takes(self, key: StateKey) -> bool:
        """Whether an event of state is asked for."""
        if key in self.keys or key[0] in self._types or key[1] in self._all_types:
            return True
        return self._whole and not (self.lazy and key[0] == _MEMBER)


def places(wanted: List, count: int) -> Iterable[int]:
    """The places of a list of so many rooms that are wanted, each once."""
    if wanted.ranges is None:
        return range(count)
    found: dict[int, Any] = {}
    for first, last in wanted.ranges:
        found |= dict.fromkeys(range(first, min(last + 1, count)))
    return found
