"""How an event that others made comes into a room (Matrix v1.19 Server-Server §Checks performed on receipt of a
PDU). Its hash and its signatures were checked, and what it names as allowing it is here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from parvis.chat.rooms import append, outliers, redacting, states, store, using
from parvis.chat.rooms.chains import named_by
from parvis.chat.rooms.model import Room, Stored
from parvis.chat.rooms.states import View
from parvis.chat.rooms.writing import Writing
from parvis.kernel import ids
from parvis.store.unit import Unit
from parvis.wire.matrix import authorisation
from parvis.wire.matrix.authorisation import keys_of
from parvis.wire.matrix.errors import BadMatrix, NotAllowed
from parvis.wire.matrix.event import PREV_EVENTS_LIMIT, Event
from parvis.wire.matrix.powers import CREATE

_MOST_FOLLOWED = 1_000
SPARE = 100_000
"""Positions that are left free before an event that follows what is not here. See closing"""
Verdict = Literal["placed", "withheld", "soft failed", "rejected"]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an event, and why it is not in the timeline when it is not; `new` unless it was known."""

    stored: Stored
    verdict: Verdict
    reason: str = ""
    new: bool = True


async def place(writing: Writing, room: Room, event: Event, gap: Mapping[str, View] | None = None) -> Placed:
    """Puts an event into a room that is locked. What it follows is here, or else its state after that is in `gap`,
    by id. Raises BadMatrix where something is missing, its branches are too much to walk along, or it was said on a
    branch before what is kept in the room."""
    unit = writing.unit
    known = await store.by_event_ids(unit, room.id, (event.event_id, *event.prev_events, *named_by(event)))
    own = known.pop(event.event_id, None)
    if own is not None and (own.placed or await states.is_known(unit, own)):
        return Placed(own, "placed" if own.placed else "rejected" if own.rejected else "soft failed", new=False)
    missing = [name for name in named_by(event) if name not in known]
    if missing:
        raise BadMatrix(f"What allows the event is not known: {missing[0]}", errcode="M_NOT_FOUND")
    on_line = set(event.prev_events) == set(room.latest)
    if not on_line and event.state_key is None and event.origin_server_ts < room.purged_ms:
        raise BadMatrix("What was said so long ago is not kept here", errcode="M_NOT_FOUND")
    view = await (states.now(unit, room) if on_line else _before(writing, room, event, known, gap or {}))
    verdict, reason = await _judge(writing, room, event, known, view, on_line)
    alone = event.prev_events[0] if len(event.prev_events) == 1 else ""
    parent = None if alone in (gap or {}) else known.get(alone)
    if verdict != "placed":
        stored = await _hide(writing, room, event, own, verdict, view, parent)
        if verdict == "withheld":
            await redacting.follow(writing, room, stored)
        return Placed(stored, verdict, reason)
    placed = Placed(await _take(writing, room, event, own, view, parent, on_line, gap or {}), "placed")
    using.note(unit, writing.home.name, placed.stored)
    await redacting.follow(writing, room, placed.stored)
    return placed


async def restore(
    writing: Writing, room: Room, event: Event, gap: Mapping[str, View], position: int
) -> Stored | None:
    """Puts an event that was missing at a free position of the timeline, before those that follow it: what holds by
    now stays. None where it is there already, is not allowed, or something is missing."""
    unit = writing.unit
    known = await store.by_event_ids(unit, room.id, (event.event_id, *event.prev_events, *named_by(event)))
    own = known.pop(event.event_id, None)
    if own is not None and (own.placed or await states.is_known(unit, own)):
        return None
    if not known.keys() >= set(named_by(event)):
        return None
    try:
        view = await _before(writing, room, event, known, gap)
    except BadMatrix:
        return None
    verdict, _ = await _judge(writing, room, event, known, view, on_line=True)
    alone = event.prev_events[0] if len(event.prev_events) == 1 else ""
    parent = None if alone in gap else known.get(alone)
    if verdict != "placed":
        stored = await _hide(writing, room, event, own, verdict, view, parent)
        await redacting.follow(writing, room, stored)
        return None
    stored = own or (await outliers.keep(unit, room, {event.event_id: event}))[event.event_id]
    await append.put_before(writing, room, stored, position)
    stored = replace(stored, stream=position)
    await states.keep(unit, stored, view, parent)
    return stored


async def _before(
    writing: Writing, room: Room, event: Event, known: Mapping[str, Stored], gap: Mapping[str, View]
) -> View:
    """What held before an event that is on a branch of its own."""
    views = []
    for name in event.prev_events:
        view = gap.get(name)
        if view is None and name in known:
            view = await states.after(writing.unit, known[name])
        if view is None:
            raise BadMatrix(f"What the event follows is not known: {name}", errcode="M_NOT_FOUND")
        views.append(view)
    if not views:
        raise BadMatrix("The event follows nothing")
    return await states.meet(writing.unit, room, views)


