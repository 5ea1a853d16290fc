"""Events that are known only because others name them: what allows an event, or the state of a room that is joined.
They stand nowhere in the timeline."""

from collections.abc import Mapping

from parvis.chat.rooms import append, store
from parvis.chat.rooms.chains import named_by
from parvis.chat.rooms.model import Room, Stored
from parvis.kernel import ids
from parvis.store.unit import Unit
from parvis.wire.matrix import authorisation
from parvis.wire.matrix.errors import NotAllowed
from parvis.wire.matrix.event import Event


def eldest_first(events: Mapping[str, Event]) -> list[Event]:
    """Events, each behind those of them that allow it. Those that name each other in a ring are left out."""
    waiting = {name: [each for each in named_by(event) if each in events] for name, event in events.items()}
    naming: dict[str, list[str]] = {}
    for name, named in waiting.items():
        for each in named:
            naming.setdefault(each, []).append(name)
    left = {name: len(named) for name, named in waiting.items()}
    ready = [name for name, count in left.items() if not count]
    order = []
    while ready:
        name = ready.pop()
        order.append(events[name])
        for each in naming.get(name, ()):
            left[each] -= 1
            if not left[each]:
                ready.append(each)
    return order


async def keep(unit: Unit, room: Room, events: Mapping[str, Event]) -> dict[str, Stored]:
    """Keeps events whose hashes and signatures were checked, each judged by those that it names. Returns those of
    them that are here by now, with what was known before; what names something that is not here is left out."""
    named = {name for event in events.values() for name in named_by(event)}
    known = await store.by_event_ids(unit, room.id, {*events, *named})
    new: list[tuple[int, Event, bool]] = []
    for event in eldest_first(events):
        if event.event_id in known or not known.keys() >= set(named_by(event)) or event.room_id != room.room_id:
            continue
        number, rejected = ids.new_id(), not _is_allowed(event, known)
        new.append((number, event, rejected))
        known[event.event_id] = Stored(number, room.id, -number, "", "", 0, event, rejected)
    await append.write_outliers(unit, room, new)
    return {name: known[name] for name in events if name in known}


def _is_allowed(event: Event, known: Mapping[str, Stored]) -> bool:
    allowing = {name: known[name] for name in named_by(event)}
    named = {name: each.event for name, each in allowing.items()}
    try:
        authorisation.check_alone(event, named, {name for name, each in allowing.items() if each.rejected})
        authorisation.check(event, authorisation.state_named(event, named))
    except NotAllowed:
        return False
    return True
