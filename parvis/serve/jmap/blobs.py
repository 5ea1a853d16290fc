"""Blob ids and who may read them. RFC 8620 §6

A stored blob's id is `b` and its hash. A feature may have virtual blobs (a MIME part with its transfer encoding
undone): it takes a letter, makes ids of that letter and [A-Za-z0-9_-], and brings a Resolver for them.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from parvis.access import gate, parts
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.blobs.contract import Blobs
from parvis.store.blobs.extents import Extent
from parvis.store.sql.contract import Database, marks
from parvis.store.store import Store
from parvis.store.unit import Unit

UPLOAD = "upload"
UPLOAD_MS = 24 * 3_600_000
"""How long an upload that nothing refers to is kept; at least an hour. RFC 8620 §6"""
_STORED = re.compile(r"b([0-9a-f]{64})")


def blob_id(digest: str) -> str:
    """The id of a stored blob."""
    return "b" + digest


def digest_of(given: str) -> str | None:
    """The hash that a stored blob's id names, or None when it is another kind of id."""
    match = _STORED.fullmatch(given)
    return match[1] if match else None


async def part_of(db: Database, principal: Principal, account_id: int, given: str, kind: str) -> gate.Access | None:
    """The part of an account that a virtual blob's id names behind its letter; None when it is none, or none that
    this principal may read."""
    number = ids.parse(given[1:])
    found = await parts.several(db, principal, kind, [number]) if number is not None else {}
    return next((access for access in found.values() if access.scope.account_id == account_id), None)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that the asker may read. `stream(start, end)` gives them in chunks, end exclusive, None for all."""

    id: str
    size: int
    media_type: str
    stream: Callable[[int, int | None], AsyncIterator[bytes]]
    digest: str | None = None
    """The hash under which exactly these bytes are stored; None for a virtual blob."""

    extents: Callable[[int, int | None], AsyncIterator[bytes | Extent]] | None = None
    """The same as `stream`, with what lies in a file left there; None when nothing does."""

    def sent(self, start: int, end: int) -> AsyncIterator[bytes | Extent]:
        """The bytes as they are best given to a network."""
        return self.extents(start, end) if self.extents else self.stream(start, end)

    async def read(self) -> bytes:
        """All bytes at once."""
        return b"".join([chunk async for chunk in self.stream(0, None)])


class Resolver(Protocol):
    """Reads a feature's virtual blobs."""

    async def __call__(self, library: "Library", principal: Principal, account_id: int, given: str) -> Blob | None:
        """The blob of this id, or None when it is not there or not for this principal. `library.find` of the
        stored blob it comes from checks the rights."""
        ...


class Library:
    """All blobs, with the rights to them."""

    def __init__(
        self,
        store: Store,
        resolvers: Mapping[str, Resolver],
        scopes: Mapping[str, str],
        parted: frozenset[str] = frozenset(),
    ) -> None:
        """`resolvers` by first letter of an id; `scopes` gives for each blob_link kind the scope that opens it;
        `parted` are those scopes of which an account has many: there each object's part opens its blobs."""
        self._store, self._resolvers, self._scopes, self._parted = store, resolvers, scopes, parted

    @property
    def blobs(self) -> Blobs:
        """The blob store."""
        return self._store.blobs

    async def find(self, principal: Principal, account_id: int, given: str) -> Blob:
        """The blob of this id in this account. Raises NotFound, also when it is not for this principal."""
        digest = digest_of(given)
        if digest is not None:
            return await self._stored(principal, account_id, digest)
        resolver = self._resolvers.get(given[:1])
        blob = await resolver(self, principal, account_id, given) if resolver else None
        if blob is None:
            raise NotFound("no such blob", blob=given)
        return blob

    async def _stored(self, principal: Principal, account_id: int, digest: str) -> Blob:
        rows = await self._store.db.rows(
            """SELECT kind, object_id, size, media_type FROM blob_link WHERE hash = ? AND account_id = ?
            AND (expires_ms IS NULL OR expires_ms > ?)""",
            digest,
            account_id,
            clock.now_ms(),
        )
        allowed: dict[str, bool] = {}
        for kind, object_id, size, media_type in rows:
            if kind == UPLOAD:
                if (
                    object_id != principal.id
                ):  # uploads are the uploader's alone, in shared accounts too. RFC 8620 §6.1
                    continue
            elif not await self.opened(principal, account_id, kind, [object_id], allowed):
                continue
            stream, extents = partial(self.blobs.stream, digest), partial(self.blobs.extents, digest)
            return Blob(blob_id(digest), size, media_type, stream, digest, extents)
        raise NotFound("no such blob", blob=blob_id(digest))

    async def opens(self, principal: Principal, account_id: int, kind: str, known: dict[str, bool]) -> bool:
        """Whether somebody may read an account's objects of a kind (some of them, of a kind in parts); `known`
        keeps what was found for the next question."""
        scope = self._scopes.get(kind)
        if scope is None:
            return False
        if not scope:
            return principal.id == account_id
        if scope not in known:
            try:
                proof = parts.any_part if scope in self._parted else gate.require
                await proof(self._store.db, principal, account_id, scope)
                known[scope] = True
            except (NotFound, Forbidden):
                known[scope] = False
        return known[scope]

    async def opened(
        self, principal: Principal, account_id: int, kind: str, numbers: Sequence[int], known: dict[str, bool]
    ) -> set[int]:
        """Those of an account's objects of a kind that somebody may read, and with them their blobs. An object of a
        kind in parts that is not in the change log is its owner's alone."""
        if not numbers or not await self.opens(principal, account_id, kind, known):
            return set()
        if self._scopes[kind] not in self._parted or principal.id == account_id:
            return set(numbers)
        rows = await self._store.db.rows(
            f"""SELECT object_id FROM change WHERE account_id = ? AND kind = ?
            AND object_id IN {marks(len(numbers))} AND destroyed = 0 AND part IN {gate.VISIBLE}""",
            account_id,
            kind,
            *numbers,
            *gate.visible(principal),
        )
        return {number for (number,) in rows}


async def link(
    unit: Unit,
    digest: str,
    account_id: int,
    kind: str,
    object_id: int,
    size: int,
    media_type: str = "",
    expires_ms: int | None = None,
) -> None:
    """Says that an object refers to a blob: it is kept, and whoever may read the object may download it."""
    await unit.run(
        """INSERT INTO blob_link (hash, account_id, kind, object_id, size, media_type, expires_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash, account_id, kind, object_id) DO UPDATE SET
        expires_ms = excluded.expires_ms, media_type = excluded.media_type""",
        digest,
        account_id,
        kind,
        object_id,
        size,
        media_type,
        expires_ms,
    )


async def unlink(unit: Unit, account_id: int, kind: str, object_id: int) -> None:
    """Says that an object is gone: its blobs are no longer to be read through it, and swept when nothing else
    refers to them."""
    await unit.run(
        "DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?", account_id, kind, object_id
    )
