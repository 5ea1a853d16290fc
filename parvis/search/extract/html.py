"""HTML: what a reader of the page would see, block by block. What is hidden from the reader is left out, because
nobody can have meant it to be found, and somebody may have meant it for the assistant."""

import re
from collections.abc import Iterator

from parvis.kernel.later import selectolax
from parvis.search.extract.contract import Limits, Piece
from parvis.search.extract.plain import text_of
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place
from parvis.wire.mime.charsets import decode

_DROPPED = {"script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object", "select"}
_SECTIONS = (
    "address article aside blockquote body center details div fieldset figure footer form header main nav p pre"
)
_LISTS = "section dd dl dt figcaption h1 h2 h3 h4 h5 h6 hr html legend li ol summary table tbody tfoot thead tr ul"
_BLOCKS = {*_SECTIONS.split(), *_LISTS.split()}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity|max-height)\s*:\s*0(?:[.]0+)?(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_WHITE = re.compile(r"\s+")


def read_html(content: bytes, limits: Limits) -> Iterator[Piece]:
    """The visible blocks of a page. The place counts them."""
    declared = _CHARSET.search(content[:4096])
    text = decode(content, declared[1].decode()).text if declared else text_of(content)
    return blocks(text)


def blocks(text: str) -> Iterator[Piece]:
    """The same of a page that is decoded already."""
    root = selectolax.lexbor.LexborHTMLParser(text).root
    walk = _Walk()
    if root is not None:
        walk.through(root)
    walk.close()
    for number, (block, heading) in enumerate(walk.found, 1):
        yield Piece(text=tidy(block), place=Place(paragraph=number), heading=heading)


class _Walk:
    """Goes through the tree without recursion: a page may be nested ten thousand deep."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bool]] = []
        self._run: list[str] = []
        self._heading = False

    def through(self, root: "selectolax.lexbor.LexborNode") -> None:
        waiting: list[tuple[selectolax.lexbor.LexborNode | None, str]] = [(root, "")]
        while waiting:
            node, closing = waiting.pop()
            if node is None:
                self._after(closing)
                continue
            waiting.append((node.next, "")) if node.next is not None else None
            name = node.tag or ""
            if name == "-text":
                self._run.append(_WHITE.sub(" ", node.text(deep=False)))
            elif not self._is_left_out(node, name):
                self._before(node, name)
                waiting.append((None, name))
                if node.child is not None:
                    waiting.append((node.child, ""))

    def close(self) -> None:
        """Ends the present block."""
        text = "".join(self._run).strip()
        if text:
            self.found.append((text, self._heading))
        self._run, self._heading = [], False

    def _is_left_out(self, node: "selectolax.lexbor.LexborNode", name: str) -> bool:
        if name in _DROPPED or name.startswith("!") or name == "-comment":
            return True
        attributes = node.attributes
        return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))

    def _before(self, node: "selectolax.lexbor.LexborNode", name: str) -> None:
        if name in _BLOCKS:
            self.close()
            self._heading = name in _HEADINGS
        elif name == "br":
            self._run.append("\n")
        elif name in {"td", "th"} and self._run:
            self._run.append(" | ")
        elif name == "img" and (described := node.attributes.get("alt")):
            self._run.append(f" {described} ")

    def _after(self, name: str) -> None:
        if name in _BLOCKS:
            self.close()
