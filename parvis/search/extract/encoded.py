"""What stands in a text but is no language: files packed as letters (uuencode, base64), the signatures and keys of
OpenPGP. None of it becomes a passage; the message keeps it, and the mail's own text index still finds it."""

import re

_AT = r"^[> \t]*"
"""Where a line begins, quoted or not."""
_ARMOUR = (
    rf"{_AT}-----BEGIN (?P<what>(?!PGP SIGNED)[A-Z0-9 ]{{3,40}})-----\n(?:.*\n){{0,400}}?.*-----END (?P=what)-----$"
)
_SIGNED = rf"{_AT}-----BEGIN PGP SIGNED MESSAGE-----$(?:\n{_AT}Hash: .*$)*"
"""RFC 9580 §7: the signed text itself is readable."""
_FOUR = "[A-Za-z0-9+/]{4}"
_BASE64 = (
    rf"(?:{_AT}(?:{_FOUR}){{14,19}}\n){{2,}}(?:{_AT}(?:{_FOUR})*(?:[A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?$)?"
)
"""RFC 2045 §6.8: only its last line is of another length."""
_UUENCODED = rf"(?:{_AT}M[ -`]{{50,60}}\n)+(?:{_AT}[ -`]{{1,61}}$)?(?:\n{_AT}`?)?(?:\n{_AT}end$)?"
_UU_FILE = rf"{_AT}begin [0-7]{{3,4}} \S.*\n(?:{_AT}[ -`]{{1,61}}\n)*{_AT}end$"
_ENCODED = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in (
            ("armour", _ARMOUR),
            ("signed", _SIGNED),
            ("base64", _BASE64),
            ("file", _UU_FILE),
            ("lines", _UUENCODED),
        )
    ),
    re.MULTILINE,
)
_GAP = re.compile(r"\n[ \t>]*\n")
_SIGN = re.compile(r"[^A-Za-z0-9\s.,;:!?'\"()-]")
_SIGNS = 0.08
"""Text in capitals may have the length of uuencoded lines, but not so many odd signs."""


def without_encoded(text: str) -> str:
    """The text with each encoded run made a NUL a paragraph, which `tidy` takes out: so paragraphs keep their
    numbers. `text` has plain line ends."""
    return _ENCODED.sub(_emptied, text)


def _emptied(match: re.Match[str]) -> str:
    found = match.group()
    if match["base64"] and not _is_mixed(found):
        return found
    if match["lines"] and len(_SIGN.findall(found)) < _SIGNS * len(found):
        return found
    return "".join(["\0", *(f"{gap}\0" for gap in _GAP.findall(found))])


def _is_mixed(letters: str) -> bool:
    """Whether it is base64 rather than the digits of a hash or one endless word."""
    return all(re.search(kind, letters) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
