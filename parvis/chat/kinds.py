"""The three kinds of room, decided here and nowhere else: open to search and the assistant, private without them,
and encrypted, of which nobody here can read what is said."""

from collections.abc import Mapping
from typing import Literal, cast, get_args

from parvis.wire.matrix.canonical import Object

Kind = Literal["open", "private", "encrypted"]
STATE = "org.parvis.room_kind"
"""The event of state that says `{"kind": "private"}`, or `open`; the power it needs is that of all state."""
DECIDING = ("m.room.encryption", STATE)
"""Types of state that a kind follows from, all with an empty state key."""
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(state: Mapping[str, Object], before: str = "open") -> Kind:
    """The kind of a room with these contents of state, by type. What is encrypted stays so (Matrix v1.19
    Client-Server §m.room.encryption)."""
    if before == "encrypted" or "m.room.encryption" in state:
        return "encrypted"
    stated = state.get(STATE, {}).get("kind")
    return cast("Kind", stated) if stated in ("open", "private") else "open"


def is_read(kind: str) -> bool:
    """Whether search and the assistant may read what is said in a room of this kind."""
    return kind == "open"
