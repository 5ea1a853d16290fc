"""Files by WebDAV: the tree of each account below /dav/files/<account>/, and in one's own also what others share,
each under a name that people can read. What is deleted or overwritten goes into the trash, or becomes a version.
RFC 4918, RFC 4331, RFC 6578"""

import hashlib
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace

from parvis.access import parts
from parvis.access.gate import VISIBLE, Access, visible
from parvis.access.principal import Principal, Right
from parvis.files import across, deep, listing, person, service, store, trash
from parvis.files.model import SCOPE
from parvis.files.model import Content as Held
from parvis.files.model import Node as File
from parvis.files.service import Place
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, Invalid
from parvis.serve.dav.conditions import http_date
from parvis.serve.dav.live import http_date as written
from parvis.serve.dav.tree import (
    Columns,
    Content,
    Members,
    Node,
    Nodes,
    Put,
    Reader,
    Shape,
    SyncPage,
    Tree,
    Upload,
)
from parvis.store.blobs import small
from parvis.store.sql.contract import Database, Row, marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import dav

_OWNCLOUD = "{http://owncloud.org/ns}"
_FAVOURITE = f"{_OWNCLOUD}favorite"
_WIN32_MODIFIED = "{urn:schemas-microsoft-com:}Win32LastModifiedTime"
"""How Windows says when a file that it has copied here was last changed. [MS-WDV]"""
_ETAG = dav("getetag")
_ANYTHING = "application/octet-stream"
_MOST_MOUNTS = 5000


@dataclass(frozen=True, slots=True)
class _Mount:
    """What somebody else shares, as it is called in one's own home; `file` None is the whole tree of a space."""

    name: str
    account_id: int
    scope_id: int
    file: File | None


