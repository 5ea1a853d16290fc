"""Positions that clients are given: one in the stream of all rooms, one in their own things, one in who is
typing."""

import re
from typing import NamedTuple

from parvis.wire.matrix.errors import BadMatrix

_SYNC = re.compile(r"s([0-9]{1,18})_([0-9]{1,18})_([0-9]{1,18})", re.A)
_EVENT = re.compile(r"t(-?[0-9]{1,18})", re.A)


class Position(NamedTuple):
    """How far a client has read."""

    stream: int
    own: int = 0
    typing: int = 0

    @property
    def text(self) -> str:
        """As `since` and `next_batch`."""
        return f"s{self.stream}_{self.own}_{self.typing}"


def read(text: str, field: str = "since") -> Position:
    """A position that a client gives back, of a sync or of a page. Raises BadMatrix."""
    if (match := _SYNC.fullmatch(text)) is not None:
        return Position(int(match[1]), int(match[2]), int(match[3]))
    if (match := _EVENT.fullmatch(text)) is not None:
        return Position(int(match[1]))
    raise BadMatrix("Not a position that was given", errcode="M_INVALID_PARAM", field=field)


def behind(stream: int) -> str:
    """The position behind an event."""
    return f"t{stream}"
