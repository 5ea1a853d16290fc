"""What has happened, as the outbox tells it. A room never calls a sibling: it hears of it."""

from typing import Any, Literal

import msgspec

Change = Literal["created", "updated", "destroyed"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the outbox. `position` grows with time; `body` is small JSON whose keys the kind defines.

    A unit of work that changes objects writes one event of kind `changed` for each account and kind of thing:
    {"kind": "Email", "created": [id, ...], "updated": [...], "destroyed": [...], "modseq": 7}."""

    xid: int
    """Orders transactions on PostgreSQL; always 0 on SQLite. (xid, position) is the place in the outbox."""
    position: int
    account_id: int
    kind: str
    time_ms: int
    body: dict[str, Any]


class StateChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Wakes push, IDLE and sync: kinds of an account with their new state. RFC 8620 §7.1"""

    account_id: int
    changed: dict[str, int]
