"""Push rules. Matrix v1.19 Client-Server §Push Rules"""

import time
from typing import Any

import msgspec
import pytest

from parvis.wire.matrix import push_conditions, push_rules
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import PowerLevels
from parvis.wire.matrix.push_conditions import Happening
from parvis.wire.matrix.push_rules import KINDS, Rules, RuleSet

from .rooms import ANN, BOB, CLEO, Room

ROOM = Room("10")
LEVELS = PowerLevels.of(
    ROOM.state(ROOM.event("m.room.power_levels", ANN, {"users": {BOB: 50}, "notifications": {"x": 60}}, "")),
    ROOM.version,
)
NOTIFY = ["notify"]


def happening(
    content: dict[str, Any], kind: str = "m.room.message", sender: str = BOB, members: int = 3, **more: Any
) -> Happening:
    event = {"type": kind, "sender": sender, "room_id": "!r:h", "content": content, **more}
    return Happening(event, members=members, levels=LEVELS)


def holds(condition: dict[str, Any], happening: Happening, name: str = "") -> bool:
    return push_conditions.read(condition).holds(happening, name)


@pytest.mark.parametrize(
    ("key", "pattern", "content", "wanted"),
    [
        ("content.topic", "lunc?*", {"topic": "Lunch plans"}, True), ("content.topic", "lunc?*", {"topic": " lunch"}, False),
        ("content.topic", "*", {"topic": None}, False), ("content.topic", "*", {}, False), ("content.topic", "LUNCH", {"topic": "lunch"}, True),
        ("content.body", "ex*ple", {"body": "An example event."}, True), ("content.body", "ex*ple", {"body": "examples"}, False),
        ("content.a\\.b", "x", {"a.b": "X"}, True), ("content.a.b", "x", {"a": {"b": "x"}}, True), ("content.a.b", "x", {"a.b": "x"}, False),
        ("type", "m.room.*", {}, True), ("content", "*", {"body": "x"}, False), ("content.body", "é", {"body": "caf é"}, True),
    ],
)  # fmt: skip
def test_event_match(key: str, pattern: str, content: dict[str, Any], wanted: bool) -> None:
    assert holds({"kind": "event_match", "key": key, "pattern": pattern}, happening(content)) == wanted


def test_exact_values() -> None:
    here = happening(
        {"m.federate": True, "n": 1, "none": None, "text": "True", "list": ["a", 1, None, [2]], "deep": {}}
    )
    for name, value, other in [
        ("m\\.federate", True, 1),
        ("n", 1, True),
        ("none", None, "null"),
        ("text", "True", "true"),
    ]:
        assert holds({"kind": "event_property_is", "key": f"content.{name}", "value": value}, here)
        assert not holds({"kind": "event_property_is", "key": f"content.{name}", "value": other}, here)
    assert not holds({"kind": "event_property_is", "key": "content.no", "value": None}, here)
    for value, wanted in [("a", True), (1, True), (None, True), (True, False), ("1", False), (2, False)]:
        assert holds({"kind": "event_property_contains", "key": "content.list", "value": value}, here) == wanted
    assert not holds({"kind": "event_property_contains", "key": "content.text", "value": "True"}, here)


def test_the_other_conditions() -> None:
    here = happening({"body": "hi Ann Lee, all"})
    for limit, wanted in [
        ("3", True),
        ("==3", True),
        ("<3", False),
        ("<4", True),
        (">2", True),
        (">3", False),
        (">=3", True),
        ("<=2", False),
    ]:
        assert holds({"kind": "room_member_count", "is": limit}, here) == wanted
    assert holds({"kind": "contains_display_name"}, here, "ann lee")
    assert not any(holds({"kind": "contains_display_name"}, here, name) for name in ("", "an", "ann*"))
    assert holds({"kind": "sender_notification_permission", "key": "room"}, here)
    assert not holds({"kind": "sender_notification_permission", "key": "x"}, here)
    assert not holds({"kind": "sender_notification_permission", "key": "room"}, happening({}, sender=CLEO))


@pytest.mark.parametrize(
    "condition",
    [
        {}, {"kind": "x"}, {"kind": []}, {"kind": "event_match"}, {"kind": "event_match", "key": "type", "pattern": None},
        {"kind": "event_match", "key": 1, "pattern": "*"}, {"kind": "event_property_is", "key": "type"},
        {"kind": "event_property_is", "key": "type", "value": []}, {"kind": "event_property_is", "key": "type", "value": 2**60},
        {"kind": "room_member_count"}, {"kind": "room_member_count", "is": "~3"}, {"kind": "room_member_count", "is": "3.0"},
        {"kind": "sender_notification_permission"}, {"kind": "event_property_is", "key": "type", "value": 1.0},
    ],
)  # fmt: skip
def test_what_is_not_understood_never_holds(condition: dict[str, Any]) -> None:
    assert push_conditions.read(condition) == push_conditions.NEVER
    assert not holds(condition, happening({}))


