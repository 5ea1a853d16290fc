"""The SQL of tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal, Right
from parvis.serve.jmap.call import Reader
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.tasks.content import Facts


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of `task`, in the order of its columns; `content` is empty where it was not asked for."""

    id: int
    account_id: int
    list_id: int
    slug: str
    uid: str
    etag: str
    size: int
    author_id: int
    created_ms: int
    updated_ms: int
    title: str
    progress: str
    status: str
    place: str
    priority: int
    start_ms: int | None
    due_ms: int | None
    completed_ms: int | None
    first_ms: int
    last_ms: int | None
    parent_uid: str | None
    recurring: int
    draft: int
    floating: int
    """Its times have no zone: they are in that of the list."""
    content: bytes = b""


_PLAIN = ", ".join(f"t.{each.name}" for each in fields(Kept) if each.name != "content")


def columns(*, content: bool) -> str:
    """The columns of a Kept, of a table `t`."""
    return f"{_PLAIN}, t.content" if content else _PLAIN


async def every(db: Reader, where: str, *arguments: object, content: bool = False, tail: str = "") -> list[Kept]:
    """The rows that meet a condition; `t` is the task. Nobody's rights are looked at."""
    rows = await db.rows(f"SELECT {columns(content=content)} FROM task t WHERE {where} {tail}", *arguments)
    return [_kept(row) for row in rows]


async def seen(
    db: Reader,
    principal: Principal,
    where: str,
    *arguments: object,
    content: bool = False,
    right: Right = Right.READ,
    tail: str = "",
) -> list[Kept]:
    """The same of what somebody may read, in the statement itself."""
    return await every(
        db,
        f"t.list_id IN {VISIBLE} AND ({where})",
        *visible(principal, right),
        *arguments,
        content=content,
        tail=tail,
    )


async def by_id(db: Reader, number: int, *, content: bool = True) -> Kept | None:
    """One task; nobody's rights are looked at."""
    found = await every(db, "t.id = ?", number, content=content)
    return found[0] if found else None


def _kept(row: Sequence[object]) -> Kept:
    return Kept(*row)  # type: ignore[arg-type]


async def write(unit: Unit, kept: Kept, facts: Facts) -> None:
    """Inserts a task, or writes it anew, with its labels."""
    names = [each.name for each in fields(Kept)]
    sets = ", ".join(f"{name} = excluded.{name}" for name in (*names, "words") if name != "id")
    await unit.run(
        f"""INSERT INTO task ({", ".join(names)}, words) VALUES {marks(len(names) + 1)}
        ON CONFLICT (id) DO UPDATE SET {sets}""",
        *(getattr(kept, name) for name in names),
        facts.words,
    )
    await unit.run("DELETE FROM task_label WHERE task_id = ?", kept.id)
    if facts.labels:
        await unit.many(
            "INSERT INTO task_label (task_id, label) VALUES (?, ?)", [(kept.id, label) for label in facts.labels]
        )


async def assign(unit: Unit, task_id: int, addresses: Sequence[str]) -> list[int]:
    """Keeps who is to do a task, of the people of this server; returns them."""
    await unit.run("DELETE FROM task_person WHERE task_id = ?", task_id)
    if not addresses:
        return []
    rows = await unit.rows(
        f"SELECT DISTINCT principal_id FROM address WHERE address IN {marks(len(addresses))} ORDER BY 1", *addresses
    )
    people = [number for (number,) in rows]
    await unit.many(
        "INSERT INTO task_person (task_id, principal_id) VALUES (?, ?)", [(task_id, number) for number in people]
    )
    return people


async def people_of(db: Reader, task_ids: Sequence[int]) -> dict[int, list[int]]:
    """Who is to do each of these tasks."""
    found: dict[int, list[int]] = {number: [] for number in task_ids}
    rows = await db.rows(
        f"SELECT task_id, principal_id FROM task_person WHERE task_id IN {marks(len(found))} ORDER BY 2", *found
    )
    for task_id, person in rows:
        found[task_id].append(person)
    return found


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody has for themselves in a task of others: alerts (as JSON), or the default ones of its list."""

    alerts: str = "{}"
    usual: int = 0


async def own_of(db: Reader, principal_id: int, task_ids: Sequence[int]) -> dict[int, Own]:
    """What somebody has for themselves, by task."""
    rows = await db.rows(
        f"SELECT task_id, alerts, usual FROM task_own WHERE principal_id = ? AND task_id IN {marks(len(task_ids))}",
        principal_id,
        *task_ids,
    )
    return {number: Own(*own) for number, *own in rows}


async def with_defaults(db: Reader, task_ids: Sequence[int]) -> set[int]:
    """Those of these tasks in which somebody of others has the default alerts of its list."""
    rows = await db.rows(
        f"SELECT DISTINCT task_id FROM task_own WHERE usual = 1 AND task_id IN {marks(len(task_ids))}", *task_ids
    )
    return {number for (number,) in rows}


async def remove(unit: Unit, task_id: int) -> None:
    """Deletes a task and all that hangs on it."""
    for table in ("task_label", "task_person", "task_own", "task_ring"):
        await unit.run(f"DELETE FROM {table} WHERE task_id = ?", task_id)
    await unit.run("DELETE FROM task WHERE id = ?", task_id)


async def last_place(db: Reader, list_id: int, status: str) -> str:
    """The place of the last task of a column; empty for none."""
    found = await db.value(
        "SELECT place FROM task WHERE list_id = ? AND status = ? ORDER BY place DESC LIMIT 1", list_id, status
    )
    return str(found or "")
