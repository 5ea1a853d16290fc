"""Attachments of every kind, made from the small notation of attachments.txt when the demo is built.

`# title`, `## heading`, `- item`, `| cell | cell |`, and anything else is a paragraph."""

from collections.abc import Callable
from dataclasses import dataclass

from parvis.ops.demo.files import cards, office, pages, pictures, sheets
from parvis.ops.demo.files.blocks import Block, read

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "csv": "text/csv",
    "png": "image/png",
    "vcf": "text/vcard",
    "ics": "text/calendar",
}
_MAKERS: dict[str, Callable[[list[Block]], bytes]] = {
    "pdf": pages.pdf,
    "docx": office.docx,
    "pptx": office.pptx,
    "odt": pages.odt,
    "xlsx": sheets.xlsx,
    "csv": sheets.csv,
    "png": pictures.png,
    "vcf": cards.vcard,
}


@dataclass(frozen=True, slots=True)
class File:
    """A finished attachment."""

    name: str
    media_type: str
    content: bytes


def make(name: str, lines: list[str]) -> File:
    """The file `name` with the content that `lines` describe; its ending says of which kind."""
    kind = name.rpartition(".")[2]
    return File(name, MEDIA_TYPES[kind], _MAKERS[kind](read(lines)))
