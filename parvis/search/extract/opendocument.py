"""OpenDocument text, slides and sheets (ISO/IEC 26300): `content.xml`."""

from collections.abc import Iterator

from parvis.search.extract.contract import Limits, Partial, Piece, Unreadable
from parvis.search.extract.package import Package, attribute
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place

_SKIPPED = {"tracked-changes", "annotation-end", "forms", "script"}
_INNER = {"span", "a", "ruby-base", "bookmark-ref", "sequence", "note-body", "note-citation"}


def read_opendocument(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Paragraphs and headings; in slides the place says the slide, in sheets the sheet and the row."""
    package = Package(content, limits)
    if not package.read("content.xml"):
        raise Unreadable("damaged", "no content inside")
    if b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise Unreadable("encrypted")
    walk = _Walk(limits)
    for event, tag, element in package.elements("content.xml"):
        if event == "start":
            walk.opened(tag, attribute(element, "name"))
        else:
            text, tail = element.text or "", element.tail or ""
            yield from walk.closed(tag, text, tail)
            if not walk.depth:
                element.clear()


class _Walk:
    """Where in the document the reader is. Text is taken when its paragraph closes, from what was gathered."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = 0
        self.sheet = ""
        self.slide = self.row = self.rows = self.paragraph = self.skipping = 0
        self.cells: list[str] = []
        self.runs: list[list[str]] = []

    def opened(self, tag: str, name: str) -> None:
        """An element starts."""
        self.skipping += tag in _SKIPPED
        if tag == "page":
            self.slide += 1
        elif tag == "table":
            self.sheet, self.row = name, 0
        elif tag == "table-row":
            self.row, self.rows, self.cells = self.row + 1, self.rows + 1, []
            if self.rows > self.limits.rows:
                raise Partial
        elif tag in {"p", "h"}:
            self.depth += 1
            self.runs.append([])

    def closed(self, tag: str, text: str, tail: str) -> Iterator[Piece]:
        """An element ends: its text is known now, and the text that follows it inside its parent."""
        if tag in {"p", "h"}:
            self.depth -= 1
            yield from self._paragraph(tag, text + "".join(self.runs.pop()))
        elif self.runs:
            inner = {"s": " ", "tab": "\t", "line-break": "\n"}.get(tag, text if tag in _INNER else "")
            self.runs[-1].append(inner + tail)
        if tag == "table-row":
            yield Piece(text=" | ".join(self.cells), place=Place(sheet=self.sheet, row=self.row, slide=self.slide))
        elif tag == "table":
            self.sheet, self.row, self.cells = "", 0, []
        self.skipping -= tag in _SKIPPED

    def _paragraph(self, tag: str, text: str) -> Iterator[Piece]:
        self.paragraph += 1
        if self.skipping:
            return
        if self.row:
            self.cells.append(tidy(text).replace("\n", " "))
            return
        number = 0 if self.slide else self.paragraph
        yield Piece(text=tidy(text), place=Place(slide=self.slide, paragraph=number), heading=tag == "h")
