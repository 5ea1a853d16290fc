"""Microsoft's documents and slides (ECMA-376): their paragraphs in reading order."""

from collections.abc import Iterator

from parvis.search.extract.contract import Limits, Partial, Piece, Unreadable
from parvis.search.extract.package import Package, attribute
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place

_HEADINGS = ("heading", "titre", "title", "tiêuđề", "tieude")
# Copies of what stands elsewhere, and text that was deleted.
_SKIPPED = {"Fallback", "del", "moveFrom", "instrText", "delText"}
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def read_docx(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Body, then footnotes, endnotes and comments. The place counts paragraphs through all of them."""
    package = Package(content, limits)
    if not package.read("word/document.xml"):
        raise Unreadable("damaged", "no document inside")
    number = 0
    for part in ("document", "footnotes", "endnotes", "comments"):
        for text, heading in _paragraphs(package, f"word/{part}.xml"):
            number += 1
            yield Piece(text=text, place=Place(paragraph=number), heading=heading)


def read_pptx(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Slides in the order of their numbers, each followed by its notes. The place says the slide."""
    package = Package(content, limits)
    slides = package.names("ppt/slides/slide")
    if not slides:
        raise Unreadable("damaged", "no slides inside")
    for number, name in enumerate(slides, 1):
        if number > limits.pages:
            raise Partial
        for member in (name, name.replace("slides/slide", "notesSlides/notesSlide")):
            for count, (text, _) in enumerate(_paragraphs(package, member)):
                heading = count == 0 and member == name
                yield Piece(text=text, place=Place(slide=number), heading=heading)


def _paragraphs(package: Package, name: str) -> Iterator[tuple[str, bool]]:
    """The text of each `w:p` or `a:p`, and whether its style is a heading's. Cells of a table row come as one."""
    run: list[str] = []
    heading, skipping, rows = False, 0, 0
    for event, tag, element in package.elements(name):
        if tag in _SKIPPED:
            skipping += 1 if event == "start" else -1
        elif skipping:
            continue
        elif event == "start":
            rows += tag == "tr"
            run.append(_BREAKS.get(tag, ""))
        elif tag == "t":
            run.append(element.text or "")
        elif tag == "pStyle":
            heading = attribute(element, "val").lower().replace(" ", "").startswith(_HEADINGS)
        elif tag == "tr":
            rows -= 1
        elif tag == "tc" and rows:
            run.append(" | ")
        if event == "end" and tag in {"p", "tr"}:
            if rows and tag == "p":
                run.append(" ")
            else:
                yield tidy("".join(run)).removesuffix(" |"), heading
                run, heading = [], False
            element.clear()
