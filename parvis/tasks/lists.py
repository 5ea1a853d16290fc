"""Lists of tasks: each is a part of an account, shared by itself; what people set for themselves in one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from parvis.access import directory, gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Kind as PrincipalKind
from parvis.access.principal import Principal, Right
from parvis.access.roles import RIGHTS
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from parvis.serve.jmap.call import Reader
from parvis.serve.newcomers import provide
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.tasks import board, words
from parvis.tasks import store as tasks
from parvis.tasks.model import (
    DEFAULT_ALERTS,
    LIST,
    MOST_LISTS,
    MOST_STATUSES,
    NAME_BYTES,
    PROGRESS,
    SCOPE,
    STATUSES,
    TASK,
)
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts
from parvis.wire.ical.zones import UTC, Zone, iana_name, zone

_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[A-Za-z]{3,30}")
_WITH_TASKS: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})
_FIRST = "SELECT 1 FROM tasklist l WHERE l.slug = 'tasks' AND"
_FIELDS = """l.id, l.account_id, l.slug, l.role, l.description, l.color, l.time_zone, l.statuses, l.progress,
    l.colors, l.names"""


@dataclass(frozen=True, slots=True)
class Own:
    """What one person has set for themselves; None where nothing."""

    name: str | None = None
    color: str | None = None
    sort_order: int = 0
    subscribed: int | None = None
    alerts: str = "{}"
    """The default alerts, as JSON."""


@dataclass(frozen=True, slots=True)
class TaskBoard:
    """A list as it is kept, and as one person has it."""

    id: int
    account_id: int
    slug: str
    role: str | None
    description: str
    color: str | None
    time_zone: str | None
    statuses: tuple[str, ...]
    progress: Mapping[str, str]
    colors: Mapping[str, Any]
    names: Mapping[str, str]
    name: str = ""
    own: Own = field(default_factory=Own)

    @property
    def zone(self) -> Zone:
        """Where its times without a zone are."""
        found = zone(self.time_zone) if self.time_zone else None
        return found or UTC


async def read(db: Reader, principal: Principal, accesses: Sequence[Access]) -> list[TaskBoard]:
    """The lists of these parts, as somebody has them. One statement."""
    names = {access.scope.id: access.scope.name for access in accesses}
    rows = await db.rows(
        f"""SELECT {_FIELDS}, o.name, o.color, COALESCE(o.sort_order, 0), o.subscribed,
        COALESCE(o.alerts, '{{}}') FROM tasklist l
        LEFT JOIN tasklist_own o ON o.list_id = l.id AND o.principal_id = ?
        WHERE l.id IN {marks(len(names))} ORDER BY l.id""",
        principal.id,
        *names,
    )
    return [_board(row, names[row[0]]) for row in rows]


async def kept(db: Reader, list_id: int) -> TaskBoard:
    """A list without what is anybody's own; nobody's rights are looked at. Raises NotFound."""
    row = await db.row(f"SELECT {_FIELDS}, NULL, NULL, 0, NULL, '{{}}' FROM tasklist l WHERE l.id = ?", list_id)
    if row is None:
        raise NotFound("no such list")
    return _board(row, "")


async def first(db: Reader, account_id: int) -> TaskBoard:
    """The list that an account has from the beginning; nobody's rights are looked at. Raises NotFound."""
    number = await db.value("SELECT id FROM tasklist WHERE account_id = ? AND role = 'inbox' LIMIT 1", account_id)
    return await kept(db, number or 0)


