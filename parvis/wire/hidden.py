"""Which parts of an HTML mail a reader does not see: just enough of CSS to tell. What is hidden is not read to
search, previews or an assistant, because that is where instructions to machines are put."""

import re
from typing import NamedTuple

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
_NAMED: dict[str, Colour] = {
    "white": WHITE,
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
}
_NEAR = 12
"""Two colours whose channels differ by no more than this are the same to the eye."""
_DECLARATION = re.compile(r"\s*+([a-z-]{1,40})\s*+:\s*+([^;]{0,300}+)(?:;|\Z)")
_NUMBER = re.compile(r"(-?\d{0,6}(?:\.\d{1,6})?)\s*(px|pt|em|rem|ex|%|vw|)\s*(?:!important)?\s*\Z")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,8})(%?))?\s*\)")
_RULE = re.compile(r"([^{}@]{1,500}+)\{([^{}]{0,2000}+)\}")
_AT_RULE = re.compile(r"@[^{};]{0,500}+(?:;|\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}?)")
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?(?:([.#])([\w-]{1,80}))?\Z")
_OF_INTEREST_NAMES = (
    "display visibility font-size color background background-color background-image opacity overflow "
    "height max-height text-indent position left top width max-width"
)
_OF_INTEREST = frozenset(_OF_INTEREST_NAMES.split())
STYLE_LIMIT = 100_000
RULE_LIMIT = 2_000

Style = dict[str, str]


class Look(NamedTuple):
    """How text at one place looks, as far as it matters; inherited from parent to child."""

    gone: bool = False
    """Nothing inside can be seen, whatever children say."""
    tiny: bool = False
    """The size of letters is nothing; a child may set another."""
    unseen: bool = False
    """visibility:hidden; a child may set another."""
    colour: Colour | None = (0, 0, 0)
    """`None` when transparent."""
    background: Colour | None = WHITE
    """`None` when not known, as for a picture."""

    @property
    def hidden(self) -> bool:
        if self.gone or self.tiny or self.unseen or self.colour is None:
            return True
        if self.background is None:
            return False
        return all(abs(a - b) <= _NEAR for a, b in zip(self.colour, self.background, strict=True))


def declarations(text: str) -> Style:
    """The declarations of a style attribute or of the body of a rule that matter here."""
    lowered = text[:4_000].lower()
    return {name: value.strip() for name, value in _DECLARATION.findall(lowered) if name in _OF_INTEREST}


class Sheet:
    """The rules of the style elements of one mail, for simple selectors (`td`, `.x`, `#x`, `td.x`). Rules inside
    @media are for other screens and are skipped; of a longer selector only a background counts, as one that is not
    known."""

    def __init__(self, css: str) -> None:
        self.rules: dict[str, dict[str | None, Style]] = {}
        css = _AT_RULE.sub(" ", _CSS_COMMENT.sub(" ", css[:STYLE_LIMIT].lower()))
        for count, rule in enumerate(_RULE.finditer(css)):
            if count >= RULE_LIMIT:
                break
            style = declarations(rule.group(2))
            if style:
                for selector in rule.group(1).split(","):
                    self._add(selector.split(), style)

    def _add(self, selector: list[str], style: Style) -> None:
        match = _SIMPLE.match(selector[-1].partition(":")[0]) if selector else None
        if match is None:
            return
        if len(selector) > 1 or ":" in selector[-1]:
            if not any(name.startswith("background") for name in style):
                return
            style = {"background": "url(unknown)"}
        tag, mark, name = match.groups()
        key = f"{mark}{name}" if name else tag
        if key:
            self.rules.setdefault(key, {}).setdefault(tag if name else None, {}).update(style)

    def style_of(self, tag: str, attributes: dict[str, str | None]) -> Style:
        """What the rules and the style attribute say of one element; the attribute wins."""
        style: Style = {}
        if self.rules:
            keys = [tag, *("." + word for word in (attributes.get("class") or "").lower().split()[:20])]
            if attributes.get("id"):
                keys.append("#" + (attributes["id"] or "").lower())
            for key in keys:
                found = self.rules.get(key)
                if found is not None:
                    style.update(found.get(None, {}))
                    style.update(found.get(tag, {}))
        own = attributes.get("style")
        if own:
            style.update(declarations(own))
        return style


def look_of(parent: Look, attributes: dict[str, str | None], style: Style) -> Look:
    """How the inside of an element looks."""
    background, colour = parent.background, parent.colour
    if attributes.get("bgcolor"):
        background = colour_of(attributes["bgcolor"] or "") or background
    if attributes.get("background"):
        background = None
    if attributes.get("color"):
        colour = colour_of(attributes["color"] or "") or colour
    if not style:
        gone = parent.gone or "hidden" in attributes
        return Look(gone, parent.tiny, parent.unseen, colour, background)
    for name in ("background", "background-color", "background-image"):
        if name in style:
            background = _background(style[name], background)
    if "color" in style:
        colour = None if _is_transparent(style["color"]) else colour_of(style["color"]) or colour
    size = style.get("font-size")
    visibility = style.get("visibility", "")
    return Look(
        gone=parent.gone or "hidden" in attributes or _is_gone(style),
        tiny=parent.tiny if size is None else _is_tiny(size, parent.tiny),
        unseen=visibility.startswith(("hidden", "collapse")) or (parent.unseen and not visibility),
        colour=colour,
        background=background,
    )


def _background(value: str, before: Colour | None) -> Colour | None:
    if "url(" in value or "gradient" in value:
        return None
    return next((found for word in [value, *value.split()] if (found := colour_of(word))), before)


def colour_of(text: str) -> Colour | None:
    """The colour of `#fff`, `#ffffff`, `rgb(...)` or one of few names; `None` for any other, transparent too."""
    text = text.replace("!important", "").strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    digits = text[1:] if text.startswith("#") else text
    if len(digits) in (3, 4) and text.startswith("#"):
        digits = "".join(digit * 2 for digit in digits[:3])
    if len(digits) in (6, 8) and all(digit in "0123456789abcdef" for digit in digits):
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    match = _RGB.match(text)
    if match is None or _is_transparent(text):
        return None
    return int(match.group(1)), int(match.group(2)), int(match.group(3))


def _is_transparent(text: str) -> bool:
    if text.startswith("transparent"):
        return True
    match = _RGB.match(text)
    if match is None or match.group(4) is None:
        return False
    try:
        return float(match.group(4)) < 0.05
    except ValueError:
        return False


def _length(value: str) -> float | None:
    """A length in about pixels, `None` for anything else."""
    match = _NUMBER.match(value)
    if match is None or match.group(1) in ("", "-"):
        return None
    return float(match.group(1)) * (16 if match.group(2) in ("em", "rem") else 1)


def _is_tiny(value: str, before: bool) -> bool:
    length = _length(value)
    if length is None:
        return before
    if before and value.replace("!important", "").strip().endswith(("em", "%")) and "rem" not in value:
        return True
    return length <= 1 if not value.strip().endswith("%") else length <= 5


def _is_gone(style: Style) -> bool:
    if style.get("display", "").startswith("none"):
        return True
    opacity = style.get("opacity")
    if opacity is not None and (length := _length(opacity)) is not None and length < 0.05:
        return True
    if "hidden" in style.get("overflow", ""):
        for name in ("height", "max-height", "width", "max-width"):
            if name in style and (length := _length(style[name])) is not None and length <= 1:
                return True
    away = [style.get("text-indent", "")]
    if style.get("position", "").startswith(("absolute", "fixed")):
        away += [style.get("left", ""), style.get("top", "")]
    return any((length := _length(value)) is not None and length < -300 for value in away)
