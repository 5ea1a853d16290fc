"""Lists of tasks as calendars whose components are VTODO. RFC 4791"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from parvis.access import parts, visibility
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from parvis.serve.dav.listing import Listing
from parvis.serve.dav.tree import (
    Columns,
    Content,
    Members,
    Node,
    Precondition,
    Put,
    Reader,
    Search,
    Shape,
    SyncPage,
    Tree,
    Upload,
    columns,
    home_of,
    href,
    mounted,
    unmounted,
)
from parvis.serve.dav.walk import walk
from parvis.serve.scheduling import NotTheirs
from parvis.store.sql.contract import Database, marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.tasks import content, lists, service, store
from parvis.tasks.lists import TaskBoard
from parvis.tasks.model import LARGEST, NAME_BYTES, SCOPE, TASK
from parvis.tasks.store import Kept
from parvis.wire.contentlines import BadContent
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import apple, caldav, dav
from parvis.wire.ical import calendar, vtimezone
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Zones
from parvis.wire.ical.zones import Iana, zone

_WHOLE = msgspec.structs.replace(calendar.LIMITS, ended=True)
_MEDIA_TYPE = "text/calendar; charset=utf-8; component=vtodo"
_LISTING = Listing(
    table="task",
    part="list_id",
    columns={name: name for name in ("id", "etag", "size", "created_ms")}
    | {"name": "slug", "modified_ms": "updated_ms"},
    media_type=_MEDIA_TYPE,
)
_COMPONENTS = caldav("supported-calendar-component-set")
_ZONE, _ZONE_ID = caldav("calendar-timezone"), caldav("calendar-timezone-id")
_NAME, _TEXT = dav("displayname"), caldav("calendar-description")
_COLOR, _ORDER = apple("calendar-color"), apple("calendar-order")
_SIZE, _DATA = caldav("max-resource-size"), caldav("supported-calendar-data")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A body that was read before the unit."""

    made: bytes
    uid: str


