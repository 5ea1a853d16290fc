"""What a page says of itself to who links to it: Open Graph, else what HTML has for it (https://ogp.me). Bytes of a
stranger in, short plain texts out."""

import re
from collections.abc import Mapping
from itertools import islice
from urllib.parse import urljoin, urlsplit

import msgspec

from parvis.kernel.later import selectolax

from .mime.charsets import decode

LONGEST_URL = 2_000
_READ = 500_000
"""Letters of a page that are looked at; what it says of itself stands at its beginning."""
_MOST = 300
"""Of the elements that may say it."""
_TITLE, _DESCRIPTION, _SITE = 200, 400, 80
_TOLD = re.compile(
    r"""<meta\b(?:[^<>"']{1,500}+|"[^"]{0,2000}+"|'[^']{0,2000}+'){0,40}+>|<title\b[^<>]{0,200}+>[^<]{0,2000}+""",
    re.IGNORECASE,
)
"""The elements that say it: a tree is made of these alone, for that of a whole page may be made to take minutes."""
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page in short; empty where it does not say."""

    title: str = ""
    description: str = ""
    site: str = ""
    """The name of the whole site."""
    image: str = ""
    """The address, by https, of a picture that stands for it."""


def read(content: bytes, url: str, charset: str = "") -> Page:
    """What the page at `url` says; `charset` is what HTTP said of it. Never fails."""
    declared = _CHARSET.search(content[:4096])
    label = charset or (declared[1].decode() if declared else None)
    said = (found[0] for found in _TOLD.finditer(decode(content, label).text[:_READ]))
    tree = selectolax.lexbor.LexborHTMLParser("</title>".join(islice(said, _MOST)))
    told: dict[str, str] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        if name and (value := attributes.get("content")):
            told.setdefault(name, value)
    title = tree.css_first("title")
    return Page(
        title=_first(told, _TITLE, "og:title", "twitter:title") or _shown(title.text() if title else "", _TITLE),
        description=_first(told, _DESCRIPTION, "og:description", "twitter:description", "description"),
        site=_first(told, _SITE, "og:site_name", "application-name"),
        image=_image(told, url),
    )


def https(url: str) -> str:
    """An address of the web by https as it is asked for, without what stays in a browser (`#...`); empty for
    anything else, and for one with a password in it."""
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return ""
    plain = parts._replace(fragment="").geturl()
    if not good or len(plain) > LONGEST_URL or not plain.isascii() or not plain.isprintable() or " " in plain:
        return ""
    return plain


def _first(told: Mapping[str, str], limit: int, *names: str) -> str:
    return next((text for name in names if (text := _shown(told.get(name, ""), limit))), "")


def _image(told: Mapping[str, str], url: str) -> str:
    for name in ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src"):
        if value := told.get(name, "").strip():
            try:
                return https(urljoin(url, value))
            except ValueError:
                return ""
    return ""


def _shown(text: str, limit: int) -> str:
    """In one line, without what nobody sees, and without what turns the direction of letters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
