"""What held in a room before and after each of its events.

The positions of the stream are our own view: the log of the state says what that was at any of them. An event that
followed all that was known of the room when it came is on that line: before it held what the log says at the
position before its own. Where an event came on another branch (`chat_branch`), before it held the same as after its
parent, or what the log says at some position but for a few differences. Where branches meet, what holds follows
from what the branches have changed since they parted; how large the room is does not matter."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from parvis.chat.rooms import store
from parvis.chat.rooms.chains import chains
from parvis.chat.rooms.model import Room, Stored
from parvis.store.unit import Unit
from parvis.wire.matrix import resolution
from parvis.wire.matrix.authorisation import keys_of
from parvis.wire.matrix.event import StateKey
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS

_HOPS = 20
"""Events whose states are told by each other before one is told by itself."""
_AT_ONCE = 200
_APART = 60_000 << 22
"""How far the clocks of two nodes may be apart, a minute, as rows count it. See kernel.ids"""
_JOIN_RULES: StateKey = ("m.room.join_rules", "")
Numbers = Mapping[StateKey, int]
"""A state, or a part of it, by the rows of its events; 0 says that nothing stands there."""


@dataclass(frozen=True, slots=True)
class View:
    """A state: what the log says at `base`, but for `over`."""

    base: int
    over: Numbers = field(default_factory=dict)

    def put(self, stored: Stored) -> "View":
        """The state after an event; it changes nothing where it is no state, or was rejected."""
        if stored.event.state_key is None or stored.rejected:
            return self
        return View(self.base, {**self.over, stored.event.key: stored.id})


async def now(db: store.Reader, room: Room) -> View:
    """What holds by now."""
    last = await db.value("SELECT MAX(stream) FROM chat_state_log WHERE room = ?", room.id)
    return View(int(last or 0))


async def is_known(db: store.Reader, stored: Stored) -> bool:
    """Whether it is known what held before and after an event."""
    return stored.stream > 0 or await db.value("SELECT 1 FROM chat_branch WHERE event = ?", stored.id) is not None


async def before(db: store.Reader, stored: Stored) -> View | None:
    """What held before an event; None where that is not known, as of what was filled in from the past."""
    after: list[Stored] = []
    while True:
        row = await db.row("SELECT parent, base FROM chat_branch WHERE event = ?", stored.id)
        if row is None or not row[0]:
            break
        stored = (await store.by_numbers(db, [row[0]]))[row[0]]
        after.append(stored)
    if row is not None:
        rows = await db.rows("SELECT type, state_key, stands FROM chat_branch_state WHERE event = ?", stored.id)
        view = View(row[1], {(kind, key): number for kind, key, number in rows})
    elif stored.stream > 0:
        view = View(stored.stream - 1)
    else:
        return None
    for each in reversed(after):
        view = view.put(each)
    return view


async def after(db: store.Reader, stored: Stored) -> View | None:
    """What held after an event."""
    if stored.stream > 0 and not await db.value("SELECT 1 FROM chat_branch WHERE event = ?", stored.id):
        return View(stored.stream)
    view = await before(db, stored)
    return None if view is None else view.put(stored)


async def keep(unit: Unit, stored: Stored, view: View, parent: Stored | None) -> None:
    """Notes what held before an event that is not on the line; `parent` is the one event that it follows, where it
    follows one whose state is known."""
    known = await unit.value("SELECT hops FROM chat_branch WHERE event = ?", parent.id) if parent else None
    hops = 0 if known is None or known + 1 >= _HOPS else int(known) + 1
    if not hops or parent is None:
        await root(unit, stored.room, stored, view)
        return
    await unit.run(
        "INSERT INTO chat_branch (event, parent, base, hops, room) VALUES (?, ?, ?, ?, ?)",
        stored.id, parent.id, view.base, hops, stored.room,
    )  # fmt: skip


async def root(unit: Unit, room: int, stored: Stored, view: View) -> None:
    """Notes what held before an event by itself, whatever was noted of it."""
    await unit.run(
        """INSERT INTO chat_branch (event, parent, base, hops, room) VALUES (?, 0, ?, 0, ?)
        ON CONFLICT (event) DO UPDATE SET parent = 0, base = excluded.base, hops = 0""",
        stored.id, view.base, room,
    )  # fmt: skip
    await unit.run("DELETE FROM chat_branch_state WHERE event = ?", stored.id)
    if view.over:
        await unit.many(
            "INSERT INTO chat_branch_state (event, type, state_key, stands) VALUES (?, ?, ?, ?)",
            [(stored.id, *key, number) for key, number in view.over.items()],
        )


async def rebased(db: store.Reader, room: int, view: View, position: int) -> View:
    """The same state, by what the log says at a position, where that is later."""
    if position <= view.base:
        return view
    moved = await _moved(db, room, view.base, position) - view.over.keys()
    stood = await numbers(db, room, view, moved)
    return View(position, {**view.over, **{key: stood.get(key, 0) for key in moved}})


async def numbers(db: store.Reader, room: int, view: View, keys: Iterable[StateKey]) -> dict[StateKey, int]:
    """What stands under some keys; keys under which nothing stands are left out."""
    wanted = [key for key in dict.fromkeys(keys) if key not in view.over]
    found = dict(view.over)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        pairs = " OR ".join("(l.type = ? AND l.state_key = ?)" for _ in some)
        rows = await db.rows(
            f"""SELECT l.type, l.state_key, l.event FROM chat_state_log l WHERE l.room = ? AND ({pairs})
            AND l.stream = (SELECT MAX(p.stream) FROM chat_state_log p WHERE p.room = l.room AND p.type = l.type
            AND p.state_key = l.state_key AND p.stream <= ?)""",
            room, *(text for key in some for text in key), view.base,
        )  # fmt: skip
        found |= {(kind, key): number for kind, key, number in rows}
    asked = set(keys)
    return {key: number for key, number in found.items() if number and key in asked}


async def whole(db: store.Reader, room: int, view: View, *, floor: int = 0) -> dict[StateKey, int]:
    """All of a state, or what of it has rows from `floor` on."""
    rows = await db.rows(
        """SELECT l.type, l.state_key, l.event FROM chat_state s JOIN chat_state_log l ON l.room = s.room
        AND l.type = s.type AND l.state_key = s.state_key AND l.stream = (SELECT MAX(p.stream)
        FROM chat_state_log p WHERE p.room = s.room AND p.type = s.type AND p.state_key = s.state_key
        AND p.stream <= ?) WHERE s.room = ? AND l.event >= ?""",
        view.base,
        room,
        floor,
    )
    found = {(kind, key): number for kind, key, number in rows} | dict(view.over)
    return {key: number for key, number in found.items() if number}


async def pick(db: store.Reader, room: int, view: View, keys: Collection[StateKey]) -> dict[StateKey, Stored]:
    """The events that stand under some keys."""
    found = await store.by_numbers(db, (await numbers(db, room, view, keys)).values())
    return {each.event.key: each for each in found.values()}


async def against(db: store.Reader, room: int, state: Numbers, base: View) -> View:
    """A whole state, as what is other than in the log."""
    known = await whole(db, room, View(base.base))
    over = {key: state.get(key, 0) for key in {*state, *known} if state.get(key, 0) != known.get(key, 0)}
    return View(base.base, over)


async def changes(db: store.Reader, room: int, view: View, head: View) -> dict[StateKey, int]:
    """What has to change in `head` for it to become `view`; 0 where nothing stands then."""
    bases = sorted((view.base, head.base))
    keys = await _moved(db, room, *bases) | view.over.keys() | head.over.keys()
    wanted, present = [await numbers(db, room, each, keys) for each in (view, head)]
    return {key: wanted.get(key, 0) for key in keys if wanted.get(key, 0) != present.get(key, 0)}


async def _moved(db: store.Reader, room: int, after: int, until: int) -> set[StateKey]:
    rows = await db.rows(
        "SELECT DISTINCT type, state_key FROM chat_state_log WHERE room = ? AND stream > ? AND stream <= ?",
        room,
        after,
        until,
    )
    return {(kind, key) for kind, key in rows}


async def meet(db: store.Reader, room: Room, views: Sequence[View]) -> View:
    """What holds where branches meet. Raises BadMatrix where what they rest on is too much to walk along."""
    apart: list[View] = []
    for view in views:
        if view not in apart:
            apart.append(view)
    if len(apart) == 1:
        return apart[0]
    base = View(max(view.base for view in apart))
    keys = await _moved(db, room.id, min(view.base for view in apart), base.base)
    keys = keys.union(*(view.over for view in apart))
    states = [await numbers(db, room.id, view, keys) for view in apart]
    if all(state == states[0] for state in states):
        resolved = states[0]
    else:
        resolved = await _resolved(db, room, base, states, keys)
    keys |= resolved.keys()
    known = await numbers(db, room.id, base, keys)
    return View(base.base, {key: resolved.get(key, 0) for key in keys if resolved.get(key, 0) != known.get(key, 0)})


async def _resolved(
    db: store.Reader, room: Room, base: View, states: list[dict[StateKey, int]], keys: set[StateKey]
) -> dict[StateKey, int]:
    """By the algorithm of the room's version. `states` are what branches have under `keys`; what they have under
    others is the same, and takes part as far as it allows something, or rests on what the branches differ in."""
    same = await _same(db, room, base, [CREATE, POWER_LEVELS, _JOIN_RULES], keys)
    known = await store.by_numbers(db, {number for state in states for number in state.values()})
    chain = await chains(db, room, [each.event_id for each in (*known.values(), *same.values())])
    ids = [{key: known[number].event_id for key, number in state.items()} for state in states]
    conflicted = resolution.separate(ids)[1]
    differing = _difference(ids, same, chain, room)
    if not differing <= conflicted:  # what else is in the room may rest on it too
        # Nothing rests on what came after it, and rows grow with time.
        floor = min(chain[name].id for name in differing - conflicted if name in chain) - _APART
        later = await whole(db, room.id, base, floor=floor)
        more = await store.by_numbers(db, [number for key, number in later.items() if key not in keys])
        same |= {each.event.key: each for each in more.values()}
        chain |= await chains(db, room, [each.event_id for each in more.values()], floor=floor)
        differing = _difference(ids, same, chain, room)
    wanted = {key for name in conflicted | differing if name in chain for key in keys_of(chain[name].event)}
    same |= await _same(db, room, base, wanted - same.keys(), keys)
    chain |= {each.event_id: each for each in same.values()}
    found = resolution.resolve(
        _with(ids, same),
        {name: each.event for name, each in chain.items()},
        room.version,
        rejected={name for name, each in chain.items() if each.rejected},
        differing=differing,
    )
    return {key: chain[name].id for key, name in found.items() if key not in same}


def _with(ids: list[dict[StateKey, str]], same: Mapping[StateKey, Stored]) -> list[dict[StateKey, str]]:
    shared = {key: each.event_id for key, each in same.items()}
    return [{**shared, **state} for state in ids]


def _difference(
    ids: list[dict[StateKey, str]], same: Mapping[StateKey, Stored], chain: Mapping[str, Stored], room: Room
) -> set[str]:
    events = {name: each.event for name, each in chain.items()}
    return resolution.difference(_with(ids, same), events, room.version)


async def _same(
    db: store.Reader, room: Room, base: View, wanted: Iterable[StateKey], keys: Collection[StateKey]
) -> dict[StateKey, Stored]:
    return await pick(db, room.id, base, [key for key in wanted if key not in keys])
