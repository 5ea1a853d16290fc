"""What somebody has not read of rooms that are open to it, for who sums it up: the same that is counted as unread,
whatever their push rules make of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from parvis.access import gate
from parvis.chat import kinds
from parvis.chat.rooms import receipts, store, unread
from parvis.chat.rooms.model import Me, Stored
from parvis.store.sql.contract import marks
from parvis.wire.matrix import relations

_ALL = 1 << 62
_MOST = 60
"""Messages of one room, the newest; more is not read for one summary."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Of one room: its messages, those of each topic together, the topic that began first before others; what is in
    none comes first."""

    room_id: str
    is_open: bool
    """Whether what is said there may be read for a summary; else there are no messages."""
    messages: list[Stored]


async def missed(db: store.Reader, me: Me, since: Mapping[str, str]) -> list[Missed]:
    """What is new in rooms that somebody is in, those in the given order. `since` says by room which event they had
    read last, where it is not to be the one that the server knows of; empty for that. Four statements."""
    rows = await db.rows(
        f"""SELECT r.room_id, r.id, r.kind, m.changed FROM chat_member m JOIN chat_room r ON r.id = m.room
        WHERE m.principal_id = ? AND m.membership = 'join' AND r.room_id IN {marks(len(since))}
        AND m.room IN {gate.VISIBLE}""",
        me.principal.id,
        *since,
        *gate.visible(me.principal),
    )
    places = {number: joined for _, number, kind, joined in rows if kinds.is_read(kind)}
    names = {number: room_id for room_id, number, _, _ in rows}
    reached = await receipts.reached(db, me, list(places)) if places else {}
    last = await _last(db, {number: since[names[number]] for number in places if since[names[number]]})
    for number, stream in last.items():
        reached[number] |= {"main": stream, "": min(stream, reached[number].get("", 0))}
    found = await unread.events_behind(db, me, places, reached, _ALL) if places else []
    kept = {number: [each for each in found if each.room == number and _is_said(each)] for number in places}
    known = {
        room_id: Missed(room_id, number in places, _sorted(kept.get(number, []))) for room_id, number, _, _ in rows
    }
    return [known[room_id] for room_id in since if room_id in known]


async def _last(db: store.Reader, wanted: Mapping[int, str]) -> dict[int, int]:
    """Where the events are that were read last, by room."""
    if not wanted:
        return {}
    found = await store.select(db, f"e.event_id IN {marks(len(wanted))}", *wanted.values())
    return {each.room: each.stream for each in found if wanted.get(each.room) == each.event_id}


def _is_said(stored: Stored) -> bool:
    relation = relations.relation_of(stored.event.content)
    return (
        stored.event.type == "m.room.message"
        and stored.event.state_key is None
        and not stored.redacted_by
        and (relation is None or relation.rel_type != "m.replace")
    )


def _sorted(messages: list[Stored]) -> list[Stored]:
    newest = sorted(messages, key=lambda each: each.stream)[-_MOST:]
    begun: dict[str, int] = {"": -1}
    for each in newest:
        begun.setdefault(each.thread, each.stream)
    return sorted(newest, key=lambda each: (begun[each.thread], each.stream))
