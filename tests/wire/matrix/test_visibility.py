"""Who may see the past. Matrix v1.19 Client-Server §Room History Visibility"""

import pytest

from parvis.wire.matrix.visibility import may_see, server_may_see, visibility_of

from .rooms import ANN, BOB, Room

ROOM = Room("10")
MESSAGE = ROOM.event("m.room.message", ANN, {})


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        ("world_readable", {"join", "invite", "leave", None, "ban"}),
        ("shared", {"join"}),
        ("invited", {"join", "invite"}),
        ("joined", {"join"}),
    ],
)
def test_at_the_event(visibility: str, seen_by: set[object]) -> None:
    for membership in ("join", "invite", "leave", "ban", "knock", None, 3):
        assert may_see(MESSAGE, BOB, visibility, membership, joined_later=False) == (
            membership in seen_by or visibility == "world_readable"
        )
        later = may_see(MESSAGE, BOB, visibility, membership, joined_later=True)
        assert later == (membership in seen_by or visibility in ("world_readable", "shared"))


def test_events_that_change_what_is_seen() -> None:
    def change(to: str) -> bool:
        event = ROOM.event("m.room.history_visibility", ANN, {"history_visibility": to}, "")
        return may_see(event, BOB, before, None, joined_later=False)

    before = "joined"
    assert change("world_readable") and not change("invited")
    before = "world_readable"
    assert change("joined")

    before = "joined"
    for kind, state_key in (("m.room.topic", ""), ("m.room.history_visibility", "x")):
        other = ROOM.event(kind, ANN, {"history_visibility": "world_readable"}, state_key)
        assert not may_see(other, BOB, before, None, joined_later=False) and not server_may_see(other, before, [])

    def member(user: str, before: object, after: object) -> bool:
        return may_see(ROOM.member(user, after, ANN), BOB, "joined", before, joined_later=False)

    assert member(BOB, None, "join") and member(BOB, "join", "ban") and not member(BOB, "invite", "leave")
    assert not member(ANN, None, "join") and not member(BOB, None, "invite")


def test_what_is_not_said_is_shared() -> None:
    assert visibility_of(None) == "shared"
    for stated, wanted in [("invited", "invited"), ("x", "shared"), (3, "shared"), ([], "shared")]:
        assert (
            visibility_of(ROOM.event("m.room.history_visibility", ANN, {"history_visibility": stated}, ""))
            == wanted
        )


def test_servers() -> None:
    assert server_may_see(MESSAGE, "shared", []) and server_may_see(MESSAGE, "world_readable", [])
    assert server_may_see(MESSAGE, "invited", ["leave", "invite"]) and not server_may_see(
        MESSAGE, "joined", ["invite", None]
    )
    assert server_may_see(MESSAGE, "joined", ["leave", "join"])
    opens = ROOM.event("m.room.history_visibility", ANN, {"history_visibility": "shared"}, "")
    assert server_may_see(opens, "joined", [])
