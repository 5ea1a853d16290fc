"""Events: format, hashes, ids, signatures, what a redaction leaves, what clients see. Matrix v1.19 Server-Server
§Signing Events, Room Versions"""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix import canonical, client_format, event, hashes, versions
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.redaction import redacted
from parvis.wire.matrix.signing import SigningKey

KEY = SigningKey.read("1", "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
V = versions.KNOWN
HASH = "Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"
MESSAGE: dict[str, Any] = {
    "auth_events": [f"${HASH}"], "prev_events": [f"${HASH}"], "content": {"body": "Hi"}, "depth": 3,
    "hashes": {"sha256": "x"}, "origin_server_ts": 1_000_000, "room_id": "!r:domain", "sender": "@u:domain",
    "signatures": {"domain": {"ed25519:1": "x"}}, "type": "m.room.message",
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "digest", "signature"),
    [
        (
            {"room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1_000_000,
             "signatures": {}, "hashes": {}, "type": "X", "content": {}, "prev_events": [], "auth_events": [],
             "depth": 3, "unsigned": {"age_ts": 1_000_000}},
            "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
        ),
        (
            {"content": {"body": "Here is the message content"}, "event_id": "$0:domain", "origin": "domain",
             "origin_server_ts": 1_000_000, "type": "m.room.message", "room_id": "!r:domain", "sender": "@u:domain",
             "signatures": {}, "unsigned": {"age_ts": 1_000_000}},
            "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
            "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
        ),
    ],
)  # fmt: skip
def test_the_vectors_of_the_specification(source: dict[str, Any], digest: str, signature: str) -> None:
    """Matrix v1.19 Appendices §Event Signing"""
    sealed = hashes.sealed(source, V["1"], "domain", KEY)
    assert sealed == {**source, "hashes": {"sha256": digest}, "signatures": {"domain": {"ed25519:1": signature}}}
    assert hashes.has_its_hash(sealed, V["1"])


@pytest.mark.parametrize("number", versions.SUPPORTED)
def test_what_is_sealed_is_whole_and_signed_also_when_it_is_redacted(number: str) -> None:
    version = V[number]
    sealed = hashes.sealed(MESSAGE, version, "domain", KEY)
    keys = {"domain": {KEY.id: KEY.verify_key}}
    hashes.verify(sealed, version, keys)
    left = redacted(sealed, version)
    hashes.verify(left, version, keys)
    assert hashes.has_its_hash(sealed, version) and not hashes.has_its_hash(left, version)
    assert hashes.event_id(sealed, version) == hashes.event_id(left, version)
    assert not hashes.has_its_hash({**sealed, "content": {"body": "Ho"}}, version)
    for wrong in ({**sealed, "depth": 4}, {**sealed, "hashes": {"sha256": "y"}}, {**sealed, "signatures": {}}):
        with pytest.raises(BadMatrix):
            hashes.verify(wrong, version, keys)
    for wrong in ({}, {"sha256": None}, {"sha256": "!"}, None):
        assert not hashes.has_its_hash({**sealed, "hashes": wrong}, version)


def test_ids_are_hashes_in_two_alphabets() -> None:
    """Matrix v1.19 Room Version 3 §Event IDs, Room Version 4 §Event IDs"""
    found = [hashes.event_id({**MESSAGE, "depth": depth}, V["3"]) for depth in range(60)]
    assert any("/" in each or "+" in each for each in found) and not any("=" in each for each in found)
    url = [hashes.event_id({**MESSAGE, "depth": depth}, V["4"]) for depth in range(60)]
    assert url == [each.replace("/", "_").replace("+", "-") for each in found]


def test_who_must_have_signed() -> None:
    member = {**MESSAGE, "type": "m.room.member", "state_key": "@b:other", "content": {"membership": "join"}}
    assert hashes.signers(member, V["10"]) == {"domain"}
    joined = {**member, "content": {"membership": "join", "join_authorised_via_users_server": "@c:third"}}
    assert hashes.signers(joined, V["8"]) == {"domain", "third"} and hashes.signers(joined, V["7"]) == {"domain"}
    assert "" in hashes.signers({**joined, "content": {"join_authorised_via_users_server": 3}}, V["8"])
    invited = {**member, "content": {"membership": "invite", "third_party_invite": {}}}
    assert hashes.signers(invited, V["10"]) == set()
    assert hashes.signers({**MESSAGE, "event_id": "$1:other"}, V["2"]) == {"domain", "other"}


