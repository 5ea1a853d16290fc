"""What happened at any depth below a folder since a state: only folders are looked into that know of a newer change
below. It is told in pages: first what is no longer there, then what is there, each in an order that changes do not
disturb. RFC 6578 §3.3"""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.files import store
from parvis.files.model import Node
from parvis.kernel.errors import Invalid
from parvis.serve.dav.tree import Precondition
from parvis.store.sql.contract import Database, marks
from parvis.wire.dav.names import dav

_MOST_FOLDERS = 50_000
"""Folders with changes in them; who has more asks level by level."""
_AT_ONCE = 200
_FRESH = "CASE WHEN {} f.placed_modseq > ? THEN 1 ELSE 0 END"
_FOLDERS = f"""WITH RECURSIVE down(id, parent_id, name, fresh) AS (
    SELECT f.id, f.parent_id, f.name, {_FRESH.format("")} FROM file_node f WHERE f.account_id = ?
    AND f.parent_id = ? AND f.folder = 1 AND f.role <> 'trash' AND f.tree_modseq > ? AND f.scope_id IN {VISIBLE}
    UNION ALL SELECT f.id, f.parent_id, f.name, {_FRESH.format("down.fresh = 1 OR")} FROM file_node f
    JOIN down ON f.parent_id = down.id WHERE f.folder = 1 AND (down.fresh = 1 OR f.tree_modseq > ?)
    AND f.scope_id IN {VISIBLE}) SELECT id, parent_id, name, fresh FROM down LIMIT {_MOST_FOLDERS + 1}"""
"""The folders below one in which something has changed, and whether they came there after the state, alone or with
what holds them: then all in them is new."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What to tell; paths are below the folder. `place` says where the next page begins, "" after the last one."""

    changed: Sequence[tuple[Node, Path]]
    departed: Sequence[Path]
    state: int
    place: str


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk. `until` is what the folder knew when it began: what is newer is told the next time, perhaps also
    now. `phase` 0 tells departures after modseq `first`; 1 tells nodes after (parent `first`, id `second`)."""

    since: int
    until: int
    phase: int = 0
    first: int = 0
    second: int = 0

    @property
    def place(self) -> str:
        return f"{self.until}.{self.phase}.{self.first}.{self.second}"


def _walk(since: int, place: str, present: int) -> _Walk:
    """Where a page begins. Raises Invalid."""
    if not place:
        return _Walk(since, present, 0 if since else 1, since if since else -1)
    words = place.split(".")
    if len(words) != 4 or not all(word.lstrip("-").isdecimal() and len(word) < 20 for word in words):
        raise Invalid("the sync token is none of ours")
    return _Walk(since, *map(int, words))


async def below(
    db: Database,
    principal: Principal,
    account_id: int,
    folder_id: int,
    present: int,
    since: int,
    place: str,
    limit: int,
) -> Page:
    """A page of what happened below a folder (0: the top) that is at state `present` by now. Raises Precondition
    when this cannot be told, Invalid."""
    walk = _walk(since, place, present)
    if present <= since:
        return Page([], [], since, "")
    folders = await _folders(db, principal, account_id, folder_id, since)
    departed: list[Path] = []
    if walk.phase == 0:
        departed, reached = await _departed(db, account_id, folders, walk, limit)
        if reached:
            return Page([], departed, since, _Walk(since, walk.until, 0, reached).place)
        walk = _Walk(since, walk.until, 1, -1)
    room = limit - len(departed)
    found = await _present(db, principal, account_id, folders, walk, room)
    changed = [(node, (*folders[node.parent_id][0], node.name)) for node in found[:room]]
    if len(found) <= room:
        return Page(changed, departed, walk.until, "")
    last = (found[room - 1].parent_id, found[room - 1].id) if room else (walk.first, walk.second)
    return Page(changed, departed, since, _Walk(since, walk.until, 1, *last).place)


async def _folders(
    db: Database, principal: Principal, account_id: int, folder_id: int, since: int
) -> dict[int, tuple[Path, bool]]:
    """Path and freshness of each folder to look into, the one itself among them."""
    seen = visible(principal)
    rows = await db.rows(_FOLDERS, since, account_id, folder_id, since, *seen, since, since, *seen)
    if len(rows) > _MOST_FOLDERS:
        raise Precondition(dav("sync-traversal-supported"), "ask level by level")
    found: dict[int, tuple[Path, bool]] = {folder_id: ((), False)}
    for number, parent_id, name, fresh in rows:  # those around come first
        found[number] = ((*found[parent_id][0], name), bool(fresh))
    return found


async def _departed(
    db: Database, account_id: int, folders: dict[int, tuple[Path, bool]], walk: _Walk, limit: int
) -> tuple[list[Path], int]:
    """Names that have ended in these folders, and how far the log of the account was read; 0 for to its end.

    A folder that has come where something else was leaves open what a client still keeps of that: then it has to
    read everything anew."""
    rows = await db.rows(
        """SELECT parent_id, name, modseq FROM file_departed WHERE account_id = ? AND modseq > ?
        ORDER BY modseq LIMIT ?""",
        account_id,
        walk.first,
        limit + 1,
    )
    fresh = {path for path, new in folders.values() if new}
    found = []
    for parent_id, name, _ in rows[:limit]:
        around = folders.get(parent_id if parent_id > 0 else 0)
        if around is not None:
            path = (*around[0], name)
            if path in fresh:
                raise Precondition(dav("valid-sync-token"), "another folder has taken this name")
            found.append(path)
    return found, int(rows[limit - 1][2]) if len(rows) > limit else 0


async def _present(
    db: Database,
    principal: Principal,
    account_id: int,
    folders: dict[int, tuple[Path, bool]],
    walk: _Walk,
    limit: int,
) -> list[Node]:
    """Nodes in these folders that have changed, or have come with them; one more than `limit` if there are more."""
    found: list[Node] = []
    numbers = sorted(number for number in folders if number >= walk.first)
    for start in range(0, len(numbers), _AT_ONCE):
        page = numbers[start : start + _AT_ONCE]
        fresh = [number for number in page if folders[number][1]] or [-1]
        rows = await db.rows(
            f"""SELECT {store.COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id IN {marks(len(page))}
            AND (n.modseq > ? OR n.parent_id IN {marks(len(fresh))}) AND (n.parent_id > ? OR n.id > ?)
            AND n.role <> 'trash' AND n.scope_id IN {VISIBLE} ORDER BY n.parent_id, n.id LIMIT ?""",
            account_id,
            *page,
            walk.since,
            *fresh,
            walk.first,
            walk.second,
            *visible(principal),
            limit + 1 - len(found),
        )
        found += map(store.node_of, rows)
        if len(found) > limit:
            break
    return found
