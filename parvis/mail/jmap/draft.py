"""From an Email object that a client sends to a message: every rule of RFC 8621 §4.6, then the bytes."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.mail.jmap.fields import CONVENIENT, header_names, written
from parvis.mail.model import EmailBodyValue
from parvis.serve.jmap.blobs import Blob
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.types import Object, UnsignedInt
from parvis.wire.mime import compose

_BODIES = ("bodyStructure", "textBody", "htmlBody", "attachments")
_PART_FIELDS = {
    "type": "content-type", "name": "content-disposition", "disposition": "content-disposition",
    "cid": "content-id", "language": "content-language", "location": "content-location",
}  # fmt: skip
_DEEPEST = 30


class PartGiven(msgspec.Struct, kw_only=True, rename="camel"):
    """The properties of an EmailBodyPart that a client may give, `header:*` apart."""

    part_id: str | None = None
    blob_id: str | None = None
    size: UnsignedInt | None = None
    name: str | None = None
    type: str | None = None
    charset: str | None = None
    disposition: str | None = None
    cid: str | None = None
    language: list[str] | None = None
    location: str | None = None
    sub_parts: list[dict[str, Any]] | None = None


_KNOWN = {field.encode_name for field in msgspec.structs.fields(PartGiven)}


class Given:
    """One Email object that is to be created, checked."""

    def __init__(self, values: Object, given: frozenset[str]) -> None:
        self.values = {name: value for name, value in values.items() if name in given}
        self.bodies: Mapping[str, EmailBodyValue] = self.values.get("bodyValues") or {}
        self._check_headers()
        self._check_bodies()
        for name, part in self.parts():
            _checked(name, part)

    def _check_headers(self) -> None:
        fields = header_names(self.values)
        if wrong := [name for name, field in fields.items() if field.startswith("content-")]:
            raise invalid_properties(*wrong, why="Content fields belong to a body part")
        structure = self.values.get("bodyStructure") or {}
        inside = header_names(structure, "bodyStructure/")
        if wrong := [f"bodyStructure/{name}" for name, field in inside.items() if field in fields.values()]:
            raise invalid_properties(*wrong, why="a field is given twice")

    def _check_bodies(self) -> None:
        given = [name for name in _BODIES if self.values.get(name) is not None]
        if "bodyStructure" in given and len(given) > 1:
            raise invalid_properties(*given[1:], why="bodyStructure goes alone")
        for name, kind in (("textBody", "text/plain"), ("htmlBody", "text/html")):
            parts = self.values.get(name)
            if parts is not None and (len(parts) != 1 or parts[0].get("type", kind) != kind):
                raise invalid_properties(name, why=f"exactly one part of type {kind}")
        wrong = [
            f"bodyValues/{key}/{flag}"
            for key, one in self.bodies.items()
            for flag, raised in (("isEncodingProblem", one.is_encoding_problem), ("isTruncated", one.is_truncated))
            if raised
        ]
        if wrong:
            raise invalid_properties(*wrong, why="a body must be whole")

    def parts(self) -> Iterator[tuple[str, Object]]:
        """Every body part given, with its path."""
        waiting = [(path, part) for name in _BODIES for path, part in _listed(name, self.values.get(name))]
        while waiting:
            path, part = waiting.pop()
            yield path, part
            waiting.extend(_listed(f"{path}/subParts", part.get("subParts")))

    def blob_ids(self) -> list[str]:
        """The blobs that its parts refer to, each once."""
        found = (part.get("blobId") for _, part in self.parts())
        return list(dict.fromkeys(one for one in found if isinstance(one, str)))

    def raw(self, blobs: Mapping[str, tuple[Blob, bytes]], hostname: str) -> bytes:
        """The message. `blobs` has the bytes of every blob in `blob_ids`."""
        root = self.values.get("bodyStructure")
        attachments = self.values.get("attachments") or []
        draft = compose.Draft(
            date=clock.now().replace(microsecond=0),
            message_id=f"{ids.text(ids.new_id())}.{ids.token(9)}@{hostname}",
            fields=tuple(self._fields()),
            structure=None if root is None else self._part("bodyStructure", root, "text/plain", blobs),
            text=self._flat("textBody", "text/plain", blobs),
            html=self._flat("htmlBody", "text/html", blobs),
            attachments=tuple(
                self._part(f"attachments/{place}", one, "", blobs, "attachment")
                for place, one in enumerate(attachments)
            ),
        )
        return compose.compose(draft, _boundaries())

    def _fields(self) -> Iterator[compose.Field]:
        """Header fields in the customary order, then the others as given."""
        order = [name for name in CONVENIENT if name in self.values]
        for name in order + [name for name in self.values if name.startswith("header:")]:
            yield from written(name, self.values[name])

    def _flat(self, name: str, kind: str, blobs: Mapping[str, tuple[Blob, bytes]]) -> compose.DraftPart | None:
        parts = self.values.get(name)
        return self._part(f"{name}/0", parts[0], kind, blobs) if parts else None

    def _part(
        self,
        where: str,
        given: Object,
        kind: str,
        blobs: Mapping[str, tuple[Blob, bytes]],
        disposition: str | None = None,
        depth: int = 0,
    ) -> compose.DraftPart:
        if depth > _DEEPEST:
            raise invalid_properties(where, why="nested too deep")
        part = _checked(where, given)
        header_kind = given.get("header:Content-Type")
        media = part.type or _type_of(header_kind) or kind or self._guess(part, blobs)
        multipart = media.lower().startswith("multipart/")
        if multipart != (part.sub_parts is not None) or (multipart and (part.part_id or part.blob_id)):
            raise invalid_properties(where, why="a multipart, and nothing else, has subParts")
        children = tuple(
            self._part(f"{where}/subParts/{place}", child, "text/plain", blobs, depth=depth + 1)
            for place, child in enumerate(part.sub_parts or ())
        )
        return compose.DraftPart(
            type=media,
            body=b"" if multipart else self._body(where, part, blobs),
            charset=part.charset,
            name=part.name,
            disposition=part.disposition or disposition,
            cid=part.cid,
            language=tuple(part.language) if part.language else None,
            location=part.location,
            fields=tuple(
                field for name in given if name.startswith("header:") for field in written(name, given[name])
            ),
            children=children,
        )

    def _guess(self, part: PartGiven, blobs: Mapping[str, tuple[Blob, bytes]]) -> str:
        """The type that was told at the upload."""
        blob = blobs.get(part.blob_id or "")
        return (blob[0].media_type if blob else "") or "application/octet-stream"

    def _body(self, where: str, part: PartGiven, blobs: Mapping[str, tuple[Blob, bytes]]) -> str | bytes:
        if part.blob_id is not None:
            return blobs[part.blob_id][1]
        if part.part_id is None:
            raise invalid_properties(where, why="a part needs a partId or a blobId")
        if part.part_id not in self.bodies:
            raise invalid_properties(f"{where}/partId", why=f"bodyValues has no {part.part_id!r}")
        return self.bodies[part.part_id].value


def _checked(where: str, given: Object) -> PartGiven:
    """The rules within an EmailBodyPart. Raises SetError invalidProperties."""
    plain = {name: value for name, value in given.items() if not name.startswith("header:")}
    if unknown := sorted(set(plain) - _KNOWN):
        raise invalid_properties(*(f"{where}/{name}" for name in unknown), why="no such property may be given")
    try:
        part = msgspec.convert(plain, PartGiven)
    except msgspec.ValidationError as error:
        raise invalid_properties(where, why=str(error)) from error
    names = header_names(given, f"{where}/")
    if wrong := [name for name, field in names.items() if field == "content-transfer-encoding"]:
        raise invalid_properties(f"{where}/{wrong[0]}", why="the transfer encoding is chosen here")
    if twice := [name for name, field in _PART_FIELDS.items() if given.get(name) and field in names.values()]:
        raise invalid_properties(*(f"{where}/{name}" for name in twice), why="a field is given twice")
    if part.part_id is not None and part.blob_id is not None:
        raise invalid_properties(f"{where}/partId", f"{where}/blobId", why="one of them")
    if part.part_id is not None and (
        wrong := [name for name in ("charset", "size") if given.get(name) is not None]
    ):
        raise invalid_properties(*(f"{where}/{name}" for name in wrong), why="not with a partId")
    return part


def _type_of(header: Any) -> str | None:
    return header.partition(";")[0].strip() if isinstance(header, str) else None


def _listed(path: str, value: Any) -> list[tuple[str, Object]]:
    """One part, or several, with their paths."""
    if isinstance(value, dict):
        return [(path, value)]
    parts = value if isinstance(value, list) else []
    return [(f"{path}/{place}", part) for place, part in enumerate(parts) if isinstance(part, dict)]


def _boundaries() -> Iterator[str]:
    while True:
        yield f"=_{ids.token(15)}"


def missing_blobs(missing: list[str]) -> SetError:
    """RFC 8621 §4.6"""
    return SetError("blobNotFound", "a blob is not there", notFound=missing)
