"""A message inside a message: its header fields that people read, its text, and the documents it carries."""

from collections.abc import Callable, Iterator

from parvis.search.extract.contract import Limits, Partial, Piece, Unreadable
from parvis.search.extract.html import blocks
from parvis.search.extract.plain import paragraphs
from parvis.search.place import Place
from parvis.wire.mime import Part, as_text, body_views, decode_body, decode_text, parse

Inner = Callable[[bytes, str, str, Limits, int], Iterator[Piece]]
"""Reads a carried document: content, media type, file name, limits, depth."""


def read_message(content: bytes, limits: Limits, inner: Inner, depth: int = 0) -> Iterator[Piece]:
    """Subject, people, then the body, then each attachment with its name in `place.inside`."""
    message = parse(content)
    views = body_views(message)
    for field in ("Subject", "From", "To", "Date"):
        header = message.root.last(field)
        if header is not None:
            yield Piece(text=f"{field}: {as_text(header.value)}", heading=field == "Subject")
    for part in views.text_body:
        if part.type == "text":
            text = decode_text(content, part).text
            yield from blocks(text) if part.subtype == "html" else paragraphs(text, limits)
    for number, part in enumerate(views.attachments, 1):
        name = part.filename or f"{number}"
        yield from _carried(content, part, name, limits, inner, depth)


def _carried(content: bytes, part: Part, name: str, limits: Limits, inner: Inner, depth: int) -> Iterator[Piece]:
    if depth >= limits.depth:
        raise Partial
    try:
        for piece in inner(decode_body(content, part), part.media_type, name, limits, depth + 1):
            place = piece.place
            placed = Place(
                page=place.page,
                slide=place.slide,
                sheet=place.sheet,
                row=place.row,
                paragraph=place.paragraph,
                inside=(name, *place.inside),
            )
            yield Piece(text=piece.text, place=placed, heading=piece.heading)
    except Unreadable:
        return  # the message itself was read; what it carries may be anything
