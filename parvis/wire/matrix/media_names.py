"""The media that the content of an event names, wherever it stands there: as a file, a small picture, in the text
of a message, in what replaces it (Matrix v1.19 Client-Server §Matrix Content (mxc://) URIs)."""

import re
from collections.abc import Iterator

from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.identifiers import Media

_URI = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,230})/([A-Za-z0-9_-]{1,255})(?![A-Za-z0-9_-])")
_MOST = 50


def named(content: Object) -> list[Media]:
    """Each once, in the order in which they stand there; fifty at most."""
    found: dict[Media, None] = {}
    for text in _texts(content):
        for match in _URI.finditer(text):
            found[Media(match[1], match[2])] = None
            if len(found) == _MOST:
                return list(found)
    return list(found)


def _texts(content: Object) -> Iterator[str]:
    waiting: list[object] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if "mxc://" in value:
                yield value
        elif isinstance(value, dict):
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
