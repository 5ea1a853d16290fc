"""What the `Content-` fields of one part say (RFC 2045, 2183, 2557, 3282), with the standard's defaults."""

import re

import msgspec

from .model import Header
from .params import parse_value
from .words import decode_words, text_of, unfold

_TOKEN = re.compile(r"[!#$&-.0-9A-Z^_`a-z{|}~]+\Z")
_COMMENT = re.compile(r"\([^()]*\)")
_EMPTY: dict[str, str] = {}


class Content(msgspec.Struct, frozen=True, gc=False):
    """Type, disposition and the rest of one part."""

    type: str = "text"
    subtype: str = "plain"
    params: dict[str, str] = _EMPTY
    charset: str | None = "us-ascii"
    disposition: str | None = None
    disposition_params: dict[str, str] = _EMPTY
    filename: str | None = None
    content_id: str | None = None
    language: tuple[str, ...] | None = None
    location: str | None = None
    encoding: str = "7bit"

    @property
    def boundary(self) -> bytes:
        """The delimiter of a multipart as bytes, without trailing space (RFC 2046 §5.1.1); empty when there
        is none."""
        return self.params.get("boundary", "").encode("utf-8", "replace").rstrip()[:990]

    def as_text(self) -> "Content":
        """This part read as plain text, for a multipart in which no parts can be found (RFC 2045 §5.2)."""
        return msgspec.structs.replace(self, type="text", subtype="plain", charset="us-ascii")

    def as_opaque(self) -> "Content":
        """This part read as bytes, for a multipart nested deeper than the limit."""
        return msgspec.structs.replace(self, type="application", subtype="octet-stream", charset=None)


PLAIN = Content()
DIGEST_ITEM = Content(type="message", subtype="rfc822", charset=None)


def content_of(headers: list[Header], in_digest: bool, defects: dict[str, None]) -> Content:
    """Reads the content fields among `headers`; the first of two with one name counts. `in_digest` gives the
    default type of a part of a multipart/digest (RFC 2046 §5.1.5)."""
    fields: dict[str, bytes] = {}
    for header in headers:
        name = header.name
        if name[:8].lower() == "content-":
            fields.setdefault(name[8:].lower(), header.value)
    if not fields:
        return DIGEST_ITEM if in_digest else PLAIN
    kind, subtype, params = _type(fields.get("type"), in_digest, defects)
    disposition, disposition_params = _disposition(fields.get("disposition"))
    return Content(
        type=kind,
        subtype=subtype,
        params=params,
        charset=(params.get("charset") or "us-ascii") if kind == "text" else params.get("charset"),
        disposition=disposition,
        disposition_params=disposition_params,
        filename=disposition_params.get("filename") or params.get("name") or None,
        content_id=_identifier(fields.get("id")),
        language=_languages(fields.get("language")),
        location=_location(fields.get("location")),
        encoding=_encoding(fields.get("transfer-encoding")),
    )


def _type(value: bytes | None, in_digest: bool, defects: dict[str, None]) -> tuple[str, str, dict[str, str]]:
    if value is None:
        return ("message", "rfc822", _EMPTY) if in_digest else ("text", "plain", _EMPTY)
    word, params = parse_value(value)
    kind, _, subtype = word.partition("/")
    kind, subtype = kind.strip(), subtype.strip()
    if _TOKEN.match(kind) and _TOKEN.match(subtype):
        return kind, subtype, params
    first = subtype.split(None, 1)[0] if subtype.strip() else ""
    if _TOKEN.match(kind) and _TOKEN.match(first):
        return kind, first, params
    defects["bad-content-type"] = None
    return "text", "plain", params


def _disposition(value: bytes | None) -> tuple[str | None, dict[str, str]]:
    if value is None:
        return None, _EMPTY
    word, params = parse_value(value)
    return word or None, params


def _identifier(value: bytes | None) -> str | None:
    if value is None:
        return None
    text = unfold(text_of(value)).strip()
    if not text.startswith("<"):
        text = _COMMENT.sub("", text).strip()
    inner = text[1:].partition(">")[0] if text.startswith("<") else text
    return inner.strip() or None


def _languages(value: bytes | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    text = _COMMENT.sub("", unfold(text_of(value)))
    return tuple(tag for item in text.split(",") if (tag := item.strip())) or None


def _location(value: bytes | None) -> str | None:
    if value is None:
        return None
    text = "".join(text_of(value).split())
    return decode_words(text).strip('"') or None


def _encoding(value: bytes | None) -> str:
    if value is None:
        return "7bit"
    text = _COMMENT.sub("", unfold(text_of(value))).strip().lower()
    return text.split(";", 1)[0].strip().strip("\"'") or "7bit"
