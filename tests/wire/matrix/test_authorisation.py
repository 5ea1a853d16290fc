"""Who may do what. Matrix v1.19 Room Version 12 §Authorisation rules, and those of the versions before"""

from typing import Any

import pytest

from parvis.wire.matrix import authorisation, signing, versions
from parvis.wire.matrix.authorisation import (
    auth_keys,
    check,
    check_alone,
    is_allowed,
    keys_of,
    may_redact,
    state_named,
)
from parvis.wire.matrix.errors import NotAllowed
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.powers import INFINITE, LEVELS, PowerLevels

from .rooms import ANN, BOB, CLEO, DAN, Room

SINCE_6 = [str(number) for number in range(6, 13)]


def rule(event: Event, state: dict[StateKey, Event]) -> str:
    """The rule that refuses an event; empty where it is allowed."""
    try:
        check(event, state)
    except NotAllowed as refused:
        assert refused.errcode == "M_FORBIDDEN" and refused.sentence
        return refused.rule
    return ""


def rules(room: Room, *events: Event) -> Event:
    return room.event("m.room.join_rules", ANN, {"join_rule": "invite"}, "")


def test_what_an_event_is_allowed_by() -> None:
    """Matrix v1.19 Server-Server §Auth events selection"""
    ten, twelve = versions.KNOWN["10"], versions.KNOWN["12"]
    base: list[StateKey] = [("m.room.power_levels", ""), ("m.room.member", ANN), ("m.room.create", "")]
    assert auth_keys("m.room.create", ANN, "", {}, ten) == []
    assert auth_keys("m.room.message", ANN, None, {}, ten) == base
    assert auth_keys("m.room.message", ANN, None, {}, twelve) == base[:2]
    join: list[StateKey] = [("m.room.join_rules", "")]
    assert auth_keys("m.room.member", ANN, ANN, {"membership": "join"}, ten) == base + join
    assert auth_keys("m.room.member", ANN, BOB, {"membership": "ban"}, ten) == [*base, ("m.room.member", BOB)]
    restricted = {"membership": "join", "join_authorised_via_users_server": CLEO}
    assert auth_keys("m.room.member", ANN, ANN, restricted, ten)[-1] == ("m.room.member", CLEO)
    assert ("m.room.member", CLEO) not in auth_keys("m.room.member", ANN, ANN, restricted, versions.KNOWN["7"])
    third = {"membership": "invite", "third_party_invite": {"signed": {"token": "t"}}}
    assert ("m.room.third_party_invite", "t") in auth_keys("m.room.member", ANN, BOB, third, ten)
    for odd in (
        {},
        {"membership": []},
        {**third, "third_party_invite": {"signed": {"token": []}}},
        {**restricted, "join_authorised_via_users_server": 3},
    ):
        auth_keys("m.room.member", ANN, BOB, odd, ten)


@pytest.mark.parametrize("number", ["6", "10", "11", "12"])
def test_creations(number: str) -> None:
    room = Room(number)
    check_alone(room.create, {})
    check(room.create, {})

    def refused(wanted: str, **change: Any) -> None:
        prev = change.pop("prev", ())
        content = {**room.create.content, **change.pop("content", {})}
        room.room_id = change.pop("room_id", "" if room.version.hashed_rooms else "!r:h")
        event = room.event(
            "m.room.create", change.pop("sender", ANN), content, change.pop("state_key", ""), prev=prev
        )
        with pytest.raises(NotAllowed) as caught:
            check_alone(event, {})
        assert caught.value.rule == wanted

    refused("1.1", prev=["$x"])
    refused("1.3", content={"room_version": "99"})
    refused("1.3", content={"room_version": 6})
    if number == "12":
        refused("1.2", room_id=room.create.room_id, state_key="x")
        for more in ("x", ["x"], [1], {}, [f"@{'a' * 255}:h"]):
            refused("1.4", content={"additional_creators": more})
    else:
        refused("1.2", room_id="!r:other")
    if number in ("6", "10"):
        del room.create.content["creator"]
        refused("1.4")


