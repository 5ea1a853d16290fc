"""Events about other events. Matrix v1.19 Client-Server §Forming relationships between events"""

from typing import Any

import pytest

from parvis.wire.matrix import relations
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.relations import Relation, relation_of

from .rooms import ANN, BOB, CLEO, Room

ROOM = Room("11")


def say(
    sender: str = ANN,
    kind: str = "m.room.message",
    state_key: str | None = None,
    at: int | None = None,
    **content: Any,
) -> Event:
    return ROOM.event(kind, sender, content, state_key, at=at)


def about(rel_type: str, event: Event | str, **more: Any) -> dict[str, Any]:
    return {
        "m.relates_to": {
            "rel_type": rel_type,
            "event_id": event if isinstance(event, str) else event.event_id,
            **more,
        }
    }


def edit(original: Event, sender: str = ANN, **more: Any) -> Event:
    return say(sender, **{**about("m.replace", original), "m.new_content": {"body": "new"}, **more})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"rel_type": "m.thread", "event_id": "$a", "is_falling_back": True, "m.in_reply_to": {"event_id": "$b"}},
         Relation("m.thread", "$a", reply_to="$b", falls_back=True)),
        ({"m.in_reply_to": {"event_id": "$b"}}, Relation("", "$b", reply_to="$b")),
        ({"rel_type": "m.annotation", "event_id": "$a", "key": "👍"}, Relation("m.annotation", "$a", "👍")),
        ({"rel_type": "m.annotation", "event_id": "$a", "key": 3}, Relation("m.annotation", "$a")),
        ({"rel_type": "m.thread"}, None), ({"rel_type": 3, "event_id": "$a"}, None), ({"event_id": "$a"}, None), ([], None), (None, None),
        ({"rel_type": "m.thread", "event_id": []}, None), ({"m.in_reply_to": {"event_id": 3}}, None), ({"m.in_reply_to": "$b"}, None),
    ],
)  # fmt: skip
def test_what_is_said(given: object, wanted: Relation | None) -> None:
    assert relation_of({"m.relates_to": given}) == wanted and relation_of({}) is None


def test_edits() -> None:
    """Matrix v1.19 Client-Server §Validity of replacement events, §Applying m.new_content"""
    original = say(body="old", **about("m.thread", "$root"))
    assert relations.is_replacement(original, edit(original))
    invalid = [
        edit(original, BOB), say(**about("m.replace", original)), say(body="x"), edit(original, **{"m.new_content": 3}), edit(say(body="other")),
        say(kind="m.x", **about("m.replace", original), **{"m.new_content": {}}), say(state_key="", **about("m.replace", original), **{"m.new_content": {}}),
    ]  # fmt: skip
    assert not any(relations.is_replacement(original, each) for each in invalid)
    first = edit(original)
    assert not relations.is_replacement(first, edit(first))
    topic = say(kind="m.room.topic", state_key="")
    assert not relations.is_replacement(
        topic, say(kind="m.room.topic", **about("m.replace", topic), **{"m.new_content": {}})
    )
    secret = say(kind="m.room.encrypted")
    assert relations.is_replacement(secret, say(kind="m.room.encrypted", **about("m.replace", secret)))
    late, same = edit(original, at=9_000), [edit(original, at=8_999, n=number) for number in range(3)]
    assert relations.latest_replacement(original, [same[0], late, *same, *invalid]) == late
    assert relations.latest_replacement(original, same) == max(same, key=lambda each: each.event_id)
    assert relations.latest_replacement(original, invalid) is None
    content = {"m.new_content": {"body": "b", "m.relates_to": {"x": 1}}, "body": "* b"}
    assert relations.edited(original.content, content) == {
        "body": "b",
        "m.relates_to": original.content["m.relates_to"],
    }
    assert relations.edited({"body": "a"}, content) == {"body": "b"} and relations.edited({"body": "a"}, {}) == {}
    assert content["m.new_content"] == {"body": "b", "m.relates_to": {"x": 1}}


