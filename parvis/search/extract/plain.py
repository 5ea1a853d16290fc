"""Plain text and tables of comma-separated values."""

import csv
import io
import itertools
import re
from collections.abc import Iterator

from parvis.search.extract.contract import Limits, Partial, Piece
from parvis.search.extract.encoded import without_encoded
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place
from parvis.wire.mime.charsets import decode

_GAP = re.compile(r"\n[ \t>]*\n")
_SNIFFED = 20_000
_FIELD_LIMIT = 1_000_000


def text_of(content: bytes) -> str:
    """Bytes of an unnamed charset as text: a byte order mark decides, then UTF-8, then a guess."""
    for mark, charset in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(charset, "replace")
    return decode(content, "utf-8").text


def read_plain(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Paragraphs kept apart by empty lines. The place counts paragraphs."""
    return paragraphs(text_of(content[: limits.characters * 4]), limits)


def paragraphs(text: str, limits: Limits) -> Iterator[Piece]:
    """The same of text that is decoded already."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    written = without_encoded(whole[: limits.characters + 1])
    for number, paragraph in enumerate(_GAP.split(written), 1):
        yield Piece(text=tidy(paragraph), place=Place(paragraph=number))


def read_csv(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Rows, cells kept apart by ` | `. The place counts rows."""
    text = text_of(content)
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:_SNIFFED], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), dialect), 1):
            if number > limits.rows:
                raise Partial
            yield Piece(text=joined(cells), place=Place(row=number))
    except csv.Error as fault:
        raise Partial from fault


def joined(cells: list[str]) -> str:
    """One row of a table as a line; empty cells at its end are dropped."""
    kept = [tidy(cell).replace("\n", " ") for cell in cells]
    full = list(itertools.dropwhile(lambda cell: not cell, reversed(kept)))
    return " | ".join(reversed(full))