async def default_alerts(db: Reader, list_id: int, people: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """What each of these people has by default in a list."""
    rows = await db.rows(
        f"SELECT principal_id, alerts FROM tasklist_own WHERE list_id = ? AND principal_id IN {marks(len(people))}",
        list_id,
        *people,
    )
    return {person: msgspec.json.decode(text) for person, text in rows}


def _board(row: Sequence[Any], name: str) -> TaskBoard:
    number, account_id, slug, role, description, color, time_zone, statuses, progress, colors, names, *own = row
    return TaskBoard(
        number,
        account_id,
        slug,
        role,
        description,
        color,
        time_zone,
        tuple(msgspec.json.decode(statuses)),
        msgspec.json.decode(progress),
        msgspec.json.decode(colors),
        msgspec.json.decode(names),
        name,
        Own(*own),
    )


async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
    """Gives a principal its first list, in its language, unless it has one."""
    if kind not in _WITH_TASKS or await unit.value(f"{_FIRST} l.account_id = ?", account_id) is not None:
        return
    language = await directory.language_of(unit, account_id)
    await _insert(unit, account_id, words.LIST_NAME[language], "tasks", {"role": "inbox"})


async def complete(store: Store) -> None:
    """Gives those who were there before tasks their first list."""
    await provide(store, _WITH_TASKS, f"{_FIRST} l.account_id = p.id", provision)


async def create(
    unit: Unit, principal: Principal, account_id: int, values: Mapping[str, Any], slug: str = ""
) -> int:
    """Makes a list; only who owns the account may, or writes in all of a space. Returns its id. Raises Forbidden,
    Invalid, Conflict for a slug that is taken, OverQuota."""
    await may_create(unit, principal, account_id)
    count = await unit.value("SELECT COUNT(*) FROM tasklist WHERE account_id = ?", account_id)
    if count >= MOST_LISTS:
        raise OverQuota(f"at most {MOST_LISTS} lists")
    return await _insert(unit, account_id, values.get("name", ""), slug, values)


def arranges(access: Access) -> bool:
    """Whether somebody makes and removes lists in an account, of whose parts together this says what they may: its
    owner, and who writes in all of a space, as no single list is shared."""
    return access.owner or RIGHTS["member"] in access.rights


async def may_create(db: Reader, principal: Principal, account_id: int) -> None:
    """Raises Forbidden for who may not make lists in an account, NotFound for who sees none in it."""
    if principal.id == account_id:
        return
    if not arranges(await parts.any_part(db, principal, account_id, SCOPE)):
        raise Forbidden("only its owner makes lists here")


async def _insert(unit: Unit, account_id: int, name: str, slug: str, values: Mapping[str, Any]) -> int:
    _check({**values, "name": name})
    number = await gate.create_scope(unit, account_id, SCOPE, name)
    slug = slug or ids.text(number)
    if await unit.value("SELECT 1 FROM tasklist WHERE account_id = ? AND slug = ?", account_id, slug) is not None:
        raise Conflict("this name is taken")
    statuses = values.get("workflowStatuses") or STATUSES
    await unit.run(
        f"""INSERT INTO tasklist (id, account_id, slug, role, description, color, time_zone, statuses, progress,
        colors, names, created_ms) VALUES {marks(12)}""",
        number,
        account_id,
        slug,
        values.get("role"),
        values.get("description") or "",
        values.get("color"),
        values.get("timeZone"),
        _text(list(statuses)),
        _text(values.get("workflowProgress") or {}),
        _text(_colors(values, {})),
        _text(values.get("workflowNames") or {}),
        clock.now_ms(),
    )
    await unit.changed(account_id, LIST, number, "created", part=number)
    return number


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _colors(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: values[name] for name in ("keywordColors", "categoryColors") if name in values}
    return {name: value for name, value in {**before, **given}.items() if value}


async def update(unit: Unit, principal: Principal, list_id: int, values: Mapping[str, Any]) -> None:
    """Changes a list. Its owner changes it for all; others change name, colour, order and subscription for
    themselves, and the rest with the right to write everything. Raises NotFound, Forbidden, Invalid."""
    _check(values)
    access = await parts.part(unit, principal, list_id, SCOPE)
    shared = {name: value for name, value in values.items() if name not in (*_PRIVATE, *DEFAULT_ALERTS)}
    private = {name: values[name] for name in values if name in (*_PRIVATE, *DEFAULT_ALERTS)}
    if access.owner or access.scope.account_id == principal.id:
        shared |= {name: private.pop(name) for name in ("name", "color") if name in private}
    if shared:
        if Right.WRITE not in access.rights:
            raise Forbidden("this needs the right to write everything")
        await _update_shared(unit, await kept(unit, list_id), shared)
    if private:
        await _update_own(unit, principal, list_id, private)
    await unit.changed(access.scope.account_id, LIST, list_id, "updated", part=list_id)


_PRIVATE = {"name": "name", "color": "color", "sortOrder": "sort_order", "isSubscribed": "subscribed"}


async def _update_shared(unit: Unit, before: TaskBoard, values: Mapping[str, Any]) -> None:
    if "name" in values:
        await gate.rename_scope(unit, before.id, values["name"])
    columns = {
        column: values[name] for name, column in (("color", "color"), ("timeZone", "time_zone")) if name in values
    }
    if "description" in values:
        columns["description"] = values["description"] or ""
    if "workflowStatuses" in values or "workflowProgress" in values:
        statuses = list(values.get("workflowStatuses", before.statuses) or STATUSES)
        progress = dict(values.get("workflowProgress", before.progress) or {})
        columns |= {"statuses": _text(statuses), "progress": _text(progress)}
        await _move_columns(unit, before, statuses, progress)
    if "workflowNames" in values:
        columns["names"] = _text(values["workflowNames"] or {})
    if "keywordColors" in values or "categoryColors" in values:
        columns["colors"] = _text(_colors(values, before.colors))
    if "time_zone" in columns and columns["time_zone"] != before.time_zone:
        await _shift(unit, before, columns["time_zone"])
    if columns:
        sets = ", ".join(f"{name} = ?" for name in columns)
        await unit.run(f"UPDATE tasklist SET {sets} WHERE id = ?", *columns.values(), before.id)


async def _shift(unit: Unit, before: TaskBoard, name: str | None) -> None:
    """Tasks whose times have no zone are in that of the list."""
    old, new = before.zone, replace(before, time_zone=name).zone

    def shifted(at_ms: int | None) -> int | None:
        return None if at_ms is None else new.to_ms(old.to_local(at_ms))

    for each in await tasks.every(unit, "t.list_id = ? AND t.floating = 1", before.id):
        await unit.run(
            "UPDATE task SET start_ms = ?, due_ms = ? WHERE id = ?",
            shifted(each.start_ms),
            shifted(each.due_ms),
            each.id,
        )
        await unit.changed(before.account_id, TASK, each.id, "updated", part=before.id)


async def _move_columns(unit: Unit, before: TaskBoard, statuses: list[str], progress: Mapping[str, str]) -> None:
    """Tasks of a column that is gone, or stands for another progress, go to the first that stands for theirs."""
    gone = [
        each
        for each in before.statuses
        if each not in statuses or board.progress_of(each, progress) != board.progress_of(each, before.progress)
    ]
    for each in await tasks.every(
        unit, f"t.list_id = ? AND t.status IN {marks(len(gone))}", before.id, *gone, tail="ORDER BY t.place"
    ):
        status = board.column_of(each.progress, each.status, statuses, progress)
        if status == each.status:
            continue
        place = board.between(await tasks.last_place(unit, before.id, status), "")
        await unit.run("UPDATE task SET status = ?, place = ? WHERE id = ?", status, place, each.id)
        await unit.changed(before.account_id, TASK, each.id, "updated", part=before.id)


async def _update_own(unit: Unit, principal: Principal, list_id: int, values: Mapping[str, Any]) -> None:
    columns = {_PRIVATE[name]: value for name, value in values.items() if name in _PRIVATE}
    if given := {name: values[name] for name in DEFAULT_ALERTS if name in values}:
        known = (await default_alerts(unit, list_id, [principal.id])).get(principal.id, {})
        columns["alerts"] = _text({name: each for name, each in {**known, **given}.items() if each})
    if "subscribed" in columns:
        columns["subscribed"] = int(bool(columns["subscribed"]))
    names = ", ".join(columns)
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
    await unit.run(
        f"""INSERT INTO tasklist_own (list_id, principal_id, {names}) VALUES {marks(len(columns) + 2)}
        ON CONFLICT (list_id, principal_id) DO UPDATE SET {sets}""",
        list_id,
        principal.id,
        *columns.values(),
    )


def _check(values: Mapping[str, Any]) -> None:
    """Raises Invalid for what a list cannot have."""
    name = values.get("name", "x")
    if not name or not str(name).strip() or len(str(name).encode()) > NAME_BYTES:
        raise Invalid(f"a name has 1 to {NAME_BYTES} bytes", field="name")
    if len(str(values.get("description") or "")) > 10_000:
        raise Invalid("at most 10000 characters", field="description")
    _check_colors(values)
    _check_alerts(values)
    if values.get("timeZone") and iana_name(str(values["timeZone"])) is None:
        raise Invalid("no such time zone", field="timeZone")
    if not 0 <= values.get("sortOrder", 0) < 2**31:
        raise Invalid("0 or more", field="sortOrder")
    statuses = values.get("workflowStatuses")
    if statuses is not None and (
        not 0 < len(statuses) <= MOST_STATUSES
        or len(set(statuses)) != len(statuses)
        or not all(0 < len(each) <= 100 for each in statuses)
    ):
        raise Invalid(f"1 to {MOST_STATUSES} names, each once", field="workflowStatuses")
    names = values.get("workflowNames") or {}
    if len(names) > MOST_STATUSES or not all(0 < len(each) <= 100 for named in names.items() for each in named):
        raise Invalid(f"at most {MOST_STATUSES} names of 1 to 100 characters", field="workflowNames")
    for status, progress in (values.get("workflowProgress") or {}).items():
        if len(status) > 100 or progress not in PROGRESS:
            raise Invalid(f"one of {', '.join(PROGRESS)}", field="workflowProgress")


def _check_alerts(values: Mapping[str, Any]) -> None:
    for name in DEFAULT_ALERTS:
        try:
            alerts.check_defaults(values.get(name))
        except BadCalendar as error:
            raise Invalid(error.sentence, field=name) from error


def _check_colors(values: Mapping[str, Any]) -> None:
    given = {"color": values.get("color")}
    for name in ("keywordColors", "categoryColors"):
        named = values.get(name) or {}
        if len(named) > 500 or any(len(key) > 255 for key in named):
            raise Invalid("too many", field=name)
        given |= {f"{name}/{key}": value for key, value in named.items()}
    for name, value in given.items():
        if value is not None and not _COLOR.fullmatch(value):
            raise Invalid("a name of a colour, or #rrggbb", field=name.partition("/")[0])
