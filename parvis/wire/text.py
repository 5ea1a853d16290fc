"""HTML to plain text as a person would read it: paragraphs, lists, links, quotations; hidden text left out and
counted."""

import re
from itertools import islice
from typing import NamedTuple

from parvis.kernel.later import selectolax

from .hidden import Look, Sheet, look_of


class PlainText(NamedTuple):
    """The words of an HTML text."""

    text: str
    """Lines end with LF; no space at the ends; at most one empty line between paragraphs."""
    hidden_removed: int
    """Characters, space not counted, that were in the source and that no reader sees."""


TAG_LIMIT = 60_000
"""What comes after that many tags is not read."""
_SMALL = 500
_DEPTH = 1_500
_COPIES = 300_000
_NODES = 3 * TAG_LIMIT
HTML_LIMIT = 4_000_000
"""Characters; what comes after them is not read."""
_SKIPPED = frozenset(
    {"script", "style", "head", "template", "title", "object", "embed", "iframe", "svg", "math", "select"}
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote", "hr"}
)
_BLOCKS_NAMES = (
    "address article aside body caption center dd details div dt fieldset figure figcaption footer form "
    "header html legend li main nav section summary tbody tfoot thead tr"
)
_BLOCKS = frozenset(_BLOCKS_NAMES.split())
_SPACES = re.compile(r"[ \t\r\n\f\u200b\u200c\u200d\u034f\u00ad\ufeff\u2007\u00a0]+")
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_LONG_RUN = re.compile(r"(?:(?<=[<>])|\A)[^<>]{1500,}+")
_FORMATS_NAMES = "a b big code em font i nobr s small strike strong tt u"
_FORMATS = frozenset(_FORMATS_NAMES.split())
_SELF_CLOSING_NAMES = (
    "p li dt dd tr td th tbody thead tfoot option br img hr input meta link col wbr area base param source"
)
_SELF_CLOSING = frozenset(_SELF_CLOSING_NAMES.split())