@pytest.mark.parametrize("number", ["6", "10", "12"])
def test_the_events_that_are_named(number: str) -> None:
    room = Room(number)
    member, other = room.member(ANN, "join"), Room(number, x=1)
    foreign = other.member(ANN, "join")
    events = {**room.events, foreign.event_id: foreign}
    base = [] if number == "12" else [room.create]

    def refused(*auth: Event, rejected: tuple[str, ...] = (), without: Event | None = None) -> str:
        message = room.event("m.room.message", ANN, {}, auth=auth)
        known = {event_id: each for event_id, each in {**events, **room.events}.items() if each is not without}
        try:
            check_alone(message, known, rejected)
        except NotAllowed as error:
            return error.rule
        assert list(state_named(message, known)) == [each.key for each in (*auth, *([] if base else [room.create]))]
        return ""

    assert refused(*base, member) == ""
    assert refused(*base, member, room.member(ANN, "join", x=1)) == refused(*base, member, member) == "3.1"
    assert (
        refused(*base, room.member(BOB, "join")) == refused(*base, room.event("m.room.message", ANN, {})) == "3.2"
    )
    assert refused(*base, member, rejected=(member.event_id,)) == "3.3"
    assert refused(*base, member, without=member) == "3"
    if number == "12":
        assert refused(foreign) == "3.5" and refused(room.create, member) == "3.2"
        assert refused(member, rejected=(room.create.event_id,)) == refused(member, without=room.create) == "2"
    else:
        assert refused(member) == "3.4"
        room.room_id = "!other:h"
        assert refused(*base) == "3.5"


@pytest.mark.parametrize("number", SINCE_6)
def test_joining(number: str) -> None:
    """Rule 5.3"""
    room = Room(number)
    knocking, restricted, both = int(number) >= 7, int(number) >= 8, int(number) >= 10

    def joins(join_rule: str, *members: Event, **content: Any) -> str:
        ruled = room.event("m.room.join_rules", ANN, {"join_rule": join_rule}, "")
        return rule(room.member(BOB, "join", **content), room.state(ruled, *members))

    assert joins("public") == "" and joins("public", room.member(BOB, "ban", ANN)) == "5.3.3"
    for join_rule, known in [
        ("invite", True),
        ("knock", knocking),
        ("restricted", restricted),
        ("knock_restricted", both),
    ]:
        for membership in ("invite", "join"):
            assert joins(join_rule, room.member(BOB, membership, ANN)) == ("" if known else "5.3.7")
        assert joins(join_rule) in (("5.3.4", "5.3.5.2") if known else ("5.3.7",))
    assert joins("private", room.member(BOB, "join")) == "5.3.7"
    assert rule(room.member(BOB, "join", ANN), room.state()) == "5.3.2"
    assert rule(room.member(BOB, "join"), room.state()) == "5.3.4"
    in_room = room.member(ANN, "join")
    let_in = {"join_authorised_via_users_server": ANN}
    assert joins("restricted", in_room, **let_in) == ("" if restricted else "5.3.7")
    if restricted:
        assert (
            joins("restricted", **let_in)
            == joins("restricted", in_room, join_authorised_via_users_server=3)
            == "5.3.5.2"
        )
        levels = room.event("m.room.power_levels", ANN, {"invite": 60, "users": {CLEO: 50}}, "")
        by_cleo = {"join_authorised_via_users_server": CLEO}
        assert joins("restricted", room.member(CLEO, "join"), levels, **by_cleo) == "5.3.5.2"
        assert joins("restricted", room.member(CLEO, "join"), **by_cleo) == ""


@pytest.mark.parametrize("number", ["6", "10", "11", "12"])
def test_a_room_begins(number: str) -> None:
    room = Room(number, additional_creators=[BOB])
    first = [room.create.event_id]
    assert rule(room.event("m.room.member", ANN, {"membership": "join"}, ANN, prev=first), room.state()) == ""
    assert rule(room.event("m.room.member", BOB, {"membership": "join"}, BOB, prev=first), room.state()) == "5.3.4"
    assert (
        rule(room.event("m.room.member", ANN, {"membership": "join"}, ANN, prev=[*first, "$x"]), room.state())
        == "5.3.4"
    )
    assert rule(room.event("m.room.message", ANN, {}), room.state()) == "6"
    assert rule(room.event("m.room.message", ANN, {}), {}) == "2"


