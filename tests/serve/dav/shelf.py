"""A toy room with three trees, to test the engine without knowing any real one: a deep shelf of files, diaries
(calendars) and rolodexes (address books)."""

import contextlib
import hashlib
from functools import partial
from typing import ClassVar

import msgspec

from parvis.access import gate, parts
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.serve.dav import dead
from parvis.serve.dav.tree import (
    Content,
    Node,
    Nodes,
    Posted,
    Precondition,
    Put,
    SyncPage,
    Tree,
    columns,
    mounted,
    unmounted,
)
from parvis.serve.dav.walk import walk
from parvis.serve.feature import Context, Feature
from parvis.store.sql.contract import marks
from parvis.wire.dav.names import apple, caldav, carddav, dav

TABLE = """CREATE TABLE shelf (id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, part BIGINT NOT NULL,
    home {text} NOT NULL, parent {text} NOT NULL, name {text} NOT NULL, shape {text} NOT NULL,
    media_type {text} NOT NULL DEFAULT '', size BIGINT NOT NULL DEFAULT 0, hash {text} NOT NULL DEFAULT '',
    content {text} NOT NULL DEFAULT '', etag {text} NOT NULL DEFAULT '', at_ms BIGINT NOT NULL, modseq BIGINT NOT NULL,
    title {text} NOT NULL DEFAULT '', live {text} NOT NULL DEFAULT '{{}}', UNIQUE (account_id, home, parent, name));
CREATE INDEX shelf_by_part ON shelf (part, id)"""
FIELDS = (
    "id, account_id, part, parent, name, shape, media_type, size, hash, content, etag, at_ms, modseq, title, live"
)
MOST = 1_000_000


class _Row(msgspec.Struct, array_like=True):
    id: int
    account_id: int
    part: int
    parent: str
    name: str
    shape: str
    media_type: str
    size: int
    hash: str
    content: str
    etag: str
    at_ms: int
    modseq: int
    title: str
    live: str


def _row(values) -> _Row:
    return _Row(*values)


class Trunk(Tree):
    """What the three have together."""

    kind = ""
    """Of the scope and of what changes."""
    shape = ""

    def __init__(self, store, largest: int = 0) -> None:
        self.store = store
        self.largest = largest or self.largest

    def node(self, row: _Row, access, name: str | None = None, content: bool = False) -> Node:
        collection = row.shape != "resource"
        place = (*(row.parent.split("/") if row.parent else ()), row.name)
        return Node(
            id=row.id,
            shape=row.shape,
            name=name or row.name,
            access=access,
            place=place,
            title=row.title or None,
            etag=row.etag,
            schedule_tag=row.etag[:8] if self.shape == "calendar" else "",
            media_type=row.media_type,
            size=row.size,
            created_ms=row.at_ms,
            modified_ms=row.at_ms,
            state=row.modseq if collection else None,
            content=row.content.encode() if content else None,
            own=row,
        )

    async def row(self, db, account_id, parent, name):
        found = await db.row(
            f"SELECT {FIELDS} FROM shelf WHERE account_id = ? AND home = ? AND parent = ? AND name = ?",
            account_id,
            self.home,
            "/".join(parent),
            name,
        )
        return _row(found) if found else None

    async def insert(self, unit, account_id, part, parent, name, shape, **extra):
        number = extra.pop("number", None) or ids.new_id()
        modseq = await unit.changed(account_id, self.kind, number, "created", part=part or number)
        values = {
            "id": number,
            "account_id": account_id,
            "part": part or number,
            "home": self.home,
            "parent": "/".join(parent),
            "name": name,
            "shape": shape,
            "at_ms": clock.now_ms(),
            "modseq": modseq,
        } | extra
        await unit.run(f"INSERT INTO shelf ({', '.join(values)}) VALUES {marks(len(values))}", *values.values())
        return number

    async def properties(self, db, principal, members, names):
        return columns(names, [msgspec.json.decode(row.live) if row else {} for row in members.column("own")])

    async def patch(self, unit, principal, node, changes):
        self.need(node, Right.WRITE)
        row = node.own
        values = msgspec.json.decode(row.live)
        for name, value in changes.items():
            if value is not None and value.words() == "bad":
                raise Invalid("not this", field=name)
            if name == dav("displayname"):
                row.title = value.words() if value is not None else ""
            elif value is None:
                values.pop(name, None)
            else:
                values[name] = value.words()
        live = msgspec.json.encode(values).decode()
        await unit.run("UPDATE shelf SET live = ?, title = ? WHERE id = ?", live, row.title, node.id)

    def need(self, node, right) -> None:
        if right not in node.access.rights:
            raise Forbidden("not with these rights")


