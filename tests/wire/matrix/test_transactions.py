"""What servers send each other at one go. Matrix v1.19 Server-Server §Transactions, §EDUs"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix import transactions
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import (
    DeviceListUpdate,
    DirectToDevice,
    Edu,
    Presence,
    Receipt,
    SigningKeyUpdate,
    Typing,
)

EDUS: list[Edu] = [
    Typing("!r:h", "@ann:h", True),
    Presence("@ann:h", "online", 5, "hi", True),
    Receipt("!r:h", "@ann:h", "$e", 7, ""),
    Receipt("!r:h", "@ann:h", "$e", 7, "main"),
    DeviceListUpdate("@ann:h", "DEV", 4, [3], "Phone", False, {"x": 1}),
    SigningKeyUpdate("@ann:h", {"a": 1}, None),
    DirectToDevice("@ann:h", "m.room.encrypted", "id", {"@bob:o": {"*": {"x": 1}}}),
]


def sent(*edus: Any, pdus: Any = (), **more: Any) -> dict[str, Any]:
    return {"origin": "h", "origin_server_ts": 1, "pdus": list(pdus), "edus": list(edus), **more}


def test_what_is_written_is_read_the_same() -> None:
    written = transactions.written("h", 5, [{"type": "x", "depth": 2**60}], list(map(transactions.wrapped, EDUS)))
    found = transactions.read(transactions.decode(json.dumps(written).encode()), "h")
    assert found.edus == EDUS and found.pdus == [{"type": "x", "depth": 2**60}]


def test_numbers_are_left_as_they_came_for_the_room_to_refuse() -> None:
    found = transactions.read(transactions.decode(json.dumps(sent(pdus=[{"depth": 1.0}])).encode()), "h")
    assert type(found.pdus[0]["depth"]) is float


def test_many_at_once() -> None:
    presence = {"push": [{"user_id": "@a:h", "presence": "online", "last_active_ago": 1}, {"user_id": "@b:h"}, 3]}
    read = {"event_ids": ["$e"], "data": {"ts": 1}}
    receipts = {
        "!a:h": {"m.read": {"@a:h": read, "@b:h": read, "@c:h": {}, "@d:o": read}},
        "!b:h": [],
        "!c:h": {"m.read": 3},
    }
    found = transactions.read(
        sent({"edu_type": "m.presence", "content": presence}, {"edu_type": "m.receipt", "content": receipts}), "h"
    ).edus
    assert [each.user_id for each in found if not isinstance(each, DirectToDevice)] == ["@a:h", "@a:h", "@b:h"]


@pytest.mark.parametrize(
    "edu",
    [
        3, {}, {"edu_type": "m.typing"}, {"edu_type": "m.x", "content": {}}, {"edu_type": "m.typing", "content": {"room_id": "!r:h", "user_id": "@ann:h"}},
        transactions.wrapped(Typing("!r:h", "@bob:o", True)), transactions.wrapped(Typing("!r:h", "ann", True)),
        transactions.wrapped(DirectToDevice("@bob:o", "x", "id", {})), {"edu_type": "m.direct_to_device", "content": {"sender": "@ann:h", "messages": []}},
        {"edu_type": "m.presence", "content": {"push": {}}}, transactions.wrapped(Receipt("!r:h", "@ann:h", "$e", -1, "")),
        transactions.wrapped(Receipt("!r:h", "@ann:h", "x" * 300, 1, "")), transactions.wrapped(DeviceListUpdate("@ann:h", "x" * 300, 4)),
    ],
)  # fmt: skip
def test_what_is_left_out(edu: object) -> None:
    good = transactions.wrapped(EDUS[0])
    assert transactions.read(sent(edu, good, pdus=[3, {"a": 1}]), "h") == transactions.Transaction(
        [{"a": 1}], [EDUS[0]]
    )


@pytest.mark.parametrize(
    "value",
    [[], {}, sent(origin="o"), sent(pdus=[{}] * 51), sent(*[{}] * 101), sent(pdus=[{}], edus=3), {"origin": "h", "pdus": {}}],
)  # fmt: skip
def test_what_is_no_transaction(value: object) -> None:
    with pytest.raises(BadMatrix):
        transactions.read(value, "h")


_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["@ann:h", "!r:h", "m.typing", "m.receipt", "h", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["m.read", "push", "user_id", "!r:h", "@ann:h", "content", "edu_type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from([transactions.wrapped(each)["edu_type"] for each in EDUS]), _JUNK)
def test_anything_may_be_sent(kind: str, content: object) -> None:
    transactions.read(sent({"edu_type": kind, "content": content}), "h")


def test_one_that_tells_of_too_many_is_cut_short() -> None:
    users = [{"user_id": f"@u{number}:a.org", "presence": "online"} for number in range(5_000)]
    value = {"origin": "a.org", "pdus": [], "edus": [{"edu_type": "m.presence", "content": {"push": users}}] * 20}
    assert len(transactions.read(value, "a.org").edus) == 500
