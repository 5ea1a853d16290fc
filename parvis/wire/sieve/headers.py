"""The header fields of a message while a script adds and deletes some (RFC 5293). Never changed in place, so that
each action can keep the state it saw."""

import re
from typing import NamedTuple

from parvis.wire.mime import Header, Part, as_text
from parvis.wire.mime.compose import Field, Text, write_field

NAME = re.compile(r"[!-9;-~]{1,100}\Z")
_PROTECTED = frozenset({"received", "auto-submitted"})


class Headers(NamedTuple):
    """Fields in order: those of the message have their place in it, added ones have `start` -1."""

    root: Part
    fields: tuple[Header, ...]
    edited: bool = False

    @classmethod
    def of(cls, root: Part) -> "Headers":
        """The fields of a message."""
        return cls(root, root.headers)

    def named(self, name: str) -> list[Header]:
        """The fields of that name, in order; case does not matter."""
        wanted = name.lower()
        return [field for field in self.fields if field.name.lower() == wanted]

    def added(self, name: str, value: str, last: bool) -> "Headers":
        """With one field more, in front or at the end (RFC 5293 §4)."""
        line = write_field(Field(name, Text(value))).encode("utf-8", "replace")
        field = Header(name, line[len(name) + 1 :].removesuffix(b"\r\n"), -1, -1)
        fields = (*self.fields, field) if last else (field, *self.fields)
        return self._replace(fields=fields, edited=True)

    def without(self, gone: list[Header]) -> "Headers":
        """Without these fields. Received and Auto-Submitted stay (RFC 5293 §6)."""
        marks = {id(field) for field in gone if field.name.lower() not in _PROTECTED}
        kept = tuple(field for field in self.fields if id(field) not in marks)
        return self._replace(fields=kept, edited=True) if marks else self

    def rewritten(self, raw: bytes) -> bytes:
        """The bytes of the message with these fields; what was not touched keeps its bytes."""
        if not self.edited:
            return raw
        root = self.root
        end = root.headers[-1].end if root.headers else root.header_start
        line_end = b"\r\n" if b"\r\n" in raw[:1_000] or b"\n" not in raw[:1_000] else b"\n"
        pieces = [raw[: root.header_start]]
        for field in self.fields:
            if field.start >= 0:
                written = raw[field.start : field.end]
                pieces.append(written if written.endswith(b"\n") else written + line_end)
            else:
                pieces.append(field.name.encode() + b":" + field.value.replace(b"\r\n", line_end) + line_end)
        rest = raw[end:]
        if not rest.startswith((b"\n", b"\r\n")):
            rest = line_end + raw[root.body_start :]
        return b"".join([*pieces, rest])


def value_of(field: Header) -> str:
    """The text of a field as tests see it: unfolded, decoded, no space around (RFC 5228 §2.4.2.2, §2.7.2)."""
    return as_text(field.value).strip(" \t")
