"""What a person sees of a message: body, attachments, preview (RFC 8621 §4.1.4)."""

import re
from typing import NamedTuple

import msgspec

from parvis.kernel.mapped import Raw
from parvis.wire.text import html_to_text

from .model import Message, Part
from .transfer import decode_text

PREVIEW_LENGTH = 256
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)


class BodyViews(NamedTuple):
    """JMAP's three flat lists of parts."""

    text_body: tuple[Part, ...]
    html_body: tuple[Part, ...]
    attachments: tuple[Part, ...]


def body_views(message: Message) -> BodyViews:
    """Which parts to show as text, as HTML, and as attachments, by the algorithm of RFC 8621 §4.1.4."""
    text: list[Part] = []
    html: list[Part] = []
    attachments: list[Part] = []
    _sort((message.root,), "mixed", False, html, text, attachments)
    return BodyViews(tuple(text), tuple(html), tuple(attachments))


def _is_media(part: Part) -> bool:
    return part.type in ("image", "audio", "video")


def _is_inline(part: Part, first: bool, multipart: str) -> bool:
    """Is this a part of the body rather than an attachment? In a multipart/related only the first can be, and a
    text with a file name is one only when it comes first."""
    if part.disposition == "attachment":
        return False
    if not (_is_media(part) or (part.type == "text" and part.subtype in ("plain", "html"))):
        return False
    return first or (multipart != "related" and (_is_media(part) or not part.filename))


def _sort(
    parts: tuple[Part, ...],
    multipart: str,
    in_alternative: bool,
    html: list[Part] | None,
    text: list[Part] | None,
    attachments: list[Part],
) -> None:
    """Puts `parts` of a multipart of that subtype into the lists; a list that is `None` takes no more of this
    branch."""
    text_length = -1 if text is None else len(text)
    html_length = -1 if html is None else len(html)
    for i, part in enumerate(parts):
        if part.is_multipart:
            inner = part.subtype
            _sort(part.children, inner, in_alternative or inner == "alternative", html, text, attachments)
        elif not _is_inline(part, i == 0, multipart):
            attachments.append(part)
        elif multipart == "alternative":
            chosen = (text if part.subtype == "plain" else html) if part.type == "text" else attachments
            (attachments if chosen is None else chosen).append(part)
        else:
            if in_alternative and part.type == "text":
                html, text = (None, text) if part.subtype == "plain" else (html, None)
            if text is not None:
                text.append(part)
            if html is not None:
                html.append(part)
            if (text is None and html is None) or ((text is None or html is None) and _is_media(part)):
                attachments.append(part)
    if multipart == "alternative" and text is not None and html is not None:
        if text_length == len(text) and html_length != len(html):
            text.extend(html[html_length:])
        elif html_length == len(html) and text_length != len(text):
            html.extend(text[text_length:])


def has_attachment(message: Message, views: BodyViews | None = None) -> bool:
    """JMAP's hasAttachment: one attachment at least that is not `inline`. Pictures with a Content-Id and no
    disposition belong to an HTML body, and signatures are read by the client: neither counts."""
    return any(
        part.disposition != "inline"
        and not (part.disposition is None and part.content_id is not None and part.type == "image")
        and part.media_type not in _SIGNATURES
        for part in (views or body_views(message)).attachments
    )


_HEADS = (4_096, 32_768, 524_288)
_ENOUGH = 600
_ATTRIBUTION = re.compile(r"(?:On|Le|Vào|Am|El) .{5,200}(?:wrote|écrit|viết|schrieb|escribió) ?:\Z")
_ARMOUR = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+:.*\n)*+")
_RULE = re.compile(r"[-_=*~#+.]{4,}")
_MARKS = frozenset("-_=*~#+. ")


def preview(raw: Raw, message: Message, views: BodyViews | None = None) -> str:
    """One line of at most 256 characters out of the first text that has words, without quotations, signature and
    rules. Only the head of a long part is looked at. Pass `views` when they are at hand."""
    for part in (views or body_views(message)).text_body:
        if part.type != "text":
            continue
        for head in _HEADS:
            line = _line(raw, part, head)
            if line or part.size <= head:
                break
        if line:
            return line
    return ""


def _line(raw: Raw, part: Part, head: int) -> str:
    short = part if part.size <= head else msgspec.structs.replace(part, body_end=part.body_start + head)
    text = decode_text(raw, short).text
    if part.subtype == "html":
        text = html_to_text(text, links=False, enough=_ENOUGH).text
    if "-----BEGIN PGP" in text:
        text = _ARMOUR.sub("", text)
    return _shortened(_words(text, True)) or _shortened(_words(text, False))


def _words(text: str, own: bool) -> list[str]:
    """The first words of a text, a little more than a preview holds; `own` leaves out what is quoted or signed."""
    found: list[str] = []
    size = 0
    for line in text.split("\n"):
        if own:
            if line == "-- ":
                break
            bare = line.strip()
            if bare[:1] in (">", "|") or (bare[-1:] == ":" and _ATTRIBUTION.match(bare)):
                continue
        found += (_RULE.sub(" ", line) if line[:1] in _MARKS else line).split()
        size += len(line)
        if size > _ENOUGH and sum(map(len, found)) > PREVIEW_LENGTH:
            break
    return found


def _shortened(words: list[str]) -> str:
    line = " ".join(words)
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
