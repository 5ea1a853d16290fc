"""Files of events in JMAP: links with a `blobId` (draft-ietf-jmap-calendars §5). One that names a blob is kept with
the event; one that is kept is named by a blob that whoever may read the event can download."""

from collections.abc import Iterator, Mapping
from typing import Any

from parvis.calendar import attachments
from parvis.kernel import ids
from parvis.kernel.errors import NotFound, OverQuota, TooLarge
from parvis.serve.jmap.blobs import Blob, Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit

_DEEPEST = 6
Blobs = Mapping[str, Blob]


def with_blobs(said: Any, base: str, depth: int = 0) -> Any:
    """An event with `blobId` in the links whose files are kept here."""
    if not isinstance(said, dict) or depth > _DEEPEST:
        return said
    href = said.get("href")
    if isinstance(href, str) and (managed_id := attachments.named(href, base)) is not None:
        plain = {name: value for name, value in said.items() if name != "managedId"}
        return plain | {"blobId": attachments.LETTER + managed_id}
    return {name: with_blobs(value, base, depth + 1) for name, value in said.items()}


def _wanted(given: Any, depth: int = 0) -> Iterator[Object]:
    """The links that name blobs."""
    if isinstance(given, dict) and depth <= _DEEPEST:
        if isinstance(given.get("blobId"), str):
            yield given
        for value in given.values():
            yield from _wanted(value, depth + 1)


async def found(call: Call, given: Mapping[str, Any]) -> Blobs:
    """The blobs that links name, read before the unit. Raises SetError for one that may not be read."""
    library, blobs = call.context.services.get(Library), dict[str, Blob]()
    names = list(dict.fromkeys(each["blobId"] for each in _wanted(dict(given))))
    if len(names) > attachments.MOST:
        raise invalid_properties("links", why=f"at most {attachments.MOST} files")
    for name in names:
        real = call.resolve(name)
        try:
            if library is None or real is None:
                raise NotFound("no such blob")
            blob = await library.find(call.principal, call.account_id, real)
            if blob.size > attachments.LARGEST:
                raise invalid_properties("links", why=f"a file has at most {attachments.LARGEST} bytes")
            if blob.digest is None:
                content = await blob.read()
                digest = await call.context.store.blobs.put(content)
                blob = Blob(blob.id, len(content), blob.media_type, blob.stream, digest)
        except NotFound as error:
            raise SetError("blobNotFound", notFound=[name]) from error
        blobs[name] = blob
    return blobs


async def kept(call: Call, unit: Unit, said: Object, blobs: Blobs) -> Object:
    """The event with links to files that are kept: those that are kept already stay, others are made anew. Raises
    SetError."""
    base = call.context.public_url
    for each in _wanted(said):
        name = each.pop("blobId")
        href = each.get("href")
        own = attachments.named(href, base) if isinstance(href, str) else None
        if own is not None and name == attachments.LETTER + own:
            each["managedId"] = own
            continue
        blob = blobs.get(name)
        if blob is None or blob.digest is None:
            raise SetError("blobNotFound", notFound=[name])
        title, kind = each.get("title"), each.get("contentType")
        try:
            row = await attachments.add(
                unit,
                call.account_id,
                blob.digest,
                blob.size,
                title if isinstance(title, str) else "",
                kind if isinstance(kind, str) else blob.media_type,
            )
        except (TooLarge, OverQuota) as error:
            raise invalid_properties("links", why=error.sentence) from error
        each |= {"href": row.href(base), "managedId": ids.text(row.id), "title": row.name, "size": row.size}
        each |= {"rel": "enclosure"} | ({"contentType": row.media_type} if row.media_type else {})
    return said
