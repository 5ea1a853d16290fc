"""Encoded words of header fields (RFC 2047 §3, §6.3, §7), as they should be and as real mail has them."""

import binascii
import re

from .charsets import codec_of, decode
from .model import DecodedText

# The encoded text of a word never has a "?" inside; unencoded spaces inside are read too, as real mail has
# them.
WORD = re.compile(r"=\?([^?\s*]{1,80})(?:\*[^?\s]{0,80})?\?([bBqQ])\?([^?\r\n]*)\?=")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def bytes_of(encoding: str, text: str) -> bytes:
    """The bytes that an encoded text stands for: `Q` (RFC 2047 §4.2) or `B` (§4.1, padding and garbage
    forgiven)."""
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        data = data.replace(b"_", b" ")
        return _HEX.sub(lambda match: bytes((int(match.group(1), 16),)), data) if b"=" in data else data
    data = _NOT_BASE64.sub(b"", data)
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def decode_words(text: str, anywhere: bool = False) -> str:
    """Text with its encoded words decoded; `anywhere` when it does not matter what they touch, as in file names.

    White space between two encoded words disappears (RFC 2047 §6.2). Neighbours in one charset are decoded
    together, because a character is often split over two of them. A word stands between white space,
    brackets, commas, quotes or the ends of the text, or touches another encoded word; anything else is left
    as it is (§5), and so is a word in a charset that nobody knows."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[tuple[str, str]] = []
    label, done = "", 0
    for word in WORD.finditer(text):
        if not (anywhere or _placed(text, word)) or codec_of(word.group(1)) is None:
            continue
        gap = text[done : word.start()]
        touching = bool(run) and (not gap or gap.isspace())
        if not touching or word.group(1).lower() != label:
            _flush(out, run, label)
        if not touching:
            out.append(gap)
        run.append((word.group(2).lower(), word.group(3)))
        label, done = word.group(1).lower(), word.end()
    _flush(out, run, label)
    out.append(text[done:])
    return "".join(out)


def _placed(text: str, word: re.Match[str]) -> bool:
    """Is the encoded word where one may stand (RFC 2047 §5), or glued to another one as careless writers
    do?"""
    before, after = word.start(), word.end()
    begins = before == 0 or text[before - 1] in ' \t\r\n(",;<[' or text.startswith("?=", before - 2)
    ends = after == len(text) or text[after] in ' \t\r\n)",;<>]' or text.startswith("=?", after)
    return begins and ends


def _flush(out: list[str], run: list[tuple[str, str]], label: str) -> None:
    """Adds the text of neighbouring words, which share one charset."""
    if not run:
        return
    joined: list[tuple[str, list[str]]] = []
    for encoding, text in run:
        # a careless writer cuts base64 anywhere: without padding the next word goes on with the same letters
        if joined and encoding == joined[-1][0] and not joined[-1][1][-1].endswith("="):
            joined[-1][1].append(text)
        else:
            joined.append((encoding, [text]))
    data = b"".join(bytes_of(encoding, "".join(texts)) for encoding, texts in joined)
    out.append(_CONTROL.sub("", decode(data, label).text))
    run.clear()


def text_of(value: bytes) -> str:
    """Header bytes as text: ASCII and UTF-8 (RFC 6532 §3.1) as they are, other 8-bit bytes by a guess. NUL is
    dropped."""
    if value.isascii():
        text = value.decode("ascii")
        return text.replace("\0", "") if "\0" in text else text
    return unlabelled(value).text


def unlabelled(value: bytes) -> DecodedText:
    """8-bit header bytes without a charset, which is what most of the old mail outside of English has."""
    return decode(value, None)


def unfold(text: str) -> str:
    """Text without the line ends of folding (RFC 5322 §2.2.3); a lone CR or LF goes too."""
    if "\n" in text or "\r" in text:
        return text.replace("\r", "").replace("\n", "")
    return text