CONTENT: dict[str, dict[str, Any]] = {
    "m.room.member": {"membership": "join", "join_authorised_via_users_server": "@a:b", "displayname": "A",
                      "third_party_invite": {"display_name": "x", "signed": {"token": "t"}}},
    "m.room.create": {"creator": "@a:b", "m.federate": True, "room_version": "1"},
    "m.room.join_rules": {"join_rule": "public", "allow": [], "x": 1},
    "m.room.power_levels": {"ban": 1, "events": {}, "events_default": 1, "invite": 1, "kick": 1, "redact": 1,
                            "state_default": 1, "users": {}, "users_default": 1, "notifications": {}},
    "m.room.history_visibility": {"history_visibility": "shared", "x": 1},
    "m.room.aliases": {"aliases": []},
    "m.room.redaction": {"redacts": "$x", "reason": "x"},
    "m.room.topic": {"topic": "x"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "since"),
    [
        ("m.room.member", {1: "membership", 9: "join_authorised_via_users_server membership",
                           11: "join_authorised_via_users_server membership third_party_invite"}),
        ("m.room.create", {1: "creator", 11: "creator m.federate room_version"}),
        ("m.room.join_rules", {1: "join_rule", 8: "allow join_rule"}),
        ("m.room.power_levels", {1: "ban events events_default kick redact state_default users users_default",
                                 11: "ban events events_default invite kick redact state_default users users_default"}),
        ("m.room.history_visibility", {1: "history_visibility"}),
        ("m.room.aliases", {1: "aliases", 6: ""}),
        ("m.room.redaction", {1: "", 11: "redacts"}),
        ("m.room.topic", {1: ""}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_what_a_redaction_leaves(kind: str, since: dict[int, str]) -> None:
    """Matrix v1.19 Room Version 1 §Redactions, Room Version 6 §Redactions, Room Version 8 §Redactions, Room Version 9
    §Redactions, Room Version 11 §Redactions"""
    source = {
        **MESSAGE,
        "type": kind,
        "content": CONTENT[kind],
        "state_key": "",
        "redacts": "$x",
        "origin": "domain",
    }
    source |= {"membership": "join", "prev_state": [], "unsigned": {}, "x": 1}
    for number in range(1, 13):
        found = redacted(source, V[str(number)])
        wanted = since[max(version for version in since if version <= number)]
        assert " ".join(sorted(found["content"])) == wanted
        assert all(
            found["content"][name] == CONTENT[kind][name]
            for name in found["content"]
            if name != "third_party_invite"
        )
        assert set(found) - set(MESSAGE) == (
            {"state_key"} if number >= 11 else {"state_key", "origin", "membership", "prev_state"}
        )
    if kind == "m.room.member":
        assert found["content"]["third_party_invite"] == {"signed": {"token": "t"}}


def test_an_event_is_read() -> None:
    found = event.read({**MESSAGE, "state_key": "k"}, V["10"])
    assert found.key == ("m.room.message", "k") and found.room_id == "!r:domain" and found.depth == 3
    assert found.event_id == hashes.event_id(found.source, V["10"]) and found.auth_events == (f"${HASH}",)
    assert event.load(found.source, V["10"], found.event_id).event_id == found.event_id


def test_a_room_is_its_creation_since_version_12() -> None:
    create = {**MESSAGE, "type": "m.room.create", "state_key": "", "auth_events": [], "prev_events": []}
    del create["room_id"]
    found = event.read(create, V["12"])
    assert found.room_id[1:] == found.event_id[1:]
    event.read({**MESSAGE, "room_id": found.room_id}, V["12"])
    for wrong, version in [
        ({**create, "room_id": found.room_id}, "12"),
        (create, "11"),
        (MESSAGE, "12"),
        ({**MESSAGE, "room_id": found.room_id}, "11"),
    ]:
        with pytest.raises(BadMatrix) as caught:
            event.read(wrong, V[version])
        assert caught.value.field == "room_id"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": 1}, "type"), ({"type": "x" * 256}, "type"), ({"type": None}, "type"), ({"sender": "x"}, "sender"),
        ({"sender": "@é" + "é" * 126 + ":h"}, "sender"), ({"state_key": None}, "state_key"), ({"state_key": "é" * 128}, "state_key"),
        ({"content": []}, "content"), ({"hashes": {}}, "hashes"), ({"hashes": {"sha256": 1}}, "hashes"),
        ({"signatures": {"a": 1}}, "signatures"), ({"signatures": {"a": {"b": 1}}}, "signatures"), ({"unsigned": 1}, "unsigned"),
        ({"depth": -1}, "depth"), ({"depth": True}, "depth"), ({"depth": "1"}, "depth"), ({"origin_server_ts": None}, "origin_server_ts"),
        ({"auth_events": ["$a"] * 11}, "auth_events"), ({"prev_events": ["$a"] * 21}, "prev_events"), ({"prev_events": [1]}, "prev_events"),
        ({"prev_events": ["a"]}, "prev_events"), ({"auth_events": {}}, "auth_events"), ({"room_id": "!a"}, "room_id"),
        ({"room_id": None}, "room_id"), ({"event_id": "$a"}, "event_id"), ({"content": {"body": "x" * 65_536}}, ""),
        ({"content": {"a": 1.5}}, ""), ({"content": {"a": 2**53}}, ""), ({"x": b""}, ""),
    ],
)  # fmt: skip
def test_what_is_no_event(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadMatrix) as caught:
        event.read({**MESSAGE, **change}, V["10"])
    assert caught.value.field == field


@pytest.mark.parametrize("name", MESSAGE)
def test_nothing_is_missing(name: str) -> None:
    with pytest.raises(BadMatrix):
        event.read({key: value for key, value in MESSAGE.items() if key != name}, V["11"])


def test_the_size_is_that_of_the_whole() -> None:
    """Matrix v1.19 Client-Server §Size limits"""
    room = event.SIZE_LIMIT - len(canonical.encode({**MESSAGE, "content": {"body": ""}}))
    event.read({**MESSAGE, "content": {"body": "x" * room}}, V["10"])
    with pytest.raises(BadMatrix) as caught:
        event.read({**MESSAGE, "content": {"body": "x" * (room + 1)}}, V["10"])
    assert caught.value.errcode == "M_TOO_LARGE"


_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=3)
    | st.sampled_from(["@a:b", "!r:h", "$e", "m.room.member"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sha256", "membership", "signed", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*MESSAGE, "state_key", "event_id", "unsigned", "redacts"]), _JUNK, max_size=4),
    st.sampled_from(list(V)),
)
def test_nothing_but_the_refusal_comes_of_what_anybody_sends(change: dict[str, Any], number: str) -> None:
    source = {**copy.deepcopy(MESSAGE), **change}
    before = copy.deepcopy(source)
    try:
        found = event.read(source, V[number])
    except BadMatrix:
        return
    hashes.has_its_hash(source, V[number])
    client_format.shown(found, now_ms=5)
    with pytest.raises(BadMatrix):
        hashes.verify({**source, "type": "m.room.message", "content": {}}, V[number], {})
    assert source == before


def test_clients_see_events() -> None:
    """Matrix v1.19 Client-Server §Room event format"""
    read = event.read({**MESSAGE, "unsigned": {"age": 999, "x": 1}}, V["10"])
    assert client_format.shown(read, now_ms=1_000_500, unsigned={"transaction_id": "t", "prev_content": None}) == {
        "content": {"body": "Hi"}, "event_id": read.event_id, "origin_server_ts": 1_000_000, "room_id": "!r:domain",
        "sender": "@u:domain", "type": "m.room.message", "unsigned": {"age": 500, "transaction_id": "t"},
    }  # fmt: skip
    assert "room_id" not in client_format.shown(read, now_ms=0, with_room=False)
    old = event.read({**MESSAGE, "type": "m.room.redaction", "redacts": "$x", "content": {"reason": "r"}}, V["10"])
    new = event.read({**MESSAGE, "type": "m.room.redaction", "content": {"redacts": "$x", "reason": "r"}}, V["11"])
    for redaction in (old, new):
        shown = client_format.shown(redaction, now_ms=0)
        assert shown["redacts"] == shown["content"]["redacts"] == "$x" and redaction.redacts == "$x"
    assert event.read({**MESSAGE, "redacts": "$x"}, V["10"]).redacts is None
    gone = client_format.shown_redacted(read, old, now_ms=0, unsigned={"m.relations": {}, "membership": "join"})
    assert gone["content"] == {} and gone["unsigned"]["redacted_because"]["event_id"] == old.event_id
    assert gone["unsigned"].keys() == {"age", "membership", "redacted_because"}
    assert client_format.stripped(event.read({**MESSAGE, "state_key": ""}, V["10"])).keys() == {
        "content",
        "sender",
        "state_key",
        "type",
    }


def test_versions() -> None:
    """Matrix v1.19 Room Versions §Complete list of room versions"""
    assert versions.DEFAULT.id == "12" and versions.supported("6") is V["6"]
    told = versions.capabilities()
    assert told["default"] == "12" and set(told["available"]) == {str(number) for number in range(3, 13)}
    for wrong in ("1", "13", "", None, 12):
        with pytest.raises(BadMatrix) as caught:
            versions.supported(wrong)
        assert caught.value.errcode == "M_INCOMPATIBLE_ROOM_VERSION"
        assert caught.value.fields["room_version"] == (wrong if isinstance(wrong, str) else "")


def test_events_of_the_first_versions_have_ids_and_name_others_with_hashes() -> None:
    """Matrix v1.19 Room Version 1 §Event format"""
    named = {"auth_events": [["$a:h", {"sha256": "x"}]], "prev_events": [["$b:h", {}]], "event_id": "$c:h"}
    for number in ("1", "2"):
        found = event.read({**MESSAGE, **named}, V[number])
        assert (found.event_id, found.auth_events, found.prev_events) == ("$c:h", ("$a:h",), ("$b:h",))
        for wrong in (
            {"event_id": "$c"},
            {"event_id": None},
            {"auth_events": ["$a:h"]},
            {"prev_events": [["$a:h"]]},
        ):
            with pytest.raises(BadMatrix):
                event.read({**MESSAGE, **named, **wrong}, V[number])
    with pytest.raises(BadMatrix):
        hashes.event_id({}, V["1"])
    with pytest.raises(BadMatrix):
        event.read([], V["1"])


def test_other_servers_are_not_told_what_is_said_only_here() -> None:
    assert client_format.for_federation({**MESSAGE, "unsigned": {"age": 1}}) == MESSAGE
