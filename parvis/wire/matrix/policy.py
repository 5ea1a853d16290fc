"""Servers that a room asks whether an event belongs there (Matrix v1.19 Server-Server §Policy Servers)."""

from collections.abc import Container

import msgspec

from . import identifiers, signing
from .errors import BadMatrix
from .event import Event
from .redaction import redacted
from .signing import VerifyKey

KEY_ID = "ed25519:policy_server"
KIND = "m.room.policy"


class PolicyServer(msgspec.Struct, frozen=True):
    """The server that a room asks, and the key it answers with."""

    server: str
    key: VerifyKey

    def recommends(self, event: Event) -> bool:
        """Whether an event may go on: it is the choice of the server itself, or the server has signed it; where
        not, the server is asked once more, and then the event is soft failed (Matrix v1.19 Server-Server
        §Validating Policy Server signatures)."""
        if (event.type, event.state_key) == (KIND, ""):
            return True
        left, version = redacted(event.source, event.version), event.version
        try:
            signing.verify(left, self.server, {KEY_ID: self.key}, strict=version.strict_json)
        except BadMatrix:
            return False
        return True


def policy_server(policy: Event | None, joined: Container[str]) -> PolicyServer | None:
    """The server that a room asks, by its present `m.room.policy` and the servers that have joined users in it;
    None where it asks none (Matrix v1.19 Server-Server §Determining if a Policy Server is enabled in a room)."""
    if policy is None or (policy.type, policy.state_key) != (KIND, ""):
        return None
    via, keys = policy.content.get("via"), policy.content.get("public_keys")
    if not isinstance(via, str) or via not in joined or not isinstance(keys, dict):
        return None
    try:
        identifiers.server_name(via)
        return PolicyServer(via, VerifyKey.read(keys.get("ed25519")))
    except BadMatrix:
        return None