class _Lines:
    """Text under construction: breaks are asked for and made when the next word comes."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.breaks = 0
        self.space = False
        self.quotes = 0
        self.last_quotes = 0
        self.size = 0

    def break_line(self, lines: int) -> None:
        """Asks for that many line ends before the next word."""
        self.breaks = max(self.breaks, lines)
        self.space = False

    def _open(self) -> None:
        mark = "> " * min(self.quotes, 20)
        if not self.out:
            self.out.append(mark)
        elif self.breaks:
            if self.breaks > 1:
                self.out.append("\n" + mark[: 2 * self.last_quotes].rstrip())
            self.out.append("\n" + mark)
        elif self.space:
            self.out.append(" ")
        self.breaks, self.space, self.last_quotes = 0, False, self.quotes

    def words(self, text: str) -> None:
        """Adds text in which white space means one space."""
        plain = _SPACES.sub(" ", text)
        if plain[:1] == " " and not self.breaks:
            self.space = True
        stripped = plain.strip(" ")
        if stripped:
            self._open()
            self.out.append(stripped)
            self.size += len(stripped)
            self.space = plain[-1:] == " "

    def verbatim(self, text: str) -> None:
        """Adds text whose white space and line ends are meant."""
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
            if number:
                self.breaks += 1
            if line.strip():
                self._open()
                self.out.append(line.rstrip())
                self.size += len(line)

    def text(self) -> str:
        return "".join(self.out).strip()


class _Frame(NamedTuple):
    """An element that is open."""

    node: "selectolax.lexbor.LexborNode"
    tag: str
    look: Look
    hidden: bool
    href: str | None
    made: int


_PLAIN = Look()


class _Walk:
    """One walk over the tree, without recursion."""

    def __init__(self, sheet: Sheet, links: bool, enough: int) -> None:
        self.sheet = sheet
        self.links = links
        self.enough = enough
        self.lines = _Lines()
        self.hidden = 0
        self.open: list[_Frame] = []
        self.counters: list[int | None] = []
        self.pre = 0

    def run(self, root: "selectolax.lexbor.LexborNode") -> None:
        node: selectolax.lexbor.LexborNode | None = root
        for _ in range(_NODES):
            if node is None or self.lines.size > self.enough:
                break
            inside = self.enter(node)
            node = inside if inside is not None else self.onward(node)
        while self.open:
            self.leave()

    def onward(self, node: "selectolax.lexbor.LexborNode") -> "selectolax.lexbor.LexborNode | None":
        """The node after `node` and what is in it; closes the elements that end before."""
        following = node.next
        while following is None and self.open:
            following = self.leave().next
        return following

    def enter(self, node: "selectolax.lexbor.LexborNode") -> "selectolax.lexbor.LexborNode | None":
        """Reads a node; gives its first child when there is something inside to be read."""
        look, hidden = (self.open[-1].look, self.open[-1].hidden) if self.open else (_PLAIN, False)
        if node.is_text_node:
            self.text(node.text_content or "", hidden)
            return None
        tag = node.tag or ""
        if not node.is_element_node or tag in _SKIPPED:
            return None
        attributes = node.attributes
        if attributes or self.sheet.rules:
            changed = look_of(look, attributes, self.sheet.style_of(tag, attributes))
            if changed != look:
                look, hidden = changed, changed.hidden
        self.begin(tag, attributes, hidden)
        child = node.first_child
        if child is not None:
            href = attributes.get("href") if tag == "a" and self.links and not hidden else None
            self.open.append(_Frame(node, tag, look, hidden, href, len(self.lines.out)))
        else:
            self.end(tag)
        return child

    def text(self, text: str, hidden: bool) -> None:
        if hidden:
            self.hidden += len("".join(_SPACES.sub(" ", text).split()))
        elif self.pre:
            self.lines.verbatim(text)
        else:
            self.lines.words(text)

    def begin(self, tag: str, attributes: dict[str, str | None], hidden: bool) -> None:
        lines = self.lines
        if tag == "br":
            lines.break_line(lines.breaks + 1 if lines.breaks < 2 else 2)
        elif tag in ("td", "th"):
            lines.space = not lines.breaks
        elif tag in _PARAGRAPHS:
            lines.break_line(1 if self.counters and tag in ("ul", "ol") else 2)
        elif tag in _BLOCKS:
            lines.break_line(1)
        if tag in ("ul", "ol"):
            self.counters.append(None if tag == "ul" else 0)
        elif tag == "li" and not hidden:
            lines.words(self.bullet())
            lines.space = True
        elif tag == "blockquote":
            lines.quotes += 1
        elif tag == "pre":
            self.pre += 1
        elif tag == "img" and self.links and attributes.get("alt") and not hidden:
            lines.words(f" [{attributes['alt']}] ")

    def bullet(self) -> str:
        if not self.counters or self.counters[-1] is None:
            return "-"
        self.counters[-1] += 1
        return f"{self.counters[-1]}."

    def leave(self) -> "selectolax.lexbor.LexborNode":
        frame = self.open.pop()
        if frame.href:
            self.link(frame)
        self.end(frame.tag)
        return frame.node

    def end(self, tag: str) -> None:
        lines = self.lines
        if tag in ("ul", "ol"):
            self.counters.pop()
        elif tag == "blockquote":
            lines.quotes -= 1
        elif tag == "pre":
            self.pre -= 1
        if tag in _PARAGRAPHS:
            lines.break_line(1 if self.counters and tag in ("ul", "ol") else 2)
        elif tag in _BLOCKS:
            lines.break_line(1)

    def link(self, frame: _Frame) -> None:
        """The address after the words of a link, unless the words are the address."""
        target = (frame.href or "").strip()
        if not target.lower().startswith(("http:", "https:", "mailto:")):
            return
        said = "".join(self.lines.out[frame.made :]).strip()
        bare = target.removeprefix("mailto:")
        if said and said.rstrip("/") not in (bare, bare.rstrip("/"), bare.partition("//")[2].rstrip("/")):
            self.lines.words(f" <{bare[:500]}>")


def html_to_text(html: str, links: bool = True, enough: int = HTML_LIMIT) -> PlainText:
    """Readable text of an HTML text. `links` adds addresses of links (`words <https://...>`) and names of pictures;
    after `enough` characters nothing more is read."""
    html = html[:HTML_LIMIT]
    html = _within_limits(_LONG_RUN.sub(_broken, html))
    parser = selectolax.lexbor.LexborHTMLParser(html)
    root = parser.body or parser.root
    if root is None:
        return PlainText("", 0)
    walk = _Walk(Sheet("\n".join(node.text(deep=True) for node in parser.css("style")[:50])), links, enough)
    walk.run(root)
    return PlainText(walk.lines.text(), walk.hidden)


def links(html: str, most: int = 500) -> list[tuple[str, str]]:
    """The words and the target of each link of an HTML text, in its order; words are cut at 2,000 characters."""
    parser = selectolax.lexbor.LexborHTMLParser(_within_limits(_LONG_RUN.sub(_broken, html[:HTML_LIMIT])))
    found = (
        (" ".join(node.text(deep=True)[:2_000].split()), node.attributes.get("href")) for node in parser.css("a")
    )
    return [(words, target) for words, target in islice(found, most) if target]


def _broken(run: re.Match[str]) -> str:
    """A long run without brackets, with breaks that mean nothing in text and end a tag: the builder takes the
    square of the number of attributes of one tag."""
    text = run.group()
    return "<wbr>".join(text[start : start + 1_500] for start in range(0, len(text), 1_500))


def _within_limits(html: str) -> str:
    """The text up to where building the tree would take time or memory in the square of its size. It would for deep
    nesting, and where formatting that is never closed is copied into every paragraph, as HTML asks (§13.2.4.3)."""
    if html.count("<") <= _SMALL:
        return html
    open_tags: dict[str, int] = {}
    depth = formats = copies = 0
    for tags, match in enumerate(_TAG_NAME.finditer(html)):
        slash, name = match.groups()
        name = name.lower()
        change = 0
        if not slash:
            copies += formats
            change = 0 if name in _SELF_CLOSING else 1
        elif open_tags.get(name, 0):
            change = -1
        if change:
            open_tags[name] = open_tags.get(name, 0) + change
            depth += change
            formats += change if name in _FORMATS else 0
        if depth > _DEPTH or copies > _COPIES or tags >= TAG_LIMIT:
            return html[: match.start()]
    return html
