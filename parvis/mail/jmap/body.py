"""Bodies: EmailBodyPart objects and body values. RFC 8621 §4.1.4"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from parvis.mail.jmap.headers import by_name, header_property, listed, value_of
from parvis.mail.jmap.parts import part_id
from parvis.mail.structure import Node, Structure, body_part
from parvis.serve.jmap.types import Object
from parvis.wire import mime

PART_PROPERTIES = frozenset(
    {
        "partId", "blobId", "size", "headers", "name", "type", "charset", "disposition", "cid", "language",
        "location", "subParts",
    }
)  # fmt: skip
DEFAULT_PART_PROPERTIES = (
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location",
)  # fmt: skip
Load = Callable[[int, int], Awaitable[bytes]]
"""Bytes of the raw message from start to end."""

_PLAIN: dict[str, Callable[[Node], Any]] = {
    "partId": lambda node: None if node.is_multipart else node.section,
    "size": lambda node: node.size,
    "name": lambda node: node.name,
    "type": lambda node: node.media_type,
    "charset": lambda node: node.charset,
    "disposition": lambda node: node.disposition,
    "cid": lambda node: node.cid,
    "language": lambda node: None if node.language is None else list(node.language),
    "location": lambda node: node.location,
}


class Parts:
    """The parts of one message, shown with the properties that were asked for."""

    def __init__(self, structure: Structure, blob_id: str, properties: Sequence[str], load: Load) -> None:
        self._structure, self._blob_id, self._load = structure, blob_id, load
        self._properties = properties
        self._headers = "headers" in properties or any(name.startswith("header:") for name in properties)
        self.leaves = structure.leaves()

    async def tree(self) -> Object:
        """bodyStructure."""
        return await self._shown(self._structure.root, True)

    async def flat(self, sections: Iterable[str]) -> list[Object]:
        """textBody, htmlBody or attachments."""
        return [await self._shown(self.leaves[section], False) for section in sections]

    async def _shown(self, node: Node, deep: bool) -> Object:
        found: Object = {}
        fields = await self._fields(node) if self._headers else ()
        named = by_name(fields)
        for name in self._properties:
            if (plain := _PLAIN.get(name)) is not None:
                found[name] = plain(node)
            elif name == "blobId":
                found[name] = None if node.is_multipart else part_id(self._blob_id, node)
            elif name == "headers":
                found[name] = listed(fields)
            elif (asked := header_property(name)) is not None:
                found[name] = value_of(asked, named)
        if deep and node.is_multipart:
            found["subParts"] = [await self._shown(child, True) for child in node.children]
        elif "subParts" in self._properties:
            found["subParts"] = None
        return found

    async def _fields(self, node: Node) -> tuple[mime.Header, ...]:
        return mime.parse(await self._load(node.header_start, node.start)).root.headers

    async def values(self, sections: Iterable[str], limit: int) -> Object:
        """bodyValues of the text parts among `sections`; `limit` in octets of UTF-8, 0 for none."""
        found: Object = {}
        for section in sections:
            node = self.leaves[section]
            if node.is_text and section not in found:
                raw = await self._load(node.start, node.end)
                text, problem = mime.decode_text(raw, body_part(node, len(raw)))
                short = cut(text, limit, node.media_type == "text/html") if limit else text
                found[section] = {
                    "value": short,
                    "isEncodingProblem": problem,
                    "isTruncated": len(short) < len(text),
                }
        return found

    def wanted(self, text: bool, html: bool, every: bool) -> list[str]:
        """The sections whose values a request fetches."""
        found: list[str] = []
        if text:
            found += self._structure.text
        if html:
            found += self._structure.html
        if every:
            found += self.leaves
        return list(dict.fromkeys(found))


def cut(text: str, octets: int, html: bool) -> str:
    """The longest beginning of `text` within so many octets of UTF-8: no half character, no half HTML tag."""
    if len(text) * 4 <= octets:
        return text
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= octets:
        return text
    short = encoded[:octets].decode("utf-8", "ignore")
    if html and (opened := short.rfind("<")) > short.rfind(">"):
        short = short[:opened]
    return short