async def _judge(
    writing: Writing, room: Room, event: Event, known: Mapping[str, Stored], view: View, on_line: bool
) -> tuple[Verdict, str]:
    """Checks 4 to 6."""
    unit, wanted = writing.unit, {*keys_of(event), CREATE}
    named = {name: each.event for name, each in known.items()}
    try:
        authorisation.check_alone(event, named, {name for name, each in known.items() if each.rejected})
        authorisation.check(event, authorisation.state_named(event, named))
        authorisation.check(event, store.as_state((await states.pick(unit, room.id, view, wanted)).values()))
    except NotAllowed as error:
        return "rejected", error.sentence
    try:
        if not on_line:
            authorisation.check(event, store.as_state((await store.state(unit, room.id, sorted(wanted))).values()))
    except NotAllowed as error:
        return "soft failed", error.sentence
    if not await redacting.reaches(writing, room, event):
        return "withheld", "It takes back nothing that is here"
    return "placed", ""


async def _hide(
    writing: Writing,
    room: Room,
    event: Event,
    own: Stored | None,
    verdict: Verdict,
    view: View,
    parent: Stored | None,
) -> Stored:
    """Keeps an event that nobody is shown, since others may follow it."""
    number = own.id if own else ids.new_id()
    rejected, soft = verdict == "rejected", verdict == "soft failed"
    stored = Stored(number, room.id, -number, "", "", 0, event, rejected)
    if own is None:
        await append.write_event(writing.unit, room, event, number, -number, rejected=rejected, soft_failed=soft)
    else:
        await writing.unit.run(
            "UPDATE chat_event SET rejected = ?, soft_failed = ? WHERE id = ?", int(rejected), int(soft), number
        )
    await states.keep(writing.unit, stored, view, parent)
    return stored


async def _take(
    writing: Writing,
    room: Room,
    event: Event,
    own: Stored | None,
    view: View,
    parent: Stored | None,
    on_line: bool,
    gap: Mapping[str, View],
) -> Stored:
    """Puts an event into the timeline, and into the state what follows."""
    unit, number = writing.unit, own.id if own else 0
    if on_line:
        replaces = 0
        if event.state_key is not None:
            replaces = (await states.numbers(unit, room.id, view, [event.key])).get(event.key, 0)
        stored = await append.show(writing, room, event, replaces, [event.event_id], number)
        if event.state_key is not None:
            await append.stand(writing, room, stored, stored.stream)
        return stored
    if gap:
        await unit.leap(room.account_id, SPARE)
    head = await states.now(unit, room)
    latest = await _latest(writing, room, event, gap)
    stored = await append.show(writing, room, event, 0, latest, number)
    await states.keep(unit, stored, view, parent)
    ends = await store.by_event_ids(unit, room.id, latest)
    views = []
    for name in latest:
        after = view.put(stored) if name == event.event_id else await states.after(unit, ends[name])
        assert after is not None, "a latest event has a state"
        views.append(after)
    await become(writing, room, await states.meet(unit, room, views), head, stored.stream)
    return stored


async def _latest(writing: Writing, room: Room, event: Event, gap: Mapping[str, View]) -> list[str]:
    """The latest events, with one more that is not on the line; the shallowest go where they are too many. An
    event that others follow already is none of them."""
    unit = writing.unit
    awaited = "FROM chat_awaited WHERE room = ? AND event_id = ? AND redaction = 0"
    if await unit.value(f"SELECT 1 {awaited}", room.id, event.event_id) is not None:
        await unit.run(f"DELETE {awaited}", room.id, event.event_id)
        return list(room.latest)
    await awaits(unit, room, gap)
    followed = await _followed(writing, room, event)
    return [*(name for name in room.latest if name not in followed), event.event_id][-PREV_EVENTS_LIMIT:]


async def awaits(unit: Unit, room: Room, names: Iterable[str]) -> None:
    """Notes that events of the timeline follow these, which are not here."""
    await unit.many(
        "INSERT INTO chat_awaited (room, event_id, redaction) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
        [(room.id, name) for name in names],
    )


async def _followed(writing: Writing, room: Room, event: Event) -> set[str]:
    """What an event follows, also by events that were not let in: those are not shown as the latest ones."""
    found, wanted = set(event.prev_events), set(event.prev_events)
    while wanted and len(found) < _MOST_FOLLOWED:
        known = await store.by_event_ids(writing.unit, room.id, wanted)
        wanted = {name for each in known.values() if not each.placed for name in each.event.prev_events} - found
        found |= wanted
    return found


async def become(writing: Writing, room: Room, view: View, head: View, stream: int) -> None:
    """Makes another state than `head` that of now, as of a position."""
    unit = writing.unit
    changed = await states.changes(unit, room.id, view, head)
    found = await store.by_numbers(unit, [number for number in changed.values() if number])
    for key, number in changed.items():
        if number:
            await append.stand(writing, room, found[number], stream)
        else:
            await append.fall(writing, room, key, stream)