def test_inviting_leaving_kicking_banning_and_knocking() -> None:
    """Rules 5.4 to 5.8"""
    room = Room("10")
    levels = room.event("m.room.power_levels", ANN, {"users": {ANN: 100, BOB: 50}, "invite": 10}, "")
    ruled = room.event("m.room.join_rules", ANN, {"join_rule": "knock_restricted"}, "")

    def does(sender: str, target: str | None, membership: object, **members: str) -> str:
        names = {"ann": ANN, "bob": BOB, "cleo": CLEO, "dan": DAN}
        present = {"ann": "join", "bob": "join", **members}
        state = room.state(levels, ruled, *(room.member(names[name], each, ANN) for name, each in present.items()))
        return rule(room.event("m.room.member", sender, {"membership": membership}, target), state)

    assert (
        does(BOB, CLEO, "invite")
        == does(BOB, CLEO, "invite", cleo="leave")
        == does(BOB, CLEO, "invite", cleo="knock")
        == ""
    )
    assert does(CLEO, DAN, "invite") == "5.4.2" and does(CLEO, DAN, "invite", cleo="join") == "5.4.5"
    assert does(BOB, CLEO, "invite", cleo="join") == does(BOB, CLEO, "invite", cleo="ban") == "5.4.3"
    assert all(does(CLEO, CLEO, "leave", cleo=each) == "" for each in ("join", "invite", "knock"))
    assert (
        all(does(CLEO, CLEO, "leave", cleo=each) == "5.5.1" for each in ("leave", "ban"))
        and does(CLEO, CLEO, "leave") == "5.5.1"
    )
    assert (
        does(CLEO, DAN, "leave", dan="join") == "5.5.2"
        and does(CLEO, DAN, "leave", cleo="join", dan="join") == "5.5.5"
    )
    assert (
        does(BOB, CLEO, "leave", cleo="join")
        == does(BOB, CLEO, "leave", cleo="ban")
        == does(ANN, BOB, "leave")
        == ""
    )
    assert does(BOB, ANN, "leave") == "5.5.5" and does(CLEO, DAN, "leave", cleo="join", dan="ban") == "5.5.3"
    assert does(BOB, CLEO, "ban", cleo="join") == does(BOB, CLEO, "ban") == "" and does(BOB, ANN, "ban") == "5.6.3"
    assert does(CLEO, DAN, "ban") == "5.6.1" and does(CLEO, DAN, "ban", cleo="join") == "5.6.3"
    assert (
        does(CLEO, CLEO, "knock")
        == does(CLEO, CLEO, "knock", cleo="leave")
        == does(CLEO, CLEO, "knock", cleo="knock")
        == ""
    )
    assert all(does(CLEO, CLEO, "knock", cleo=each) == "5.7.4" for each in ("ban", "invite", "join"))
    assert does(CLEO, DAN, "knock") == "5.7.2"
    ruled = room.event("m.room.join_rules", ANN, {"join_rule": "invite"}, "")
    assert does(CLEO, CLEO, "knock") == "5.7.1"
    assert does(ANN, BOB, "x") == does(ANN, BOB, 3) == does(ANN, BOB, []) == "5.8"
    assert does(ANN, None, "join") == does(ANN, BOB, None) == does(ANN, "bob", "ban") == "5.1"
    old = Room("6")
    assert (
        rule(old.member(BOB, "knock"), old.state(old.event("m.room.join_rules", ANN, {"join_rule": "knock"}, "")))
        == "5.8"
    )
    assert rule(old.member(BOB, "leave"), old.state(old.member(BOB, "knock"))) == "5.5.1"