class TaskTree(Tree):
    """The task lists in the home of calendars."""

    home = "calendars"
    joins = True
    keeps = "bytes"
    largest = LARGEST
    live: ClassVar[Mapping[str, bool]] = {
        _NAME: True,
        _TEXT: True,
        _COLOR: True,
        _ORDER: True,
        _ZONE: True,
        _ZONE_ID: True,
        _COMPONENTS: True,  # at its making only. RFC 4791 §5.2.3
        _SIZE: False,
        _DATA: False,
    }

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """See Tree."""
        if not segments:
            return await home_of(db, principal, account_id, SCOPE)
        if len(segments) > 2:
            return None
        owner, slug = account_id, segments[0]
        if account_id == principal.id and (mount := unmounted(slug)) is not None:
            owner, slug = mount
        number = await db.value("SELECT id FROM tasklist WHERE account_id = ? AND slug = ?", owner, slug)
        if number is None:
            return None
        try:
            access = await parts.part(db, principal, number, SCOPE)
        except NotFound:
            return None
        if len(segments) == 1:
            (board,) = await lists.read(db, principal, [access])
            (node,) = await self._with_states(db, [self._collection(board, access, segments[0])])
            return node
        rows = await store.every(db, "t.list_id = ? AND t.slug = ?", number, segments[1])
        return self._resource(rows[0], access, slug) if rows else None

    def _collection(self, board: TaskBoard, access: Access, name: str) -> Node:
        return Node(
            id=board.id,
            shape="calendar",
            name=name,
            access=access,
            place=(board.slug,),
            title=board.own.name or board.name,
            own=board,
        )

    async def _with_states(self, db: Reader, nodes: list[Node]) -> list[Node]:
        """With the newest modseq of tasks in each."""
        rows = await db.rows(
            f"SELECT part, modseq FROM part_state WHERE kind = ? AND part IN {marks(len(nodes))}",
            TASK,
            *(node.id for node in nodes),
        )
        states: dict[int, int] = dict(rows)
        return [replace(node, state=int(states.get(node.id, 0))) for node in nodes]

    def _resource(self, kept: Kept, access: Access, slug: str) -> Node:
        return Node(
            id=kept.id,
            shape="resource",
            name=kept.slug,
            access=access,
            place=(slug, kept.slug),
            etag=kept.etag,
            media_type=_MEDIA_TYPE,
            size=kept.size,
            created_ms=kept.created_ms,
            modified_ms=kept.updated_ms,
            content=kept.content or None,
            own=kept,
        )

    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """See Tree."""
        if node.place:
            return (await _LISTING.after(db, node, after, limit)).nodes()
        own = principal.id == node.account_id
        accesses = {
            access.scope.id: access
            for access in await parts.readable(db, principal, None if own else node.account_id, SCOPE)
        }
        nodes = []
        for board in await lists.read(db, principal, list(accesses.values())):
            name = board.slug if board.account_id == node.account_id else mounted(board.account_id, board.slug)
            nodes.append(self._collection(board, accesses[board.id], name))
        found = sorted((each for each in nodes if each.name > after), key=lambda each: each.name)[:limit]
        return await self._with_states(db, found)

    def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """See Tree."""
        if node.place:
            return _LISTING.pages(db, node, fields, page)
        return super().listed(db, principal, node, fields, page)

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """See Tree."""
        if not node.place:
            return await super().several(db, principal, node, names, content=content)
        rows = await store.every(
            db, f"t.list_id = ? AND t.slug IN {marks(len(names))}", node.id, *names, content=content
        )
        return await self._shown(db, principal, node, rows)

    async def _shown(self, db: Reader, principal: Principal, node: Node, rows: Sequence[Kept]) -> list[Node]:
        """Resources as somebody sees them: with their own alerts."""
        shown = [self._resource(kept, node.access, node.place[0]) for kept in rows]
        if principal.id == node.account_id or not any(each.content for each in shown):
            return shown
        own = await store.own_of(db, principal.id, [each.id for each in shown])
        return [replace(each, content=_personal(each.content or b"", own.get(each.id))) for each in shown]

    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """See Tree."""
        kept = await store.by_id(self._store.db, node.id)
        if kept is None:
            raise NotFound("no such task")
        body = kept.content
        if principal.id != node.account_id:
            own = await store.own_of(self._store.db, principal.id, [node.id])
            body = _personal(body, own.get(node.id))

        return Content.of(body, _MEDIA_TYPE, kept.etag)

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """See Tree."""
        owns = members.column("own")
        return columns(names, [_of(own, names) if isinstance(own, TaskBoard) else {} for own in owns])

    async def draft(self, principal: Principal, parent: Node, name: str, upload: Upload) -> _Draft:
        """See Tree. RFC 4791 §5.3.2.1"""
        try:
            series = content.read(upload.content, _WHOLE)
        except BadContent as error:
            raise Precondition(caldav("valid-calendar-data"), error.sentence) from error
        except BadCalendar as error:
            condition = "valid-calendar-object-resource" if error.reason in _OBJECT else "valid-calendar-data"
            raise Precondition(caldav(condition), error.sentence) from error
        except Invalid as error:
            raise Precondition(caldav("supported-calendar-component"), error.sentence) from error
        return _Draft(upload.content, series.uid)

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
        """See Tree. Alarms of who does not own the account are kept for them alone."""
        made, mine = draft.made, principal.id == parent.account_id
        before = await store.by_id(unit, old.id) if old is not None else None
        if not mine:
            made = content.with_alerts_of(made, before.content if before else b"") if before else _quiet(made)
        try:
            if before is None:
                written = await service.create(unit, principal, parent.id, made, slug=name)
            else:
                # Clients go on with a series by themselves, each in its way.
                written = await service.rewrite(unit, principal, before, parent.access, made, rolls=False)
        except NotTheirs as error:
            raise Precondition(caldav("allowed-attendee-scheduling-object-change"), error.sentence) from error
        except Conflict as error:
            place = href(self.home, ids.text(parent.account_id), parent.place[0], error.fields.get("name", ""))
            raise Precondition(caldav("no-uid-conflict"), error.sentence, href=place) from error
        if not mine:
            alerts = content.said(draft.made).get("alerts")
            await service.ring_for(unit, principal, written.after, {"alerts": alerts})
        return Put(etag=written.after.etag if written.after.content == draft.made else "")

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """See Tree."""
        if isinstance(node.own, TaskBoard):
            await visibility.turn(unit)
            await service.remove_list(unit, principal, node.id, with_tasks=True, reply=reply)
            return
        kept, access = await service.task_of(unit, principal, node.id)
        await service.destroy(unit, principal, kept, access, reply=reply)

    def makes(self, shape: Shape, properties: Mapping[str, Element]) -> bool:
        """A calendar that is to have tasks, or of which is not said what. RFC 4791 §5.2.3"""
        if shape != "calendar":
            return False
        given = properties.get(_COMPONENTS)
        return given is None or any(
            each.attributes.get("name", "").upper() == "VTODO" for each in given.all(caldav("comp"))
        )

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """See Tree."""
        values = _values({each: value for each, value in properties.items() if each != _COMPONENTS})
        order = values.pop("sortOrder", None)
        values["name"] = values.get("name") or name.encode()[:NAME_BYTES].decode("utf-8", "ignore")
        number = await lists.create(unit, principal, parent.account_id, values, slug=name)
        if order is not None:
            await lists.update(unit, principal, number, {"sortOrder": order})
        return number

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """See Tree."""
        if not isinstance(node.own, TaskBoard):
            raise Forbidden("a task has no such properties")
        if _COMPONENTS in changes:
            raise Forbidden("a list holds tasks, and nothing else")
        values = _values(changes)
        if "name" in values and not values["name"]:
            values["name"] = node.own.slug
        await service.update_list(unit, principal, node.id, values)

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
        """See Tree: of tasks only."""
        kept = await self._freed(unit, principal, node, parent, replaced)
        try:
            made = kept.content if principal.id == parent.account_id else _quiet(kept.content)
            await service.create(unit, principal, parent.id, made, slug=name)
        except Conflict as error:
            raise Precondition(caldav("no-uid-conflict"), error.sentence) from error

    async def move(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, name: str, replaced: Node | None
    ) -> None:
        """See Tree: of tasks only."""
        kept = await self._freed(unit, principal, node, parent, replaced)
        try:
            if kept.account_id == parent.account_id:
                await service.move(unit, principal, kept, node.access, parent.id, name)
                return
            await service.destroy(unit, principal, kept, node.access)
            await service.create(unit, principal, parent.id, _quiet(kept.content), slug=name)
        except Conflict as error:
            raise Precondition(caldav("no-uid-conflict"), error.sentence) from error

    async def _freed(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, replaced: Node | None
    ) -> Kept:
        """The task that goes elsewhere, and nothing is there any more: no other one is lost by it.
        RFC 4791 §5.3.2.1"""
        kept = await store.by_id(unit, node.id) if isinstance(node.own, Kept) else None
        if kept is None or not isinstance(parent.own, TaskBoard):
            raise Forbidden("only tasks are copied and moved, from list to list")
        if replaced is not None:
            if replaced.own.uid != kept.uid:
                raise Precondition(caldav("no-uid-conflict"), "another task is there", status=409)
            await self.delete(unit, principal, replaced)
        return kept

    async def sync(
        self, db: Reader, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """See Tree. RFC 6578 §3.5"""
        found = await walk(self._store.db, node.account_id, TASK, node.id, state, limit)
        return SyncPage(
            changed=await _LISTING.of(db, node, found.present),
            departed=[(name,) for name in await self._gone(db, node, found.departed)],
            state=found.state,
            more=found.more,
        )

    async def _gone(self, db: Reader, node: Node, names: Sequence[str]) -> list[str]:
        """Those names that nothing has by now."""
        rows = await db.rows(
            f"SELECT slug FROM task WHERE list_id = ? AND slug IN {marks(len(names))}", node.id, *names
        )
        there = {slug for (slug,) in rows}
        return [name for name in names if name not in there]

    async def candidates(
        self, db: Reader, principal: Principal, node: Node, search: Search, after: int, limit: int
    ) -> Sequence[Node]:
        """See Tree."""
        if Right.READ not in node.access.rights or search.component not in ("", "VTODO"):
            return []
        where = "t.list_id = ? AND t.id > ?"
        arguments: list[Any] = [node.id, after]
        if search.uid:
            where, arguments = f"{where} AND t.uid = ?", [*arguments, search.uid]
        if search.end_ms is not None:
            where, arguments = f"{where} AND t.first_ms < ?", [*arguments, search.end_ms]
        if search.start_ms is not None:
            where, arguments = f"{where} AND (t.last_ms IS NULL OR t.last_ms >= ?)", [*arguments, search.start_ms]
        rows = await store.every(db, where, *arguments, content=True, tail=f"ORDER BY t.id LIMIT {limit}")
        return await self._shown(db, principal, node, rows)


_OBJECT = frozenset({"method", "kind", "uid", "empty", "override"})


def _personal(body: bytes, own: store.Own | None) -> bytes:
    return content.personal(body, msgspec.json.decode(own.alerts) if own else None)


def _quiet(body: bytes) -> bytes:
    """Without alarms."""
    return content.personal(body, None)


def _of(board: TaskBoard, names: frozenset[str]) -> dict[str, Value]:
    """What a list says in properties."""
    found: dict[str, Value] = {
        _NAME: board.own.name or board.name,
        _COMPONENTS: [Element(caldav("comp"), attributes={"name": "VTODO"})],
        _SIZE: str(LARGEST),
        _DATA: [Element(caldav("calendar-data"), attributes={"content-type": "text/calendar", "version": "2.0"})],
        _ORDER: str(board.own.sort_order),
    }
    if board.description:
        found[_TEXT] = board.description
    if color := board.own.color or board.color:
        found[_COLOR] = color
    known = zone(board.time_zone) if board.time_zone else None
    if isinstance(known, Iana):
        year = clock.now().year
        made = calendar.new([vtimezone.component(known, year - 1, None)])
        found |= {_ZONE: calendar.write(made).decode(), _ZONE_ID: known.iana}
    return {name: value for name, value in found.items() if name in names}


def _values(changes: Mapping[str, Element | None]) -> dict[str, Any]:
    """Properties as values of a list. Raises Invalid with the property's name."""
    values: dict[str, Any] = {}
    for name, element in changes.items():
        words = element.words() if element is not None else ""
        if name == _NAME:
            values["name"] = words.encode()[:NAME_BYTES].decode("utf-8", "ignore")
        elif name == _TEXT:
            values["description"] = words[:10_000]
        elif name == _COLOR:
            values["color"] = words or None
        elif name == _ORDER:
            if words and not (words.isascii() and words.isdigit() and len(words) < 10):
                raise Invalid("a number", field=name)
            values["sortOrder"] = int(words or "0")
        elif name in (_ZONE, _ZONE_ID):
            values["timeZone"] = _zone(name, words) if words else None
    return values


def _zone(name: str, words: str) -> str:
    """The IANA name of what a client says. RFC 4791 §5.2.2, RFC 7809 §5.2"""
    found = None
    if name == _ZONE_ID:
        found = zone(words)
    else:
        try:
            read = calendar.read(words.encode())
            named = [each.value("TZID") for each in read.components if each.name == "VTIMEZONE"]
            found = Zones(read).of(named[0]) if named else None
        except (BadCalendar, BadContent):
            found = None
    if not isinstance(found, Iana):
        raise Invalid("no zone that is known", field=name)
    return found.iana