class Shelf(Trunk):
    """Files, as deep as they like, in one part."""

    home = "files"
    keeps = "blob"
    kind = "Shelf"
    lockable = True
    depth = "deep"
    largest = 50_000_000

    async def _access(self, db, principal, account_id):
        found = await parts.readable(db, principal, account_id, "shelf")
        return found[0] if found else None

    async def find(self, db, principal, account_id, segments):
        access = await self._access(db, principal, account_id)
        if access is None:
            return None
        if not segments:
            state = await db.value("SELECT MAX(modseq) FROM shelf WHERE part = ?", access.scope.id)
            return Node(id=access.scope.id, shape="folder", name="", access=access, place=(), state=state or 0)
        row = await self.row(db, account_id, segments[:-1], segments[-1])
        return self.node(row, access) if row else None

    async def children(self, db, principal, node, after, limit):
        rows = await db.rows(
            f"""SELECT {FIELDS} FROM shelf WHERE account_id = ? AND home = 'files' AND parent = ? AND name > ?
            ORDER BY name LIMIT ?""",
            node.account_id,
            "/".join(node.place),
            after,
            limit,
        )
        return [self.node(_row(row), node.access) for row in rows]

    async def read(self, principal, node, accept=""):
        stream = partial(self.store.blobs.stream, node.own.hash)
        return Content(size=node.size, media_type=node.media_type, stream=stream)

    async def quota(self, db, principal, account_id):
        used = await db.value("SELECT SUM(size) FROM shelf WHERE account_id = ? AND home = 'files'", account_id)
        return int(used or 0), MOST - int(used or 0)

    async def put(self, unit, principal, parent, name, old, upload, draft):
        self.need(parent, Right.WRITE)
        etag = ids.text(ids.new_id())
        values = {
            "media_type": upload.media_type or "application/octet-stream",
            "size": upload.size,
            "hash": upload.digest,
            "etag": etag,
        }
        if old is None:
            part = parent.access.scope.id
            await self.insert(unit, parent.account_id, part, parent.place, name, "resource", **values)
        else:
            modseq = await unit.changed(old.account_id, self.kind, old.id, "updated", part=old.own.part)
            sets = ", ".join(f"{each} = ?" for each in values)
            await unit.run(f"UPDATE shelf SET {sets}, modseq = ? WHERE id = ?", *values.values(), modseq, old.id)
        return Put(etag=etag)

    def makes(self, shape, properties):
        return shape == "folder"

    async def make(self, unit, principal, parent, name, shape, properties):
        self.need(parent, Right.WRITE)
        return await self.insert(unit, parent.account_id, parent.access.scope.id, parent.place, name, shape)

    async def _subtree(self, unit, node):
        place = "/".join(node.place)
        rows = await unit.rows(
            f"""SELECT {FIELDS} FROM shelf WHERE account_id = ? AND home = 'files'
            AND (id = ? OR parent = ? OR (parent >= ? AND parent < ?)) ORDER BY parent""",
            node.account_id,
            node.id,
            place,
            place + "/",
            place + "0",
        )
        return [_row(row) for row in rows]

    async def delete(self, unit, principal, node, *, reply=True):
        self.need(node, Right.DELETE)
        rows = await self._subtree(unit, node)
        for row in rows:
            await unit.changed(row.account_id, self.kind, row.id, "destroyed", part=row.part)
            name = "/".join(filter(None, (row.parent, row.name)))
            await unit.left(row.account_id, self.kind, row.id, row.part, name)
            await unit.run("DELETE FROM shelf WHERE id = ?", row.id)
        await dead.forget(unit, [row.id for row in rows])

    async def copy(self, unit, principal, node, parent, name, replaced, *, deep):
        self.need(parent, Right.WRITE)
        if replaced is not None:
            await self.delete(unit, principal, replaced)
        source, target = "/".join(node.place), "/".join((*parent.place, name))
        pairs = []
        for row in await self._subtree(unit, node):
            if row.id != node.id and not deep:
                continue
            below = target + row.parent[len(source) :] if row.id != node.id else "/".join(parent.place)
            number = await self.insert(
                unit,
                parent.account_id,
                parent.access.scope.id,
                (below,) if below else (),
                name if row.id == node.id else row.name,
                row.shape,
                media_type=row.media_type,
                size=row.size,
                hash=row.hash,
                etag=ids.text(ids.new_id()) if row.shape == "resource" else "",
                live=row.live,
                title=row.title,
            )
            pairs.append((row.id, number))
        await dead.copy(unit, parent.account_id, pairs)

    async def move(self, unit, principal, node, parent, name, replaced):
        self.need(parent, Right.WRITE)
        self.need(node, Right.DELETE)
        if replaced is not None:
            await self.delete(unit, principal, replaced)
        source, target = "/".join(node.place), "/".join((*parent.place, name))
        for row in await self._subtree(unit, node):
            old = "/".join(filter(None, (row.parent, row.name)))
            modseq = await unit.changed(row.account_id, self.kind, row.id, "updated", part=row.part)
            await unit.left(row.account_id, self.kind, row.id, row.part, old)
            below = target + row.parent[len(source) :] if row.id != node.id else "/".join(parent.place)
            await unit.run(
                "UPDATE shelf SET parent = ?, name = ?, modseq = ? WHERE id = ?",
                below,
                name if row.id == node.id else row.name,
                modseq,
                row.id,
            )

    async def sync(self, db, principal, node, state, limit, *, deep):
        if not deep or node.place:
            raise Precondition(dav("sync-traversal-supported"))
        found = await walk(db, node.account_id, self.kind, node.access.scope.id, state, limit)
        rows = await db.rows(f"SELECT {FIELDS} FROM shelf WHERE id IN {marks(len(found.present))}", *found.present)
        changed = [self.node(_row(row), node.access) for row in rows]
        departed = [tuple(name.split("/")) for name in found.departed]
        return SyncPage(changed=Nodes.pages(changed), departed=departed, state=found.state, more=found.more)


