"""The three kinds of room, decided here and nowhere else: open to search and the assistant, private without them,
and encrypted, of which nobody here can read what is said. What does not say what it is, is private: other servers,
and other programs, know nothing of kinds."""

from collections.abc import Mapping
from typing import Literal, cast, get_args

from parvis.wire.matrix.canonical import Object

Kind = Literal["open", "private", "encrypted"]
STATE = "org.parvis.room_kind"
"""The event of state that says `{"kind": "private"}`, or `open`; the power it needs is that of all state."""
DECIDING = ("m.room.encryption", STATE)
"""Types of state that a kind follows from, all with an empty state key."""
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(state: Mapping[str, Object], before: str = "private") -> Kind:
    """The kind of a room with these contents of state, by type. What is encrypted stays so (Matrix v1.19
    Client-Server §m.room.encryption)."""
    if before == "encrypted" or "m.room.encryption" in state:
        return "encrypted"
    stated = state.get(STATE, {}).get("kind")
    return cast("Kind", stated) if stated in ("open", "private") else "private"


def for_new(body: Object, default: str) -> Kind:
    """What a new room is to be where who makes it does not say so, by what is asked of `createRoom`: a conversation
    between a few is theirs, other rooms are what the organisation has them be."""
    between = body.get("is_direct") is True or body.get("preset") == "trusted_private_chat"
    return "open" if default == "open" and not between else "private"


def is_read(kind: str) -> bool:
    """Whether search and the assistant may read what is said in a room of this kind."""
    return kind == "open"
