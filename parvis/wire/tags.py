"""Lists of `tag=value` that DKIM, ARC and DMARC are written in. RFC 6376 §3.2"""

import base64
import binascii
import re

from parvis.kernel.errors import Invalid

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SPACE = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(r"[0-9]{1,12}\Z")


def parse(text: str) -> dict[str, str]:
    """The tags in their order, values without space around them. Raises Invalid for what is no such list or has a
    tag twice (RFC 6376 §3.2)."""
    found: dict[str, str] = {}
    for spec in text.split(";"):
        name, mark, value = (each.strip(" \t\r\n") for each in spec.partition("="))
        if not name and not mark:
            continue
        if not mark or not _NAME.match(name):
            raise Invalid("not a list of tags")
        if name in found:
            raise Invalid(f"the tag {name} is there twice")
        found[name] = value
    return found


def without_space(value: str) -> str:
    """A value in which folding means nothing."""
    return _SPACE.sub("", value)


def words(value: str, between: str = ":") -> tuple[str, ...]:
    """A list such as `from : to`, in lower case."""
    return tuple(word.lower() for word in without_space(value).split(between))


def number(value: str | None) -> int | None:
    """A number of at most twelve digits; None stays None. Raises Invalid."""
    if value is None:
        return None
    if not _NUMBER.match(value):
        raise Invalid("not a number")
    return int(value)


def data(value: str) -> bytes:
    """Base64, folded or not. Raises Invalid."""
    try:
        return base64.b64decode(without_space(value), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("not base64") from None