def test_invitations_by_a_third_party() -> None:
    """Rule 5.4.1"""
    room = Room("10")
    key, other = signing.SigningKey.generate("0"), signing.SigningKey.generate("0")
    wanted = room.event(
        "m.room.third_party_invite",
        ANN,
        {"public_key": "?", "public_keys": [3, {"public_key": key.verify_key.text}]},
        "t",
    )
    signed = signing.sign({"mxid": BOB, "token": "t"}, "id.org", key)

    def invites(signed: object, *members: Event, sender: str = ANN) -> str:
        content = {"membership": "invite", "third_party_invite": {"signed": signed} if signed else {}}
        return rule(room.event("m.room.member", sender, content, BOB), room.state(wanted, *members))

    assert invites(signed) == ""
    assert invites(signed, room.member(BOB, "ban", ANN)) == "5.4.1.1"
    assert invites(None) == invites(3) == "5.4.1.2"
    assert invites({"mxid": BOB}) == invites({"token": "t"}) == "5.4.1.3"
    assert invites({**signed, "mxid": CLEO}) == "5.4.1.4" and invites({**signed, "token": "u"}) == "5.4.1.5"
    assert invites(signed, sender=CLEO) == "5.4.1.6"
    for wrong in (
        signing.sign({"mxid": BOB, "token": "t"}, "id.org", other),
        {**signed, "signatures": 3},
        {**signed, "x": 1},
        {**signed, "signatures": {}},
    ):
        assert invites(wrong) == "5.4.1.8"
    many = {
        **signed,
        "signatures": {f"s{number}": {f"ed25519:{each}": "AAAA" for each in range(50)} for number in range(50)},
    }
    assert invites(many) == "5.4.1.8"


@pytest.mark.parametrize("number", ["5", "6", "12"])
def test_sending(number: str) -> None:
    """Rules 4 and 6 to 9"""
    room = Room(number)
    present = [room.member(each, "join", ANN) for each in (BOB, CLEO)]
    levels = room.event(
        "m.room.power_levels", ANN, {"users": {BOB: 50}, "events": {"m.x": 60, "m.y": 50}, "invite": 50}, ""
    )
    state = room.state(levels, *present)

    def sends(kind: str, sender: str, state_key: str | None = None, state: dict[StateKey, Event] = state) -> str:
        return rule(room.event(kind, sender, {}, state_key), state)

    assert sends("m.room.message", CLEO) == sends("m.y", BOB) == sends("m.room.name", BOB, "") == ""
    assert (
        sends("m.x", BOB) == sends("m.y", CLEO) == sends("m.room.name", CLEO, "") == "8"
        and sends("m.z", DAN) == "6"
    )
    assert (
        sends("m.room.third_party_invite", BOB, "t") == ""
        and sends("m.room.third_party_invite", CLEO, "t") == "7.1"
    )
    assert sends("m.z", BOB, BOB) == "" and sends("m.z", BOB, CLEO) == "9"
    assert sends("m.room.aliases", BOB, "h") == ""
    assert sends("m.room.aliases", DAN, "o") == ("" if number == "5" else "6")
    assert sends("m.room.aliases", BOB, "o") == sends("m.room.aliases", BOB) == ("4" if number == "5" else "")
    closed = Room(number, **{"m.federate": False})
    assert rule(closed.event("m.z", CLEO, {}), closed.state(closed.member(CLEO, "join"))) == "4"
    assert rule(closed.member(CLEO, "invite", ANN), closed.state(closed.member(ANN, "join"))) == "4"
    assert rule(closed.member(BOB, "invite", ANN), closed.state(closed.member(ANN, "join"))) == ""


