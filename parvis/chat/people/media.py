"""What was uploaded (Matrix v1.19 Client-Server §Content Repository): bytes in the blob store, under names that
cannot be guessed. Whoever has signed in and knows the name may fetch it, as Matrix has it; encrypted rooms have
encrypted bytes."""

import re
import secrets
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.chat.server import Server
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.serve.jmap.blobs import link, unlink
from parvis.serve.pictures.maker import made
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.errors import BadMatrix

KIND, THUMBNAIL, KIND_ABROAD = "ChatMedia", "ChatThumbnail", "ChatAbroadMedia"
"""Kinds of links to blobs."""
WAITING_MS = 86_400_000
"""How long a name waits for its bytes."""
_WAITING = 50
"""Names of one person that wait at once."""
_LARGEST_PICTURE = 50_000_000
SIDES = (96, 320, 800)
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"})


_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(\s*;[\x20-\x7e]{0,200})?")


def type_of(text: str) -> str:
    """A media type as somebody says it, where it is one."""
    return text if _TYPE.fullmatch(text) else "application/octet-stream"


def name_of(text: str) -> str:
    """A file's name as somebody says it, without what cannot be shown."""
    return "".join(filter(str.isprintable, text))[:200]


@dataclass(frozen=True, slots=True)
class Media:
    """One upload."""

    id: int
    media_id: str
    owner: int
    hash: str
    """Empty while its bytes are waited for."""
    size: int
    media_type: str
    name: str


async def reserve(store: Store, principal: Principal) -> tuple[str, int]:
    """Gives a name to what will be uploaded, and until when that may be, in ms. Raises BadMatrix with
    `M_LIMIT_EXCEEDED` when too many wait."""
    name, now = secrets.token_urlsafe(18), clock.now_ms()

    async def work(unit: Unit) -> None:
        await unit.tick(principal.id)  # no two count at once
        mine = "principal_id = ? AND hash = ''", principal.id
        await unit.run(f"DELETE FROM chat_media WHERE {mine[0]} AND created_ms < ?", mine[1], now - WAITING_MS)
        if int(await unit.value(f"SELECT COUNT(*) FROM chat_media WHERE {mine[0]}", mine[1]) or 0) >= _WAITING:
            raise BadMatrix(f"More than {_WAITING} uploads wait", errcode="M_LIMIT_EXCEEDED")
        await unit.run(
            """INSERT INTO chat_media (id, media_id, principal_id, hash, size, media_type, name, created_ms)
            VALUES (?, ?, ?, '', 0, '', '', ?)""",
            ids.new_id(),
            name,
            principal.id,
            now,
        )

    await store.write(work)
    return name, now + WAITING_MS


async def check_waiting(store: Store, principal: Principal, name: str) -> None:
    """Whether somebody may upload under a name now. Raises NotFound, BadMatrix."""
    found = await get(store, name)
    if found.owner != principal.id:
        raise BadMatrix("This name was given to somebody else", errcode="M_FORBIDDEN")
    if found.hash:
        raise BadMatrix("There is something under that name", errcode="M_CANNOT_OVERWRITE_MEDIA")


async def keep(
    store: Store, principal: Principal, digest: str, size: int, media_type: str, name: str, waiting: str = ""
) -> str:
    """Keeps a stored blob, under the name that waits for it or a new one; returns that. Raises BadMatrix when
    something came under that name meanwhile."""

    async def work(unit: Unit) -> str:
        if not waiting:
            return (await put(unit, principal.id, digest, size, media_type, name))[1]
        number = await unit.value(
            """UPDATE chat_media SET hash = ?, size = ?, media_type = ?, name = ? WHERE media_id = ?
            AND principal_id = ? AND hash = '' RETURNING id""",
            digest,
            size,
            media_type,
            name,
            waiting,
            principal.id,
        )
        if number is None:
            raise BadMatrix("There is something under that name", errcode="M_CANNOT_OVERWRITE_MEDIA")
        await link(unit, digest, principal.id, KIND, number, size, media_type)
        return waiting

    return await store.write(work)


async def put(unit: Unit, owner: int, digest: str, size: int, media_type: str, name: str) -> tuple[int, str]:
    """Keeps a stored blob of an account under a new name; returns its number and that name."""
    number, media_id = ids.new_id(), secrets.token_urlsafe(18)
    await unit.run(
        """INSERT INTO chat_media (id, media_id, principal_id, hash, size, media_type, name, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        media_id,
        owner,
        digest,
        size,
        media_type,
        name,
        clock.now_ms(),
    )
    await link(unit, digest, owner, KIND, number, size, media_type)
    return number, media_id


async def let_go(unit: Unit, owner: int, kind: str, number: int) -> None:
    """Lets go of the bytes of media that are kept no more, and of what was made of them."""
    await unit.run("DELETE FROM chat_thumbnail WHERE media = ?", number)
    await unlink(unit, owner, kind, number)
    await unlink(unit, owner, THUMBNAIL, number)


async def get(store: Store, media_id: str) -> Media:
    """What is under a name, also one that waits. Raises NotFound."""
    row = await store.db.row(
        "SELECT id, media_id, principal_id, hash, size, media_type, name FROM chat_media WHERE media_id = ?",
        media_id,
    )
    if row is None:
        raise NotFound("no such media")
    return Media(*row)


async def ready(server: Server, host: str, media_id: str) -> Media:
    """The same with its bytes there, for a download. That of another server
    is fetched where it was not before. Raises NotFound, BadMatrix with `M_NOT_YET_UPLOADED`."""
    if host != server.name:
        if server.federation is None or not server.federation.policy.enabled:
            raise NotFound("media of other servers is not fetched here")
        return await server.federation.media.get(host, media_id)
    found = await get(server.store, media_id)
    if not found.hash:
        raise BadMatrix("It is not uploaded yet", errcode="M_NOT_YET_UPLOADED")
    return found


async def thumbnail(server: Server, media: Media, width: int, height: int) -> tuple[str, int] | None:
    """A small picture (WebP) at least as large as asked, as far as there is one: its hash and size, made now when
    there is none yet; None for what there can be no picture of."""
    side = next((each for each in SIDES if each >= max(width, height)), SIDES[-1])
    row = await server.store.db.row(
        "SELECT hash, size FROM chat_thumbnail WHERE media = ? AND side = ?", media.id, side
    )
    if row is None:
        row = await _make(server, media, side)
    return (row[0], row[1]) if row[0] else None


async def _make(server: Server, media: Media, side: int) -> tuple[str, int]:
    store, content = server.store, b""
    if media.media_type.partition(";")[0] in _PICTURES and media.size <= _LARGEST_PICTURE:
        async with server.pictures:
            content = await made(store.blobs, media.hash, "image", side)
    digest = await store.blobs.put(content) if content else ""

    async def work(unit: Unit) -> None:
        await unit.run(
            """INSERT INTO chat_thumbnail (media, side, hash, size) VALUES (?, ?, ?, ?)
            ON CONFLICT (media, side) DO NOTHING""",
            media.id,
            side,
            digest,
            len(content),
        )
        if digest:
            await link(unit, digest, media.owner, THUMBNAIL, media.id, len(content), "image/webp")

    await store.write(work)
    return digest, len(content)