class Diaries(Trunk):
    """Calendars: collections that are parts, each shared by itself."""

    home = "calendars"
    kind = "Diary"
    scope = "diary"
    shape = "calendar"
    media_type = "text/calendar; charset=utf-8"
    largest = 100_000
    live: ClassVar = {apple("calendar-color"): True, caldav("calendar-description"): True, dav("displayname"): True}

    async def _home(self, db, principal, account_id):
        try:
            access = await parts.any_part(db, principal, account_id, self.scope)
        except NotFound:
            return None
        return Node(id=account_id, shape="home", name="", access=access, place=())

    async def find(self, db, principal, account_id, segments):
        if not segments:
            return await self._home(db, principal, account_id)
        name = segments[0]
        if account_id == principal.id and (mount := unmounted(name)) is not None:
            account_id, name = mount
        row = await self.row(db, account_id, (), name)
        if row is None:
            return None
        access = await self._sight(db, principal, row.id)
        if access is None:
            return None
        if len(segments) == 1:
            return await self._with_state(db, self.node(row, access, segments[0]))
        if len(segments) > 2 or (below := await self.row(db, account_id, (name,), segments[1])) is None:
            return None
        return self.node(below, access)

    async def _sight(self, db, principal, number):
        for right in (Right.READ, Right.FREE_BUSY):
            with contextlib.suppress(NotFound):
                return await parts.part(db, principal, number, self.scope, right)
        return None

    async def _with_state(self, db, node):
        state = await db.value("SELECT MAX(modseq) FROM part_state WHERE part = ?", node.id)
        return _replaced(node, state or 0)

    async def children(self, db, principal, node, after, limit):
        if node.place:
            return await self._members(db, node, after, limit)
        own = principal.id == node.account_id
        found = await parts.readable(db, principal, None if own else node.account_id, self.scope)
        by_id = {access.scope.id: access for access in found}
        rows = await db.rows(f"SELECT {FIELDS} FROM shelf WHERE id IN {marks(len(by_id))}", *by_id)
        nodes = []
        for row in map(_row, rows):
            name = row.name if row.account_id == node.account_id else mounted(row.account_id, row.name)
            nodes.append(await self._with_state(db, self.node(row, by_id[row.id], name)))
        return sorted((each for each in nodes if each.name > after), key=lambda each: each.name)[:limit]

    async def _members(self, db, node, after, limit):
        rows = await db.rows(
            f"""SELECT {FIELDS} FROM shelf WHERE account_id = ? AND home = ? AND parent = ? AND name > ?
            ORDER BY name LIMIT ?""",
            node.account_id,
            self.home,
            "/".join(node.place),
            after,
            limit,
        )
        return [self.node(_row(row), node.access) for row in rows]

    async def several(self, db, principal, node, names, *, content=False):
        rows = await db.rows(
            f"""SELECT {FIELDS} FROM shelf WHERE account_id = ? AND home = ? AND parent = ?
            AND name IN {marks(len(names))}""",
            node.account_id,
            self.home,
            "/".join(node.place),
            *names,
        )
        return [self.node(_row(row), node.access, content=content) for row in rows]

    async def read(self, principal, node, accept=""):
        content = node.own.content.encode()

        async def stream(start, end):
            yield content[start:end]

        return Content(size=len(content), media_type=node.media_type, stream=stream)

    async def draft(self, principal, parent, name, upload):
        if not upload.content.startswith((b"BEGIN:VCALENDAR", b"BEGIN:VCARD")):
            raise Precondition(caldav("valid-calendar-data"))

    async def put(self, unit, principal, parent, name, old, upload, draft):
        self.need(parent, Right.WRITE)
        text = upload.content.decode()
        etag = hashlib.sha256(upload.content).hexdigest()[:16]
        values = {"media_type": self.media_type, "size": upload.size, "content": text, "etag": etag}
        if old is None:
            await self.insert(unit, parent.account_id, parent.id, parent.place, name, "resource", **values)
        else:
            modseq = await unit.changed(old.account_id, self.kind, old.id, "updated", part=old.own.part)
            sets = ", ".join(f"{each} = ?" for each in values)
            await unit.run(f"UPDATE shelf SET {sets}, modseq = ? WHERE id = ?", *values.values(), modseq, old.id)
        return Put(etag=etag, schedule_tag=etag[:8] if self.shape == "calendar" else "")

    async def delete(self, unit, principal, node, *, reply=True):
        self.need(node, Right.DELETE)
        if len(node.place) == 1:
            if not node.access.owner:
                raise Forbidden("not yours")
            await unit.run("DELETE FROM shelf WHERE part = ?", node.id)
            await unit.changed(node.account_id, self.kind, node.id, "destroyed", part=node.id)
            await gate.remove_scope(unit, node.id)
            return
        await unit.changed(node.account_id, self.kind, node.id, "destroyed", part=node.own.part)
        await unit.left(node.account_id, self.kind, node.id, node.own.part, node.name)
        await unit.run("DELETE FROM shelf WHERE id = ?", node.id)
        await dead.forget(unit, [node.id])

    def makes(self, shape, properties):
        return shape == self.shape

    async def make(self, unit, principal, parent, name, shape, properties):
        if principal.id != parent.account_id:
            raise Forbidden("not yours")
        number = await gate.create_scope(unit, parent.account_id, self.scope, name)
        await self.insert(unit, parent.account_id, number, (), name, shape, number=number)
        if properties:
            node = await self.find(unit, principal, parent.account_id, (name,))
            await self.patch(unit, principal, node, properties)
        return number

    async def copy(self, unit, principal, node, parent, name, replaced, *, deep):
        self.need(parent, Right.WRITE)
        if len(node.place) != 2 or len(parent.place) != 1:
            raise Forbidden("only events")
        if replaced is not None:
            await self.delete(unit, principal, replaced)
        row = node.own
        await self.insert(
            unit,
            parent.account_id,
            parent.id,
            parent.place,
            name,
            "resource",
            media_type=row.media_type,
            size=row.size,
            content=row.content,
            etag=row.etag,
        )

    async def move(self, unit, principal, node, parent, name, replaced):
        await self.copy(unit, principal, node, parent, name, replaced, deep=True)
        await self.delete(unit, principal, node)

    async def sync(self, db, principal, node, state, limit, *, deep):
        found = await walk(db, node.account_id, self.kind, node.id, state, limit)
        rows = await db.rows(f"SELECT {FIELDS} FROM shelf WHERE id IN {marks(len(found.present))}", *found.present)
        changed = [self.node(row, node.access) for row in map(_row, rows) if row.shape == "resource"]
        departed = [(name,) for name in found.departed]
        return SyncPage(changed=Nodes.pages(changed), departed=departed, state=found.state, more=found.more)

    async def candidates(self, db, principal, node, search, after, limit):
        rows = await db.rows(
            f"""SELECT {FIELDS} FROM shelf WHERE part = ? AND id > ? AND shape = 'resource'
            ORDER BY id LIMIT ?""",
            node.id,
            after,
            limit,
        )
        return [self.node(_row(row), node.access, content=True) for row in rows]

    async def principal(self, db, principal, of):
        return {caldav("schedule-inbox-URL"): "none"} if self.shape == "calendar" else {}

    async def post(self, principal, node, headers, query, upload):
        if query.get("action") == "echo":
            return Posted(status=200, body=upload.content, media_type="text/plain")
        return None


def _replaced(node, state):
    from msgspec.structs import replace

    return replace(node, state=int(state))


class Rolodexes(Diaries):
    """Address books."""

    home = "addressbooks"
    kind = "Rolodex"
    scope = "rolodex"
    shape = "addressbook"
    media_type = "text/vcard; charset=utf-8"
    live: ClassVar = {carddav("addressbook-description"): True, dav("displayname"): True}


def feature(context: Context) -> Feature:
    trees = (Shelf(context.store), Diaries(context.store), Rolodexes(context.store))
    return Feature(name="shelf", trees=trees)
