"""What an extractor gives, within which limits, and why it may fail."""

from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

import msgspec

from parvis.kernel.errors import ParvisError
from parvis.search.place import Place

Reason = Literal["unsupported", "encrypted", "damaged", "tooLarge", "timeout"]


class Unreadable(ParvisError):
    """No text could be had of a document; the field `reason` says why."""

    code: ClassVar[str] = "unreadable"

    def __init__(self, reason: Reason, sentence: str = "") -> None:
        super().__init__(sentence or reason, reason=reason)
        self.reason = reason


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one document is read. What is beyond is left out, and the extract says `partial`."""

    input_bytes: int = 100_000_000
    """A larger file is not opened at all (tooLarge)."""
    unpacked_bytes: int = 200_000_000
    """Of a zipped format: a larger one is taken for a bomb (tooLarge)."""
    characters: int = 2_000_000
    pages: int = 1_000
    rows: int = 50_000
    """Rows of all sheets together."""
    ocr_pages: int = 10
    depth: int = 4
    """Messages inside messages."""
    seconds: int = 60
    memory_bytes: int = 1_500_000_000


LIMITS = Limits()


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A run of text that belongs together: a paragraph, a row, a page. It is `text[start:end]` of the extract."""

    start: int
    end: int
    place: Place
    heading: bool = False


class Extract(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a document. Blocks are in order, do not overlap, and are kept apart by a line end."""

    text: str
    blocks: tuple[Block, ...]
    partial: bool = False
    """Whether a limit cut it short."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What an extractor hands out one by one, before offsets are known."""

    text: str
    place: Place = Place()
    heading: bool = False


class Partial(Exception):
    """Raised by an extractor that has given all that a limit lets through."""


Extractor = Callable[[bytes, Limits], Iterable[Piece]]


def assemble(pieces: Iterable[Piece], limits: Limits) -> Extract:
    """Joins pieces to one text and stops at the limit of characters. Empty pieces are dropped."""
    parts: list[str] = []
    blocks: list[Block] = []
    at, partial = 0, False
    try:
        for piece in pieces:
            text = piece.text.strip()[: limits.characters - at]
            if text:
                parts.append(text)
                blocks.append(Block(start=at, end=at + len(text), place=piece.place, heading=piece.heading))
                at += len(text) + 1
            if at >= limits.characters:
                raise Partial
    except Partial:
        partial = True
    return Extract(text="\n".join(parts), blocks=tuple(blocks), partial=partial)
