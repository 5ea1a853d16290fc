"""What a client asks of sliding sync, and what a push gateway is told."""

import pytest

from parvis.wire.matrix import push_gateway, sliding
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.sliding import Config, List, Required

ANN = "@ann:example.org"


def test_configs_are_joined_to_what_satisfies_both() -> None:
    small = Config(1, (("m.room.name", ""),))
    large = Config(20, (("m.room.topic", ""), ("m.room.name", "")))
    both = small.joined(large)
    assert both.limit == 20 and set(both.required_state) == set(large.required_state)
    assert large.exceeds(small) and not small.exceeds(large) and not both.exceeds(both)
    assert Config(1_000_000).limit == 100


def test_required_state_knows_what_it_takes() -> None:
    named = Required(Config(0, (("m.room.member", "$ME"), ("m.room.member", "$LAZY"))), ANN)
    assert named.keys == [("m.room.member", ANN)] and named.lazy and not named.is_wide
    assert named.takes(("m.room.member", ANN)) and not named.takes(("m.room.member", "@bob:example.org"))
    whole = Required(Config(0, (("*", "*"), ("m.room.member", "$LAZY"))), ANN)
    assert whole.is_wide and whole.without_members
    assert whole.takes(("m.room.name", "")) and not whole.takes(("m.room.member", ANN))
    members = Required(Config(0, (("m.room.member", "*"), ("*", "x"))), ANN)
    assert not members.without_members and members.takes(("org.x", "x")) and not members.takes(("org.x", "y"))


def test_places_of_a_list() -> None:
    assert list(sliding.places(List(ranges=[(0, 1), (1, 9)]), 4)) == [0, 1, 2, 3]
    assert list(sliding.places(List(), 3)) == [0, 1, 2]
    assert list(sliding.places(List(ranges=[(5, 2), (7, 8)]), 4)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"lists": []},
        {"lists": {"a": {"timeline_limit": -1}}},
        {"lists": {"a": {"ranges": [[1]]}}},
        {"room_subscriptions": {"!a:b": {"required_state": [["x", "", "y"]]}}},
        {"extensions": {"typing": {"enabled": "yes"}}},
        {"conn_id": "x" * 65},
    ],
)
def test_what_is_no_request_is_refused(body) -> None:
    with pytest.raises(BadMatrix) as raised:
        sliding.read(body)
    assert raised.value.errcode == "M_INVALID_PARAM"


def test_a_gateway_is_told_where_and_how_much() -> None:
    pusher = {"app_id": "org.x", "pushkey": "k", "data": {"url": "https://x/", "format": "event_id_only"}}
    told = push_gateway.notification("$e", "!r", 3, pusher, highlight=True, sound="default")["notification"]
    assert told == {
        "event_id": "$e", "room_id": "!r", "counts": {"unread": 3}, "prio": "high",
        "devices": [{
            "app_id": "org.x", "pushkey": "k", "data": {"format": "event_id_only"},
            "tweaks": {"highlight": True, "sound": "default"},
        }],
    }  # fmt: skip
    assert push_gateway.rejected({"rejected": ["k", 1]}) == ["k"]
    assert push_gateway.rejected(None) == push_gateway.rejected({"rejected": "k"}) == []
