"""Which extractor reads which file: by its first bytes, then its declared type, then the ending of its name."""

import functools
from collections.abc import Iterator
from typing import Final

from parvis.search.extract.contract import Extractor, Limits, Piece, Unreadable
from parvis.search.extract.html import read_html
from parvis.search.extract.message import read_message
from parvis.search.extract.ocr import read_image
from parvis.search.extract.office import read_docx, read_pptx
from parvis.search.extract.opendocument import read_opendocument
from parvis.search.extract.pdf import read_pdf
from parvis.search.extract.plain import read_csv, read_plain
from parvis.search.extract.sheet import read_sheet

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_BY_TYPE: Final = {
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "message/rfc822": "eml",
    "message/global": "eml",
    _OOXML + "wordprocessingml.document": "docx",
    _OOXML + "presentationml.presentation": "pptx",
    _OOXML + "spreadsheetml.sheet": "sheet",
    "application/vnd.ms-excel": "sheet",
    _ODF + "text": "odf",
    _ODF + "presentation": "odf",
    _ODF + "spreadsheet": "odf",
    "application/json": "text",
    "application/xml": "text",
    "application/x-yaml": "text",
}
_BY_ENDING: Final = {
    **dict.fromkeys(("txt", "md", "rst", "log", "ics", "vcf", "json", "xml", "yaml", "yml", "toml", "ini"), "text"),
    **dict.fromkeys(("htm", "html", "xhtml"), "html"),
    **dict.fromkeys(("csv", "tsv"), "csv"),
    **dict.fromkeys(("docx", "docm", "dotx"), "docx"),
    **dict.fromkeys(("pptx", "pptm", "ppsx"), "pptx"),
    **dict.fromkeys(("xlsx", "xlsm", "xls", "xlsb"), "sheet"),
    **dict.fromkeys(("odt", "odp", "ods", "ott", "otp", "ots"), "odf"),
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp"), "image"),
    "pdf": "pdf",
    "eml": "eml",
}
_BY_MAGIC: Final = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
)
_PICTURES: Final = {"image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp"}
LIGHT: Final = frozenset({"text", "csv"})
"""Formats that need no process of their own."""


def format_of(media_type: str, file_name: str, head: bytes = b"") -> str:
    """The short name of a format we read. Raises Unreadable (unsupported)."""
    for magic, known in _BY_MAGIC:
        if head.startswith(magic):
            return known
    kind = media_type.partition(";")[0].strip().lower()
    ending = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind in _PICTURES:
        return "image"
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if kind.startswith("text/"):
        return "text"
    raise Unreadable("unsupported", f"{media_type or ending or 'this kind of file'} is not read")


def pieces(content: bytes, media_type: str, file_name: str, limits: Limits, depth: int = 0) -> Iterator[Piece]:
    """The pieces of a document of any format, read in this process. Raises Unreadable."""
    form = format_of(media_type, file_name, content[:8])
    if len(content) > limits.input_bytes:
        raise Unreadable("tooLarge")
    if form == "eml":
        return iter(read_message(content, limits, pieces, depth))
    return iter(_extractors()[form](content, limits))


@functools.cache
def _extractors() -> dict[str, Extractor]:
    return {
        "text": read_plain,
        "csv": read_csv,
        "html": read_html,
        "pdf": read_pdf,
        "docx": read_docx,
        "pptx": read_pptx,
        "odf": read_opendocument,
        "sheet": read_sheet,
        "image": read_image,
    }
