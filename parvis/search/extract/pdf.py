"""PDF, page by page. A page that holds only a picture of text goes through OCR when the engine is there."""

import re
from collections.abc import Iterator
from typing import Any

from parvis.search.extract.contract import Limits, Partial, Piece, Unreadable
from parvis.search.extract.ocr import available, read_pixels
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place

_BROKEN_WORD = re.compile("(?:[\x02\ufffe]|(?<=[a-zà-ỹ])[-\u2010])\n(?=[a-zà-ỹ])")
_PASSWORD_NEEDED = 4
_DOTS_PER_INCH = 200
_LARGEST_SIDE = 5000
_EMPTY = 8


def read_pdf(content: bytes, limits: Limits) -> Iterator[Piece]:
    """The text of each page in the order pdfium reads it."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        encrypted = getattr(fault, "err_code", 0) == _PASSWORD_NEEDED
        raise Unreadable("encrypted" if encrypted else "damaged") from fault
    pictures = 0
    for index in range(len(document)):
        if index >= limits.pages:
            raise Partial
        try:
            page = document[index]
            text = _text(page)
            if len(text) < _EMPTY and pictures < limits.ocr_pages and available():
                pictures += 1
                text = _picture(page, limits) or text
        except pypdfium2.PdfiumError:
            continue  # one broken page does not take the others away
        yield Piece(text=text, place=Place(page=index + 1))


def _text(page: Any) -> str:
    raw = page.get_textpage().get_text_range().replace("\r\n", "\n").replace("\r", "\n")
    return tidy(_BROKEN_WORD.sub("", raw))


def _picture(page: Any, limits: Limits) -> str:
    scale = min(_DOTS_PER_INCH / 72, _LARGEST_SIDE / max(*page.get_size(), 1))
    bitmap = page.render(scale=scale, grayscale=True)
    header = f"P5 {bitmap.width} {bitmap.height} 255\n".encode()
    pixels = bytes(bitmap.buffer)
    rows = [pixels[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height)]
    return read_pixels(header + b"".join(rows), limits)