@pytest.mark.parametrize("number", ["5", "6", "9", "10", "12"])
def test_changing_levels(number: str) -> None:
    """Rule 10"""
    room = Room(number)
    owner = {} if number == "12" else {ANN: 100}
    base: dict[str, Any] = {
        "users": {**owner, BOB: 50, CLEO: 50},
        "events": {"m.x": 60, "m.y": 40},
        "ban": 50,
        "kick": 60,
        "notifications": {"room": 60},
    }
    state = room.state(
        room.event("m.room.power_levels", ANN, base, ""), room.member(ANN, "join"), room.member(BOB, "join")
    )

    def changes(sender: str = BOB, **change: Any) -> str:
        return rule(room.event("m.room.power_levels", sender, {**base, **change}, ""), state)

    assert changes() == changes(ban=40) == changes(invite=50) == changes(users={**base["users"], DAN: 50}) == ""
    assert changes(ban=51) == changes(kick=50) == changes(redact=60) == "10.6"
    assert LEVELS == ("users_default", "events_default", "state_default", "ban", "redact", "kick", "invite")
    assert all(changes(**{name: 51}) == "10.6" for name in LEVELS)
    without_kick = {name: each for name, each in base.items() if name != "kick"}
    assert rule(room.event("m.room.power_levels", BOB, without_kick, ""), state) == "10.6"
    assert changes(events={"m.x": 60}) == changes(events={**base["events"], "m.z": 50}) == ""
    assert (
        changes(events={"m.y": 40})
        == changes(events={**base["events"], "m.x": 50})
        == changes(events={"m.x": 60, "m.y": 51})
        == "10.7"
    )
    assert changes(events={**base["events"], "m.z": 51}) == "10.8"
    assert changes(notifications={}) == ("" if number == "5" else "10.7")
    assert changes(users={**base["users"], BOB: 40}) == changes(users={**owner, CLEO: 50}) == ""
    assert changes(users={**base["users"], CLEO: 40}) == changes(users={**owner, BOB: 50}) == "10.9"
    assert (
        changes(users={**base["users"], BOB: 51}) == "10.9" and changes(users={**base["users"], DAN: 51}) == "10.10"
    )
    assert changes(ANN, users={**owner, DAN: 99}, kick=100, events={}) == ""
    assert (
        changes(users=[])
        == changes(users={**base["users"], "dan": 0})
        == changes(users={**base["users"], DAN: None})
        == "10.3"
    )
    stringly = changes(users={**base["users"], DAN: " +050 "}) == changes(ban=" 40 ") == ""
    assert stringly == (int(number) < 10)
    assert changes(ban="x") == "10.1" and changes(events={"m.x": "x"}) == ("10.2" if int(number) >= 10 else "10.1")
    if number == "5":
        assert changes(ban=40.7) == "" and changes(ban=50.9) == "" and changes(ban=51.0) == "10.6"
    if number == "12":
        assert changes(ANN, users={ANN: 100}) == "10.4"
    first = room.state(room.member(ANN, "join"))
    assert rule(room.event("m.room.power_levels", ANN, {"ban": 1_000}, ""), first) == ""


def test_creators_of_version_12_have_all_power() -> None:
    room = Room("12", additional_creators=[BOB])
    levels = PowerLevels.of(
        room.state(room.event("m.room.power_levels", ANN, {"users_default": 5}, "")), room.version
    )
    assert levels.user(ANN) == levels.user(BOB) == INFINITE and levels.user(CLEO) == 5
    state = room.state(room.member(ANN, "join"), room.member(BOB, "join"))
    assert (
        rule(room.member(BOB, "ban", ANN), state)
        == rule(room.member(ANN, "leave", BOB), state).replace("5.5.5", "5.6.3")
        == "5.6.3"
    )
    assert rule(room.event("m.room.power_levels", BOB, {"users": {BOB: 1}}, ""), state) == "10.4"


def test_levels_where_nothing_is_said() -> None:
    """Matrix v1.19 Client-Server §m.room.power_levels"""
    room = Room("10")
    nothing = PowerLevels.of(room.state(), room.version)
    assert (nothing.user(ANN), nothing.user(BOB)) == (100, 0)
    for levels in (
        nothing,
        PowerLevels.of(room.state(room.event("m.room.power_levels", ANN, {}, "")), room.version),
    ):
        assert [levels.action(name) for name in ("ban", "kick", "redact", "invite")] == [50, 50, 50, 0]
        assert levels.needed("m.x", state=True) == 50 and levels.needed("m.x", state=False) == 0
        assert levels.notification("room") == 50
    assert levels.user(ANN) == 0


@pytest.mark.parametrize("number", ["6", "11"])
def test_applying_redactions(number: str) -> None:
    """Matrix v1.19 Room Version 12 §Handling redactions"""
    room = Room(number)
    state = room.state(room.event("m.room.power_levels", ANN, {"users": {CLEO: 50}}, ""))
    redaction = {
        who: room.event("m.room.redaction", who, {"redacts": "$x"}, redacts="$x") for who in (BOB, CLEO, DAN)
    }
    assert may_redact(redaction[CLEO], BOB, state) and may_redact(redaction[DAN], CLEO, state)
    assert may_redact(redaction[BOB], ANN, state) and not may_redact(redaction[DAN], BOB, state)


def test_an_answer_instead_of_an_error() -> None:
    room = Room()
    assert not is_allowed(room.event("m.x", ANN, {}), room.state())
    assert is_allowed(room.event("m.x", ANN, {}), room.state(room.member(ANN, "join")))
    assert keys_of(room.create) == [] and authorisation.third_party_token({}) is None
