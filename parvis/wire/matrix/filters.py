"""What a client wants to get: filters of events (Matrix v1.19 Client-Server §Filtering)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from . import canonical
from .canonical import Object
from .errors import BadMatrix
from .globs import Glob
from .properties import only, path

SIZE_LIMIT = 65_536
"""Bytes of a filter."""
User = Annotated[str, msgspec.Meta(pattern="^@")]
Room = Annotated[str, msgspec.Meta(pattern="^!")]
Wanted = TypeVar("Wanted")


class EventFilter(msgspec.Struct, frozen=True):
    """Which events, by who sent them and of what type. A list that is missing (None) lets everything pass, one that
    is empty nothing."""

    limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """How many; programs ask for 0 too, who want none."""
    types: list[str] | None = None
    """`*` stands for any characters."""
    not_types: list[str] = []
    senders: list[User] | None = None
    not_senders: list[User] = []


class RoomEventFilter(EventFilter, frozen=True):
    """Which events of rooms."""

    rooms: list[Room] | None = None
    not_rooms: list[Room] = []
    contains_url: bool | None = None
    lazy_load_members: bool = False
    include_redundant_members: bool = False
    unread_thread_notifications: bool = False


class RoomFilter(msgspec.Struct, frozen=True):
    """Which rooms, and what of them."""

    rooms: list[Room] | None = None
    not_rooms: list[Room] = []
    include_leave: bool = False
    ephemeral: RoomEventFilter = RoomEventFilter()
    state: RoomEventFilter = RoomEventFilter()
    timeline: RoomEventFilter = RoomEventFilter()
    account_data: RoomEventFilter = RoomEventFilter()


class Filter(msgspec.Struct, frozen=True):
    """What `/sync` is asked for."""

    event_fields: list[str] | None = None
    event_format: Literal["client", "federation"] = "client"
    presence: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()
    room: RoomFilter = RoomFilter()


def read(value: object) -> Filter:
    """Reads the filter of `/sync`; what is not known in it is passed over. Raises BadMatrix."""
    return _read(value, Filter)


def read_room_events(value: object) -> RoomEventFilter:
    """Reads the filter of `/messages`, `/context` and `/search`. Raises BadMatrix."""
    return _read(value, RoomEventFilter)


def _read(value: object, wanted: type[Wanted]) -> Wanted:
    if len(canonical.encode(value)) > SIZE_LIMIT:
        raise BadMatrix(f"A filter of more than {SIZE_LIMIT} bytes", errcode="M_TOO_LARGE")
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        sentence, _, where = str(error).partition(" - at ")
        raise BadMatrix(sentence, field=where.strip("`").removeprefix("$.")) from None


class Sieve:
    """A filter that was read once, to be asked about many events."""

    __slots__ = ("_filter", "_no", "_not_rooms", "_not_senders", "_rooms", "_senders", "_url", "_yes")

    def __init__(self, wanted: EventFilter) -> None:
        self._yes = None if wanted.types is None else _Types(wanted.types)
        self._no = _Types(wanted.not_types) if wanted.not_types else None
        self._senders = None if wanted.senders is None else frozenset(wanted.senders)
        self._not_senders = frozenset(wanted.not_senders)
        of_rooms = wanted if isinstance(wanted, RoomEventFilter) else RoomEventFilter()
        self._rooms = None if of_rooms.rooms is None else frozenset(of_rooms.rooms)
        self._not_rooms = frozenset(of_rooms.not_rooms)
        self._url = of_rooms.contains_url

    @property
    def takes_all(self) -> bool:
        """Whether every event passes."""
        narrow = (self._yes, self._senders, self._url) != (None, None, None)
        return not (narrow or self._no or self._not_senders)

    def takes_room(self, room_id: str) -> bool:
        """Whether anything of a room may pass."""
        return room_id not in self._not_rooms and (self._rooms is None or room_id in self._rooms)

    def takes(self, event: Mapping[str, Any]) -> bool:
        """Whether an event as clients see it passes; of what room it is, is asked besides."""
        kind, sender = event.get("type"), event.get("sender")
        if not isinstance(kind, str) or (self._no and kind in self._no) or (self._yes and kind not in self._yes):
            return False
        if sender in self._not_senders or (self._senders is not None and sender not in self._senders):
            return False
        return self._url is None or self._url == _has_url(event.get("content"))


class _Types:
    """Types of events, some with `*` in them."""

    __slots__ = ("_exact", "_globs")

    def __init__(self, types: Iterable[str]) -> None:
        types = list(types)
        self._exact = frozenset(each for each in types if "*" not in each)
        self._globs = [Glob(each, single=False) for each in types if "*" in each]

    def __contains__(self, kind: str) -> bool:
        return kind in self._exact or any(each.matches(kind) for each in self._globs)


def _has_url(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("url"), str)


def with_fields(event: Object, wanted: Filter) -> Object:
    """An event with the fields that were asked for; all where none were."""
    return event if wanted.event_fields is None else only(event, map(path, wanted.event_fields))
