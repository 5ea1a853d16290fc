"""Policy servers. Matrix v1.19 Server-Server §Policy Servers"""

from typing import Any

import pytest

from parvis.wire.matrix import event, hashes, signing
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.policy import KEY_ID, policy_server
from parvis.wire.matrix.redaction import redacted
from parvis.wire.matrix.signing import SigningKey

from .rooms import ANN, Room

ROOM = Room("12")
KEY = SigningKey.generate("policy_server")
CONTENT = {"via": "p.org", "public_keys": {"ed25519": KEY.verify_key.text}}


def chosen(content: dict[str, Any], state_key: str = "") -> Event:
    return ROOM.event("m.room.policy", ANN, content, state_key)


def test_what_it_signed_is_recommended() -> None:
    policy = chosen(CONTENT)
    server = policy_server(policy, {"p.org"})
    assert server and server.server == "p.org"
    message = ROOM.event("m.room.message", ANN, {"body": "x"})
    signature = KEY.sign(signing.signed_bytes(redacted(message.source, ROOM.version)))
    signed = signing.with_signature(message.source, "p.org", KEY_ID, signature)
    assert signed == hashes.countersigned(message.source, ROOM.version, "p.org", KEY)
    assert server.recommends(event.read(signed, ROOM.version))
    for wrong in (
        message.source,
        {**signed, "depth": 9},
        signing.with_signature(message.source, "h", KEY_ID, signature),
    ):
        assert not server.recommends(event.read(wrong, ROOM.version))
    assert server.recommends(policy) and not server.recommends(chosen(CONTENT, "x"))


@pytest.mark.parametrize(
    "content",
    [
        {}, {"via": "p.org"}, {**CONTENT, "via": 3}, {**CONTENT, "via": "other.org"}, {**CONTENT, "via": "a b"}, {**CONTENT, "public_keys": []},
        {**CONTENT, "public_keys": {}}, {**CONTENT, "public_keys": {"ed25519": "AAAA"}}, {**CONTENT, "public_keys": {"ed25519": 3}},
    ],
)  # fmt: skip
def test_a_room_that_asks_none(content: dict[str, Any]) -> None:
    assert policy_server(chosen(content), {"p.org", "a b"}) is None
    assert policy_server(None, {"p.org"}) is policy_server(chosen(CONTENT, "x"), {"p.org"}) is None