class Files(Tree):
    """The tree of files."""

    home = "files"
    keeps = "blob"
    lockable = True
    depth = "deep"
    live: ClassVar[Mapping[str, bool]] = {
        _ETAG: False,
        f"{_OWNCLOUD}id": False,
        f"{_OWNCLOUD}fileid": False,
        f"{_OWNCLOUD}size": False,
        f"{_OWNCLOUD}permissions": False,
        f"{_OWNCLOUD}checksums": False,
        _FAVOURITE: True,
        _WIN32_MODIFIED: True,
    }

    def __init__(self, kept: Store, largest: int, guard: Callable[[File], Awaitable[str]]) -> None:
        """`guard` says why a file is not handed out."""
        self._store, self._guard = kept, guard
        self.largest = largest

    # Looking

    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """See Tree.find."""
        if not segments:
            room = await store.room(db, account_id)
            return await self._top(db, principal, account_id, room[0]) if room else None
        if (found := await store.along(db, principal, account_id, segments)) is not None:
            file, access = found
            return _node(file, access, segments, segments[-1])
        if account_id != principal.id:
            return None
        first = await store.child(db, account_id, 0, segments[0])
        return await self._mounted(db, principal, segments) if first is None or first.role == "trash" else None

    async def _top(self, db: Reader, principal: Principal, account_id: int, scope_id: int) -> Node | None:
        access = (await parts.several(db, principal, SCOPE, [scope_id])).get(scope_id)
        if access is None:
            return None
        state = (await store.newest(db, principal, [account_id])).get(account_id, 0)
        return Node(id=scope_id, shape="folder", name="", access=access, place=(), state=state)

    async def _mounted(self, db: Reader, principal: Principal, segments: tuple[str, ...]) -> Node | None:
        mount = next((one for one in await _mounts(db, principal) if one.name == segments[0]), None)
        if mount is None:
            return None
        above = tuple(file.name for file in reversed(await store.above(db, mount.file.id))) if mount.file else ()
        found = await self.find(db, principal, mount.account_id, (*above, *segments[1:]))
        return replace(found, name=segments[-1]) if found else None

    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """See Tree.children."""
        rows = await db.rows(
            f"""SELECT {store.COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ? AND n.name > ?
            AND n.scope_id IN {VISIBLE} AND n.role <> 'trash' ORDER BY n.name LIMIT ?""",
            node.account_id,
            node.own.id if node.own else 0,
            after,
            *visible(principal),
            limit,
        )
        found = await self._all(db, principal, node, [store.node_of(row) for row in rows])
        if node.own is None and node.account_id == principal.id:
            return await self._with_mounts(db, principal, found, after, limit)
        return found

    async def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """See Tree.listed."""
        if node.own is None and node.account_id == principal.id:
            yield Nodes(await self._with_mounts(db, principal, [], "", _MOST_MOUNTS))
        async for rows in listing.listed(db, principal, node, fields, page):
            yield rows

    async def _all(self, db: Reader, principal: Principal, node: Node, files: Sequence[File]) -> list[Node]:
        rights = {node.access.scope.id: node.access}
        if others := sorted({file.scope_id for file in files} - rights.keys()):
            rights |= await parts.several(db, principal, SCOPE, others)
        return [_node(file, rights[file.scope_id], (*node.place, file.name), file.name) for file in files]

    async def _with_mounts(
        self, db: Reader, principal: Principal, found: list[Node], after: str, limit: int
    ) -> list[Node]:
        mounts = [one for one in await _mounts(db, principal) if one.name > after]
        rights = await parts.several(db, principal, SCOPE, [one.scope_id for one in mounts]) if mounts else {}
        for mount in mounts:
            access = rights[mount.scope_id]
            if mount.file is None:
                found.append(Node(id=mount.scope_id, shape="folder", name=mount.name, access=access, place=()))
            else:
                above = [file.name for file in reversed(await store.above(db, mount.file.id))]
                found.append(_node(mount.file, access, tuple(above), mount.name))
        return sorted(found, key=lambda one: one.name)[:limit]

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """See Tree.several."""
        rows = await db.rows(
            f"""SELECT {store.COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ?
            AND n.name IN {marks(len(names))} AND n.scope_id IN {VISIBLE} AND n.role <> 'trash'""",
            node.account_id,
            node.own.id if node.own else 0,
            *names,
            *visible(principal),
        )
        return await self._all(db, principal, node, [store.node_of(row) for row in rows])

    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """See Tree.read. Raises Forbidden for what ClamAV has found."""
        if await self._guard(node.own):
            raise Forbidden("this file holds a virus")
        if node.size <= small.LARGEST:
            return Content.of(await self._store.blobs.get(node.own.hash), node.media_type)
        stream = partial(self._store.blobs.extents, node.own.hash)
        return Content(size=node.size, media_type=node.media_type, stream=stream)

    async def quota(self, db: Reader, principal: Principal, account_id: int) -> tuple[int, int] | None:
        """RFC 4331"""
        room = await store.room(db, account_id)
        return (room[2], max(0, room[3] - room[2])) if room and room[3] else None

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """What clients of ownCloud and Nextcloud ask for, and the entity tags of whole trees."""
        found: dict[str, Sequence[Value | None]] = {}
        if _ETAG in names and isinstance(members, Nodes):
            tops = [node for node in members.nodes if node.own is None]
            tags = await self._tags(db, principal, tops) if tops else {}
            found[_ETAG] = [tags.get(number) for number in members.column("id")]
        if _FAVOURITE in names:
            own = await person.of(db, principal, members.column("id"))
            found[_FAVOURITE] = [
                "1" if number in own and own[number].favourite else "0" for number in members.column("id")
            ]
        return found | {name: write(principal, members) for name, write in _EXTRA.items() if name in names}

    async def _tags(self, db: Reader, principal: Principal, tops: Sequence[Node]) -> Mapping[int, str]:
        """Entity tags of whole trees: the newest change in each; in one's own, also in what others share there."""
        mounts = await _mounts(db, principal) if any(top.account_id == principal.id for top in tops) else []
        whole = {mount.account_id for mount in mounts if mount.file is None}
        newest = await store.newest(db, principal, sorted({top.account_id for top in tops} | whole))
        shared = "".join(
            f"{mount.name}\n{mount.file.etag if mount.file else newest.get(mount.account_id, 0)}\n"
            for mount in mounts
        )
        mark = f"-{hashlib.sha256(shared.encode()).hexdigest()[:16]}" if shared else ""
        tags = {}
        for top in tops:
            more = mark if top.account_id == principal.id else ""
            tags[top.id] = f'"{top.id:x}-{newest.get(top.account_id, 0)}{more}"'
        return tags

    # Changing

    def makes(self, shape: Shape, properties: Mapping[str, Element]) -> bool:
        """Plain collections only."""
        return shape == "folder"

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """See Tree.make."""
        return (await service.add(unit, principal, _place(parent), name, None)).id

    async def put(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        old: Node | None,
        upload: Upload,
        draft: Any,
    ) -> Put:
        """See Tree.put."""
        _as_sent(upload)
        media_type = upload.media_type.partition(";")[0].strip() or mimetypes.guess_type(name)[0] or _ANYTHING
        content = Held(upload.digest, upload.size, media_type)
        if old is not None:
            written = await service.write(unit, principal, old.own, content, upload.modified_ms)
            return Put(etag=written.etag.strip('"'), id=written.id)
        values = {} if upload.modified_ms is None else {"modified_ms": upload.modified_ms}
        made = await service.add(unit, principal, _place(parent), name, content, values=values)
        return Put(etag=made.etag.strip('"'), id=made.id)

    def headers(self, number: int) -> Sequence[tuple[str, str]]:
        """The id, as clients of ownCloud and Nextcloud remember it."""
        return [("oc-fileid", ids.text(number))]

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """Into the trash; an empty file, as a lock leaves it, is destroyed."""
        if node.own is None:
            raise Forbidden("the top of an account stays")
        if not node.own.folder and not node.size:
            await service.destroy(unit, principal, node.account_id, node.id)
        else:
            await trash.put(unit, principal, node.own)

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """Favourites, which are one's own, and the time that Windows gives. Raises Invalid, Forbidden."""
        if node.own is None:
            raise Forbidden("the top of an account has none of these")
        if _FAVOURITE in changes:
            value = changes[_FAVOURITE]
            await person.note(unit, principal, node.own, {"favourite": value is not None and value.words() == "1"})
        if (given := changes.get(_WIN32_MODIFIED)) is not None:
            moment = http_date(given.words())
            if moment is None:
                raise Invalid("this is no time", field=_WIN32_MODIFIED)
            await service.change(unit, principal, node.own, {"modified_ms": moment})

    async def copy(
        self,
        unit: Unit,
        principal: Principal,
        node: Node,
        parent: Node,
        name: str,
        replaced: Node | None,
        *,
        deep: bool,
    ) -> None:
        """See Tree.copy."""
        if node.own is None:
            raise Forbidden("a whole account is not copied")
        if replaced is not None:
            await self.delete(unit, principal, replaced)
        await service.copy(unit, principal, node.own, _place(parent), name, deep=deep)

    async def move(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, name: str, replaced: Node | None
    ) -> None:
        """The node stays what it is, in another account too."""
        if node.own is None:
            raise Forbidden("the top of an account stays")
        if replaced is not None:
            await self.delete(unit, principal, replaced)
        if node.account_id == parent.account_id:
            await service.move(unit, principal, node.own, _place(parent), name)
        else:
            await across.move(unit, principal, node.own, _place(parent), name)

    async def sync(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """The members of one folder, by modseq. RFC 6578 §3.3"""
        folder = node.own.id if node.own else 0
        rows = await db.rows(
            f"""SELECT {store.COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ? AND n.modseq > ?
            AND n.scope_id IN {VISIBLE} AND n.role <> 'trash' ORDER BY n.modseq LIMIT ?""",
            node.account_id,
            folder,
            state,
            *visible(principal),
            limit + 1,
        )
        gone = await db.rows(
            """SELECT name, modseq FROM file_departed WHERE account_id = ? AND parent_id = ? AND modseq > ?
            ORDER BY modseq LIMIT ?""",
            node.account_id,
            folder or -node.account_id,
            state,
            limit + 1,
        )
        steps = [*(_Step(store.node_of(row)) for row in rows), *map(_gone, gone)]
        merged = sorted(steps, key=lambda one: one.modseq)
        page = merged[:limit]
        more = len(merged) > limit
        files = [step.file for step in page if step.file is not None]
        return SyncPage(
            changed=Nodes.pages(await self._all(db, principal, node, files)),
            departed=[(step.name,) for step in page if step.file is None],
            state=page[-1].modseq if more else max(node.state or 0, state),
            more=more,
        )

    async def sync_below(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, place: str
    ) -> SyncPage:
        """See Tree.sync_below. What others share in one's own home is synchronised for itself. RFC 6578 §3.3"""
        folder = node.own.id if node.own else 0
        page = await deep.below(db, principal, node.account_id, folder, node.state or 0, state, place, limit)
        scopes = sorted({file.scope_id for file, _ in page.changed})
        rights = await parts.several(db, principal, SCOPE, scopes) if scopes else {}
        mounted = node.own is None and node.account_id == principal.id and not place
        return SyncPage(
            changed=Nodes.pages(
                [_node(file, rights[file.scope_id], (*node.place, *path), file.name) for file, path in page.changed]
            ),
            departed=page.departed,
            state=page.state,
            more=bool(page.place),
            place=page.place,
            closed=await self._with_mounts(db, principal, [], "", _MOST_MOUNTS) if mounted else (),
        )


class _Step:
    """One line of a sync: a file that is there, or a name that no longer is."""

    __slots__ = ("file", "modseq", "name")

    def __init__(self, file: File | None, name: str = "", modseq: int = 0) -> None:
        self.file, self.name, self.modseq = file, name, file.modseq if file else modseq


def _gone(row: Row) -> _Step:
    return _Step(None, row[0], row[1])


def _node(file: File, access: Access, place: tuple[str, ...], name: str) -> Node:
    return Node(
        id=file.id,
        shape="folder" if file.folder else "resource",
        name=name,
        access=access,
        place=place,
        etag=file.etag[1:-1],
        media_type=file.media_type,
        size=file.size,
        created_ms=file.created_ms,
        modified_ms=file.modified_ms,
        state=file.tree_modseq if file.folder else None,
        own=file,
    )


def _as_sent(upload: Upload) -> None:
    """Raises Invalid when what has come is not what the client has sent."""
    kind, _, value = upload.checksum.partition(":")
    if kind.upper() == "SHA256" and value.lower() != upload.digest:
        raise Invalid("the bytes are others than their checksum is of", field="OC-Checksum")


def _place(node: Node) -> Place:
    """A folder to put something into. Raises Forbidden."""
    if Right.WRITE not in node.access.rights:
        raise Forbidden("you may only read here")
    return Place(node.account_id, node.access.scope.id, node.own)


async def _mounts(db: Reader, principal: Principal) -> list[_Mount]:
    """What others share: the tops of what one sees of other accounts, and the whole trees of one's spaces."""
    spaces = await db.rows(
        f"""SELECT a.account_id, a.root_scope, p.name FROM file_account a JOIN principal p ON p.id = a.account_id
        WHERE a.account_id <> ? AND a.root_scope IN {VISIBLE} ORDER BY a.account_id""",
        principal.id,
        *visible(principal),
    )
    rows = await db.rows(
        f"""SELECT {store.COLUMNS}, p.name FROM file_part x JOIN scope s ON s.id = x.scope_id
        JOIN file_node n ON n.id = x.node_id JOIN principal p ON p.id = x.account_id
        WHERE x.account_id <> ? AND x.scope_id IN {VISIBLE} AND s.parent_id NOT IN {VISIBLE}
        AND n.role <> 'trash' ORDER BY n.id""",
        principal.id,
        *visible(principal),
        *visible(principal),
    )
    found: dict[str, _Mount] = {}
    for account_id, scope_id, name in spaces:
        _called(found, _plain(name), _Mount("", account_id, scope_id, None))
    for row in rows:
        file = store.node_of(row[:-1])
        _called(found, f"{file.name} ({_plain(row[-1])})", _Mount("", file.account_id, file.scope_id, file))
    return list(found.values())


def _called(found: dict[str, _Mount], name: str, mount: _Mount) -> None:
    """Gives a mount its name; of two that would have the same, the later one has its id beside."""
    number = mount.file.id if mount.file else mount.account_id
    unique = name if name not in found else f"{name} {ids.text(number)}"
    found[unique] = _Mount(unique, mount.account_id, mount.scope_id, mount.file)


def _plain(name: str) -> str:
    return name.replace("/", "-").strip() or "?"


Extra = Callable[[Principal, Members], Sequence[Value | None]]


def _sizes(_: Principal, members: Members) -> Sequence[Value | None]:
    return [
        None if file is None else str(file.tree_bytes if file.folder else file.size)
        for file in members.column("own")
    ]


def _checksums(_: Principal, members: Members) -> Sequence[Value | None]:
    return [
        None if file is None or file.folder else [Element(f"{_OWNCLOUD}checksum", f"SHA256:{file.hash}")]
        for file in members.column("own")
    ]


def _allowed(principal: Principal, members: Members) -> Sequence[Value | None]:
    found = list(zip(members.column("access"), members.column("shape"), strict=True))
    made = {
        (id(access), shape): _permissions(
            access.rights, collection=shape != "resource", shared=access.scope.account_id != principal.id
        )
        for (_, shape), access in {(id(access), shape): access for access, shape in found}.items()
    }
    return [made[id(access), shape] for access, shape in found]


_EXTRA: Mapping[str, Extra] = {
    f"{_OWNCLOUD}id": lambda _, members: list(map(ids.text, members.column("id"))),
    f"{_OWNCLOUD}fileid": lambda _, members: list(map(str, members.column("id"))),  # programs take it for a number
    f"{_OWNCLOUD}size": _sizes,
    f"{_OWNCLOUD}permissions": _allowed,
    f"{_OWNCLOUD}checksums": _checksums,
    _WIN32_MODIFIED: lambda _, members: [
        None if moment is None else written(moment) for moment in members.column("modified_ms")
    ],
}
"""Properties of single nodes."""


def _permissions(rights: Right, *, collection: bool, shared: bool) -> str:
    """The letters of ownCloud: S somebody else's, R share, G read, D delete, N rename, V move, W write, C and K add
    to a folder."""
    letters = "S" if shared else ""
    letters += "R" if Right.SHARE in rights else ""
    letters += "G" if Right.READ in rights else ""
    letters += "D" if Right.DELETE in rights else ""
    if Right.WRITE in rights:
        letters += "NV" + ("CK" if collection else "W")
    return letters