@pytest.mark.parametrize(
    ("rule_id", "about"),
    [
        (".m.rule.suppress_notices", happening({"msgtype": "m.notice"})),
        (".m.rule.invite_for_me", happening({"membership": "invite"}, "m.room.member", state_key=ANN)),
        (".m.rule.member_event", happening({"membership": "invite"}, "m.room.member", state_key=CLEO)),
        (".m.rule.is_user_mention", happening({"m.mentions": {"user_ids": [CLEO, ANN]}})),
        (".m.rule.is_room_mention", happening({"m.mentions": {"room": True}})),
        (".m.rule.message", happening({"m.mentions": {"room": True}}, sender=CLEO)),
        (".m.rule.tombstone", happening({}, "m.room.tombstone", state_key="")),
        ("", happening({}, "m.room.tombstone")),
        (".m.rule.reaction", happening({}, "m.reaction")),
        (".m.rule.room.server_acl", happening({}, "m.room.server_acl", state_key="")),
        (".m.rule.suppress_edits", happening({"m.relates_to": {"rel_type": "m.replace"}})),
        (".m.rule.call", happening({}, "m.call.invite")),
        (".m.rule.encrypted_room_one_to_one", happening({}, "m.room.encrypted", members=2)),
        (".m.rule.room_one_to_one", happening({}, members=2)),
        (".m.rule.message", happening({"body": "x"})),
        (".m.rule.encrypted", happening({}, "m.room.encrypted")),
        ("", happening({}, "m.room.topic")),
        ("", happening({}, sender=ANN)),
    ],
)
def test_the_rules_that_everybody_has(rule_id: str, about: Happening) -> None:
    """Matrix v1.19 Client-Server §Predefined Rules"""
    found = Rules(RuleSet(), ANN).about(about)
    assert (found.rule_id if found else "") == rule_id


def test_what_actions_mean() -> None:
    """Matrix v1.19 Client-Server §Actions"""
    rules = Rules(RuleSet(), ANN)
    called = rules.about(happening({"m.mentions": {"user_ids": [ANN]}}))
    assert called and (called.notify, called.highlight, called.sound) == (True, True, "default")
    plain, ring = rules.about(happening({})), rules.about(happening({}, "m.call.invite"))
    assert (
        plain
        and (plain.notify, plain.highlight, plain.sound) == (True, False, "")
        and ring
        and ring.sound == "ring"
    )
    silent = rules.about(happening({}, "m.reaction"))
    assert silent and not silent.notify
    off = RuleSet().put("override", "x", {"actions": ["notify", {"set_tweak": "highlight", "value": False}]})
    assert (found := Rules(off, ANN).about(happening({}))) and found.notify and not found.highlight


def test_kinds_come_in_their_order() -> None:
    rules = RuleSet()
    order = [
        ("underride", "u", {}),
        ("sender", BOB, {}),
        ("room", "!r:h", {}),
        ("content", "c", {"pattern": "tea"}),
        ("override", "o", {}),
    ]
    for kind, rule_id, body in order:
        rules = rules.put(kind, rule_id, {"actions": NOTIFY, **body})
        assert (found := Rules(rules, ANN).about(happening({"body": "Tea!"}))) and found.rule_id == rule_id
    assert list(rules.shown(ANN)) == list(KINDS)
    off = rules.enable("override", "o", False).enable("content", "c", False)
    assert (found := Rules(off, ANN).about(happening({"body": "Tea!"}))) and found.rule_id == "!r:h"
    muted = off.enable("override", ".m.rule.master", True)
    assert (
        (found := Rules(muted, ANN).about(happening({}))) and found.rule_id == ".m.rule.master" and not found.notify
    )


def test_rules_stand_in_the_order_that_was_asked_for() -> None:
    rules = RuleSet()
    for rule_id in ("c", "b", "a"):
        rules = rules.put("override", rule_id, {"actions": NOTIFY, "conditions": []})

    def ids(rules: RuleSet) -> str:
        return "".join(rule["rule_id"] for rule in rules.shown(ANN)["override"] if not rule["default"])

    assert ids(rules) == "abc"
    assert ids(rules.put("override", "d", {"actions": []}, before="b")) == "adbc"
    assert ids(rules.put("override", "d", {"actions": []}, after="b")) == "abdc"
    assert ids(rules.put("override", "a", {"actions": []}, after="c")) == "bca"
    assert ids(rules.put("override", "c", {"actions": []}, before="a", after="b")) == "cab"
    assert ids(rules.put("override", "b", {"actions": []})) == "abc" == ids(rules)
    assert ids(rules.delete("override", "b")) == "ac"
    shown = rules.shown(ANN)["override"]
    assert shown[0]["rule_id"] == ".m.rule.master" and [each["rule_id"] for each in shown[1:4]] == ["a", "b", "c"]
    assert all(each["default"] for each in shown[4:]) and shown[1] == {
        "rule_id": "a", "default": False, "enabled": True, "actions": NOTIFY, "conditions": []
    }  # fmt: skip


