"""What DOCX, PPTX and OpenDocument have in common: a ZIP archive of XML, opened with bounds."""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from parvis.search.extract.contract import Limits, Unreadable

_NUMBER = re.compile(r"(\d+)")


class Package:
    """An office file. Raises Unreadable when it is no archive, or would unpack to more than the limit."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            infos = self._archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError) as fault:
            # An encrypted DOCX or PPTX is an OLE file, not an archive.
            ole = content.startswith(b"\xd0\xcf\x11\xe0")
            raise Unreadable("encrypted" if ole else "damaged") from fault
        if sum(info.file_size for info in infos) > limits.unpacked_bytes:
            raise Unreadable("tooLarge", "unpacks to more than is allowed")
        self._sizes = {info.filename: info.file_size for info in infos}

    def names(self, prefix: str, suffix: str = ".xml") -> list[str]:
        """Members of a folder, in the order of the numbers in their names."""
        found = [name for name in self._sizes if name.startswith(prefix) and name.endswith(suffix)]
        return sorted(found, key=lambda name: [int(part) for part in _NUMBER.findall(name)])

    def read(self, name: str) -> bytes:
        """One member, or nothing when it is not there. Raises Unreadable."""
        if name not in self._sizes:
            return b""
        try:
            with self._archive.open(name) as member:
                content = member.read(self._sizes[name] + 1)
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as fault:
            raise Unreadable("damaged") from fault
        except RuntimeError as fault:  # zipfile's word for a password
            raise Unreadable("encrypted") from fault
        if len(content) > self._sizes[name]:
            raise Unreadable("tooLarge", "unpacks to more than it says")
        return content

    def elements(self, name: str) -> Iterator[tuple[str, str, Element]]:
        """The XML of a member as events (`start` or `end`, name without namespace, element). Raises Unreadable
        for XML that is broken or uses entities."""
        content = self.read(name)
        if not content:
            return
        try:
            for event, element in iterparse(io.BytesIO(content), ("start", "end"), forbid_dtd=True):
                yield event, element.tag.rpartition("}")[2], element
        except (ParseError, DefusedXmlException, ValueError, RecursionError) as fault:
            raise Unreadable("damaged") from fault


def attribute(element: Element, name: str) -> str:
    """An attribute by its name without namespace; empty when it is not there."""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")
