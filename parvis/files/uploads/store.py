"""Uploads under way, in SQL: how far each has come, and of which pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound, RateLimited
from parvis.serve.jmap.blobs import link, unlink
from parvis.store.blobs.contract import Piece
from parvis.store.sql.contract import Row, marks
from parvis.store.store import Store
from parvis.store.unit import Unit

LINK = "FileUpload"
MOST = 1000
"""Uploads of one person that are under way."""
MOST_CHUNKS = 10_000
"""Of one transfer."""
_COLUMNS = "id, account_id, principal_id, target, length, reached, partial, expires_ms, done_hash, done_node"
_PAGE = 500


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where an upload goes: into a folder (0: the top; None: it becomes a blob) or to a file that is there."""

    name: str = ""
    media_type: str = "application/octet-stream"
    folder: int | None = None
    path: tuple[str, ...] = ()
    """Folders below, made where they are missing."""
    node: int = 0
    on_exists: str = ""
    modified_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload; `length` None is not known yet. `partial` ones are only parts of another."""

    id: int
    account_id: int
    principal_id: int
    target: Target
    length: int | None
    reached: int
    partial: bool
    expires_ms: int
    done_hash: str
    done_node: int

    @property
    def complete(self) -> bool:
        """Whether all of it has come."""
        return self.length is not None and self.reached == self.length


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece that has come."""

    start: int
    piece: Piece
    open: bool


