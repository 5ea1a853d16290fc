"""Lines for the zone file of a domain, as its administrator copies them into DNS. RFC 1035 §5.1"""

_STRING = 255
"""Bytes of one string; a TXT record may have several. RFC 1035 §3.3.14"""


def txt(name: str, value: str) -> str:
    """The line of a TXT record."""
    pieces = [value[start : start + _STRING] for start in range(0, len(value), _STRING)] or [""]
    strings = " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
    return f"{name}. IN TXT {strings}" if len(pieces) == 1 else f"{name}. IN TXT ( {strings} )"


def line(name: str, kind: str, value: str) -> str:
    """The line of a record of another kind."""
    return f"{name}. IN {kind} {value}"