def test_what_is_changed_stays() -> None:
    rules = (
        RuleSet()
        .put("content", "tea", {"actions": ["dont_notify", "notify"], "pattern": "tea"})
        .enable("content", "tea", False)
    )
    assert rules.get(ANN, "content", "tea") == {
        "rule_id": "tea",
        "default": False,
        "enabled": False,
        "actions": NOTIFY,
        "pattern": "tea",
    }
    again = rules.put("content", "tea", {"actions": [], "pattern": "cake"})
    assert (
        again.get(ANN, "content", "tea")["enabled"] is False
        and again.get(ANN, "content", "tea")["pattern"] == "cake"
    )
    rules = (
        rules.act("underride", ".m.rule.message", [])
        .enable("underride", ".m.rule.message", False)
        .act("content", "tea", [])
    )
    message = rules.get(ANN, "underride", ".m.rule.message")
    assert (message["actions"], message["enabled"]) == ([], False) and rules.get(ANN, "content", "tea")[
        "actions"
    ] == []
    kept = msgspec.json.decode(msgspec.json.encode(rules), type=RuleSet)
    assert kept == rules and kept.shown(ANN) == rules.shown(ANN)


@pytest.mark.parametrize(
    ("kind", "rule_id", "body", "errcode"),
    [
        ("x", "a", {"actions": []}, "M_INVALID_PARAM"), ("override", ".a", {"actions": []}, "M_INVALID_PARAM"),
        ("override", "a/b", {"actions": []}, "M_INVALID_PARAM"), ("override", "a\\b", {"actions": []}, "M_INVALID_PARAM"),
        ("override", "", {"actions": []}, "M_INVALID_PARAM"), ("override", "a", {}, "M_MISSING_PARAM"), ("override", "a", [], "M_MISSING_PARAM"),
        ("override", "a", {"actions": [3]}, "M_INVALID_PARAM"), ("override", "a", {"actions": [{}]}, "M_INVALID_PARAM"),
        ("override", "a", {"actions": [], "conditions": [3]}, "M_INVALID_PARAM"), ("override", "a", {"actions": [], "conditions": {}}, "M_INVALID_PARAM"),
        ("content", "a", {"actions": []}, "M_MISSING_PARAM"), ("room", "a", {"actions": []}, "M_INVALID_PARAM"),
        ("sender", "a", {"actions": []}, "M_INVALID_PARAM"), ("override", "a", {"actions": ["x" * 9_000]}, "M_TOO_LARGE"),
        ("override", "a", {"actions": 3}, "M_INVALID_PARAM"),
    ],
)  # fmt: skip
def test_what_is_no_rule(kind: str, rule_id: str, body: object, errcode: str) -> None:
    with pytest.raises(BadMatrix) as caught:
        RuleSet().put(kind, rule_id, body)
    assert caught.value.errcode == errcode


def test_what_is_not_there() -> None:
    rules = RuleSet()
    for act in (
        lambda: rules.get(ANN, "override", "x"), lambda: rules.delete("override", "x"), lambda: rules.delete("override", ".m.rule.master"),
        lambda: rules.enable("override", "x", True), lambda: rules.enable("underride", ".m.rule.master", True), lambda: rules.act("override", ".x", []),
    ):  # fmt: skip
        with pytest.raises(BadMatrix) as caught:
            act()
        assert caught.value.errcode == "M_NOT_FOUND"
    for where in ({"before": "x"}, {"after": ".m.rule.master"}):
        with pytest.raises(BadMatrix) as caught:
            rules.put("override", "a", {"actions": []}, **where)
        assert caught.value.errcode == "M_UNKNOWN"
    with pytest.raises(BadMatrix):
        rules.enable("override", ".m.rule.master", "yes")
    with pytest.raises(BadMatrix) as caught:
        rules.act("override", ".m.rule.master", ["x" * 9_000])
    assert caught.value.errcode == "M_TOO_LARGE"


def test_nobody_has_rules_without_end() -> None:
    full = RuleSet({"override": [push_rules.Rule(str(number), []) for number in range(push_rules.RULES_LIMIT)]})
    with pytest.raises(BadMatrix):
        full.put("content", "x", {"actions": [], "pattern": "x"})
    full.put("override", "3", {"actions": []})


def test_a_message_is_asked_about_by_a_thousand() -> None:
    sets = [Rules(RuleSet(), f"@u{number}:h") for number in range(1_000)]
    start = time.perf_counter()
    here = happening({"body": "hello " * 50, "m.mentions": {"user_ids": ["@u7:h"]}})
    found = [rules.about(here) for rules in sets]
    assert time.perf_counter() - start < 1
    assert [number for number, each in enumerate(found) if each and each.highlight] == [7]
