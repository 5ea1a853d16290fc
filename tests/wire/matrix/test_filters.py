"""Filters. Matrix v1.19 Client-Server §Filtering"""

from typing import Any

import pytest

from parvis.wire.matrix import filters
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.filters import EventFilter, RoomEventFilter, Sieve

EVENT: dict[str, Any] = {"type": "m.room.message", "sender": "@ann:h", "content": {"body": "x"}}


def takes(wanted: EventFilter, **change: Any) -> bool:
    return Sieve(wanted).takes({**EVENT, **change})


def test_types_and_senders() -> None:
    assert takes(EventFilter()) and not takes(EventFilter(types=[])) and not takes(EventFilter(senders=[]))
    assert (
        takes(EventFilter(types=["m.room.message"]))
        and takes(EventFilter(types=["m.room.*"]))
        and takes(EventFilter(types=["*"]))
    )
    assert not takes(EventFilter(types=["m.room"])) and not takes(EventFilter(types=["m.room.?essage"]))
    assert not takes(EventFilter(types=["*"], not_types=["m.*.message"])) and takes(EventFilter(not_types=["m.x"]))
    assert takes(EventFilter(senders=["@ann:h"])) and not takes(EventFilter(senders=["@bob:h"]))
    assert not takes(EventFilter(senders=["@ann:h"], not_senders=["@ann:h"]))
    assert not takes(EventFilter(), type=None) and takes(EventFilter(), sender=None)


def test_what_only_events_of_rooms_have() -> None:
    assert takes(RoomEventFilter(contains_url=False)) and not takes(RoomEventFilter(contains_url=True))
    assert takes(RoomEventFilter(contains_url=True), content={"url": "mxc://h/a"})
    assert not takes(RoomEventFilter(contains_url=True), content={"url": 3}) and not takes(
        RoomEventFilter(contains_url=True), content=None
    )
    some = Sieve(RoomEventFilter(rooms=["!a:h", "!b:h"], not_rooms=["!b:h"]))
    assert some.takes_room("!a:h") and not some.takes_room("!b:h") and not some.takes_room("!c:h")
    assert Sieve(RoomEventFilter()).takes_room("!a:h") and not Sieve(RoomEventFilter(rooms=[])).takes_room("!a:h")


def test_a_filter_is_read() -> None:
    found = filters.read(
        {
            "event_fields": ["type", "content.body"], "event_format": "federation", "presence": {"not_types": ["*"]}, "x": 1,
            "room": {"timeline": {"limit": 5, "lazy_load_members": True, "types": ["m.room.message"]}, "include_leave": True},
        }
    )  # fmt: skip
    assert found.room.timeline.limit == 5 and found.room.timeline.lazy_load_members and found.room.include_leave
    assert (
        found.event_format == "federation"
        and found.presence.not_types == ["*"]
        and found.room.state == RoomEventFilter()
    )
    assert filters.with_fields({**EVENT, "origin_server_ts": 1}, found) == {
        "type": "m.room.message",
        "content": {"body": "x"},
    }
    assert filters.with_fields(EVENT, filters.read({})) is EVENT
    assert filters.read_room_events({"contains_url": True}).contains_url


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], ""), ({"event_format": "x"}, "event_format"), ({"room": {"timeline": {"limit": -1}}}, "room.timeline.limit"),
        ({"room": {"timeline": {"limit": "5"}}}, "room.timeline.limit"), ({"room": {"rooms": ["a"]}}, "room.rooms[0]"),
        ({"presence": {"senders": ["ann"]}}, "presence.senders[0]"), ({"event_fields": [1]}, "event_fields[0]"), ({"room": None}, "room"),
    ],
)  # fmt: skip
def test_what_is_no_filter(value: object, field: str) -> None:
    with pytest.raises(BadMatrix) as caught:
        filters.read(value)
    assert caught.value.field == field and caught.value.errcode == "M_BAD_JSON"


def test_filters_are_bounded() -> None:
    with pytest.raises(BadMatrix) as caught:
        filters.read({"event_fields": ["x" * 100] * 1_000})
    assert caught.value.errcode == "M_TOO_LARGE"