async def begin(
    unit: Unit,
    account_id: int,
    principal_id: int,
    target: Target,
    length: int | None,
    partial: bool,
    end_ms: int,
    transfer: str = "",
    chunk: str = "",
) -> int:
    """Begins an upload and returns its id; it may be a transfer by name, or a chunk of one. Raises RateLimited when
    too many are under way."""
    count = await unit.value(
        "SELECT COUNT(*) FROM file_upload WHERE principal_id = ? AND transfer = ? AND chunk <> ''"
        if chunk
        else "SELECT COUNT(*) FROM file_upload WHERE principal_id = ? AND chunk = ?",
        principal_id,
        transfer if chunk else "",
    )
    if count >= (MOST_CHUNKS if chunk else MOST):
        raise RateLimited(f"at most {MOST} uploads at once", retry_after=3600)
    number = ids.new_id()
    await unit.run(
        """INSERT INTO file_upload
        (id, account_id, principal_id, target, length, partial, expires_ms, transfer, chunk)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        account_id,
        principal_id,
        msgspec.json.encode(target).decode(),
        length,
        int(partial),
        end_ms,
        transfer,
        chunk,
    )
    return number


async def find(db: Any, principal_id: int, upload_id: int | None) -> Upload:
    """An upload of a principal. Raises NotFound, also when its time is over."""
    row = await db.row(
        f"SELECT {_COLUMNS} FROM file_upload WHERE id = ? AND principal_id = ? AND expires_ms > ?",
        upload_id or 0,
        principal_id,
        clock.now_ms(),
    )
    if row is None:
        raise NotFound("no such upload")
    return _upload(row)


def _upload(row: Row) -> Upload:
    target = msgspec.json.decode(row[3], type=Target)
    return Upload(row[0], row[1], row[2], target, row[4], row[5], bool(row[6]), *row[7:])


async def transfer(db: Any, principal_id: int, name: str) -> int | None:
    """The id of a transfer of a principal, by its name."""
    found = await db.value(
        "SELECT id FROM file_upload WHERE principal_id = ? AND transfer = ? AND chunk = '' AND expires_ms > ?",
        principal_id,
        name,
        clock.now_ms(),
    )
    return int(found) if found else None


async def chunks(db: Any, principal_id: int, name: str) -> list[tuple[str, Upload]]:
    """The chunks of a transfer that have come whole, with their names, in the order of these: numbers by value."""
    rows = await db.rows(
        f"""SELECT {_COLUMNS}, chunk FROM file_upload WHERE principal_id = ? AND transfer = ? AND chunk <> ''
        AND length = reached AND expires_ms > ?""",
        principal_id,
        name,
        clock.now_ms(),
    )
    return sorted(((row[-1], _upload(row[:-1])) for row in rows), key=lambda one: _number(one[0]))


async def held(db: Any, principal_id: int, name: str, but: str) -> tuple[int, int]:
    """How many bytes the chunks of a transfer hold, and those of all transfers of somebody, but for one chunk of
    this one: what is sent again takes its place."""
    row = await db.row(
        """SELECT COALESCE(SUM(CASE WHEN transfer = ? THEN reached ELSE 0 END), 0), COALESCE(SUM(reached), 0)
        FROM file_upload WHERE principal_id = ? AND transfer <> '' AND NOT (transfer = ? AND chunk = ?)""",
        name,
        principal_id,
        name,
        but,
    )
    return int(row[0]), int(row[1])


def _number(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() and len(name) < 20 else (10**20, name)


async def pieces_of(db: Any, uploads: Sequence[Upload]) -> list[Piece]:
    """What has come by several uploads, one after the other."""
    found: dict[int, list[Piece]] = {}
    for start in range(0, len(uploads), _PAGE):
        page = [upload.id for upload in uploads[start : start + _PAGE]]
        for number, digest, size in await db.rows(
            f"""SELECT upload_id, hash, size FROM file_upload_piece WHERE upload_id IN {marks(len(page))}
            ORDER BY upload_id, start""",
            *page,
        ):
            found.setdefault(number, []).append(Piece(digest, size))
    return [piece for upload in uploads for piece in found.get(upload.id, ())]


async def drop_chunks(unit: Unit, principal_id: int, name: str, chunk: str = "") -> int:
    """Ends a chunk of a transfer, or the transfer with all of them. Returns how many uploads that were."""
    rows = await unit.rows(
        """SELECT id, account_id FROM file_upload
        WHERE principal_id = ? AND transfer = ? AND chunk >= ? AND chunk <= ?""",
        principal_id,
        name,
        chunk,
        chunk or "\U0010ffff",
    )
    for number, account_id in rows:
        await drop(unit, account_id, number)
    return len(rows)


async def pieces(db: Any, upload_id: int) -> list[Kept]:
    """What has come, in order."""
    rows = await db.rows(
        "SELECT start, hash, size, open FROM file_upload_piece WHERE upload_id = ? ORDER BY start", upload_id
    )
    return [Kept(row[0], Piece(row[1], row[2]), bool(row[3])) for row in rows]


async def add(unit: Unit, upload: Upload, before: int, fresh: Sequence[Kept], end_ms: int) -> int:
    """Adds pieces; an open one that they begin at is replaced. Returns how far the upload has come. Raises Conflict
    when somebody else has moved it from `before`."""
    reached = fresh[-1].start + fresh[-1].piece.size if fresh else before
    moved = await unit.run(
        "UPDATE file_upload SET reached = ?, expires_ms = ? WHERE id = ? AND reached = ? AND done_hash = ''",
        reached,
        end_ms,
        upload.id,
        before,
    )
    if not moved:
        raise Conflict("the upload has come to another place", reached=before)
    for kept in fresh:
        await unit.run(
            """INSERT INTO file_upload_piece (upload_id, start, hash, size, open) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (upload_id, start) DO UPDATE SET hash = excluded.hash, size = excluded.size,
            open = excluded.open""",
            upload.id,
            kept.start,
            kept.piece.hash,
            kept.piece.size,
            int(kept.open),
        )
        end = end_ms + _SPARE_MS
        await link(unit, kept.piece.hash, upload.account_id, LINK, upload.id, kept.piece.size, expires_ms=end)
    return reached


_SPARE_MS = 86_400_000


async def prolong(unit: Unit, upload: Upload, end_ms: int) -> None:
    """Keeps what has come as long as the upload lives."""
    await unit.run(
        "UPDATE blob_link SET expires_ms = ? WHERE account_id = ? AND kind = ? AND object_id = ?",
        end_ms + _SPARE_MS,
        upload.account_id,
        LINK,
        upload.id,
    )


async def measure(unit: Unit, upload: Upload, length: int) -> None:
    """Says how long an upload will be, when that was not known."""
    await unit.run("UPDATE file_upload SET length = ? WHERE id = ? AND length IS NULL", length, upload.id)


async def finish(unit: Unit, upload: Upload, digest: str, node_id: int) -> None:
    """Notes what an upload has become; its pieces belong to that now."""
    await unit.run("UPDATE file_upload SET done_hash = ?, done_node = ? WHERE id = ?", digest, node_id, upload.id)
    await unit.run("DELETE FROM file_upload_piece WHERE upload_id = ?", upload.id)
    await unlink(unit, upload.account_id, LINK, upload.id)


async def drop(unit: Unit, account_id: int, upload_id: int) -> None:
    """Ends an upload; its bytes are swept."""
    await unit.run("DELETE FROM file_upload_piece WHERE upload_id = ?", upload_id)
    await unit.run("DELETE FROM file_upload WHERE id = ?", upload_id)
    await unlink(unit, account_id, LINK, upload_id)


async def forget(store: Store) -> int:
    """Ends the uploads whose time is over; part of the daily tidying. Returns how many."""
    gone = 0
    while rows := await store.db.rows(
        "SELECT id, account_id FROM file_upload WHERE expires_ms <= ? LIMIT 100", clock.now_ms()
    ):

        async def work(unit: Unit, page: Sequence[Row] = tuple(rows)) -> None:
            for number, account_id in page:
                await drop(unit, account_id, number)

        await store.write(work)
        gone += len(rows)
    return gone