def test_annotations_count_people() -> None:
    """Matrix v1.19 Client-Server §Event annotations and reactions"""
    target = say(body="x")

    def react(sender: str, key: str, kind: str = "m.reaction", event: Event = target) -> Event:
        return say(sender, kind, **about("m.annotation", event, key=key))

    given = [
        react(ANN, "👍"),
        react(ANN, "👍"),
        react(BOB, "👍"),
        react(BOB, "👎"),
        react(CLEO, "👍", "m.x"),
        react(ANN, "👍", event=say()),
    ]
    assert relations.annotations(target, given) == {
        ("m.reaction", "👍"): 2,
        ("m.reaction", "👎"): 1,
        ("m.x", "👍"): 1,
    }
    assert relations.annotations(given[0], [react(BOB, "x", event=given[0])]) == {}
    edited = edit(target)
    assert relations.annotations(edited, [react(BOB, "x", event=edited)]) == {}
    with pytest.raises(BadMatrix) as caught:
        relations.check_new("m.reaction", ANN, about("m.annotation", target, key="👍"), target, given)
    assert caught.value.errcode == "M_DUPLICATE_ANNOTATION"
    for sender, kind, key in [(CLEO, "m.reaction", "👍"), (ANN, "m.x", "👍"), (ANN, "m.reaction", "🎉")]:
        relations.check_new(kind, sender, about("m.annotation", target, key=key), target, given)


def test_threads() -> None:
    """Matrix v1.19 Client-Server §Threading"""
    root = say(ANN, body="root")
    answers = [
        say(sender, body=str(number), **about("m.thread", root)) for number, sender in enumerate([BOB, CLEO, BOB])
    ]
    found = relations.thread(root, [answers[0], say(), *answers[1:]], BOB)
    assert found == relations.Thread(3, answers[2], True)
    assert (
        relations.thread(root, answers, ANN).participated
        and not relations.thread(root, answers, "@eve:h").participated
    )  # type: ignore[union-attr]
    assert relations.thread(root, [say()], ANN) is None and relations.thread(answers[0], answers, ANN) is None
    with pytest.raises(BadMatrix) as caught:
        relations.check_new("m.room.message", ANN, about("m.thread", answers[0]), answers[0], [])
    assert caught.value.errcode == "M_UNKNOWN"
    relations.check_new("m.room.message", ANN, about("m.thread", root), root, [])
    relations.check_new("m.room.message", ANN, {}, None, [])


def test_what_belongs_to_a_thread() -> None:
    """Matrix v1.19 Client-Server §Receiving notifications"""
    root = say()
    answer = say(**about("m.thread", root))
    reaction = say(kind="m.reaction", **about("m.annotation", answer))
    chain = [reaction]
    for _ in range(3):
        chain.append(say(**about("m.reference", chain[-1])))
    find = {each.event_id: each for each in (root, answer, *chain)}.get
    assert [relations.thread_of(each, find) for each in (answer, *chain[:3])] == [root.event_id] * 4
    assert relations.thread_of(chain[3], find) == relations.thread_of(root, find) == ""
    assert relations.thread_of(say(**about("m.annotation", "$gone")), find) == ""
    assert (
        relations.thread_of(say(**{"m.relates_to": {"m.in_reply_to": {"event_id": answer.event_id}}}), find) == ""
    )


def test_what_is_bundled() -> None:
    """Matrix v1.19 Client-Server §Aggregations of child events"""
    assert relations.bundled(None, None, None, []) == {}
    found = relations.bundled({"a": 1}, relations.Thread(2, say(), False), {"b": 2}, ["$x", "$y"])
    assert found == {
        "m.replace": {"a": 1},
        "m.thread": {"latest_event": {"b": 2}, "count": 2, "current_user_participated": False},
        "m.reference": {"chunk": [{"event_id": "$x"}, {"event_id": "$y"}]},
    }
