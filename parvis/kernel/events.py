"""What has happened, as the outbox tells it. A room never calls a sibling: it hears of it."""

from typing import Any, Literal

import msgspec

Change = Literal["created", "updated", "destroyed"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the outbox. `position` grows with time; `body` is small JSON whose keys the kind defines.

    Every change of an object also writes an event of kind `changed` whose body is
    {"kind": "Email", "id": 123, "change": "created", "modseq": 7}."""

    position: int
    account_id: int
    kind: str
    time_ms: int
    body: dict[str, Any]


class StateChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Wakes push, IDLE and sync: kinds of an account with their new state. RFC 8620 §7.1"""

    account_id: int
    changed: dict[str, int]
