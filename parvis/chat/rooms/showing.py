"""Events as clients see them, with what others say about them: edits, threads, references, what took them back
(Matrix v1.19 Client-Server §Aggregations of child events)."""

from collections.abc import Sequence
from typing import Any

from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.kernel import clock
from parvis.store.sql.contract import marks
from parvis.wire.matrix import client_format, relations
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.relations import Thread

_AT_ONCE = 200
_MOST_CHILDREN = 1_000


async def shown(
    db: store.Reader, me: Me, room: Room, events: Sequence[Stored], *, with_room: bool = True
) -> list[Object]:
    """Events of one room for one person. At most seven statements for 200 events."""
    found: list[Object] = []
    for start in range(0, len(events), _AT_ONCE):
        found += await _some(db, me, room, events[start : start + _AT_ONCE], with_room)
    return found


async def _some(db: store.Reader, me: Me, room: Room, events: Sequence[Stored], with_room: bool) -> list[Object]:
    now = clock.now_ms()
    replaced = await store.by_numbers(db, [each.replaces for each in events if each.replaces])
    because = await store.by_event_ids(db, room.id, [each.redacted_by for each in events if each.redacted_by])
    names = await _transactions(db, me, [each.event_id for each in events if each.event.sender == me.user_id])
    told = await _told(db, me, room, [each for each in events if each.event.state_key is None], now)
    found = []
    for each in events:
        unsigned: dict[str, Any] = {"transaction_id": names.get(each.event_id)}
        if (before := replaced.get(each.replaces)) is not None:
            unsigned["replaces_state"] = before.event_id
            unsigned["prev_content"] = before.event.content
            unsigned["prev_sender"] = before.event.sender
        if each.event_id in told:
            unsigned["m.relations"] = told[each.event_id]
        taken = because.get(each.redacted_by)
        if taken is not None:
            found.append(
                client_format.shown_redacted(
                    each.event, taken.event, now_ms=now, with_room=with_room, unsigned=unsigned
                )
            )
        else:
            found.append(client_format.shown(each.event, now_ms=now, with_room=with_room, unsigned=unsigned))
    return found


async def _transactions(db: store.Reader, me: Me, event_ids: Sequence[str]) -> dict[str, str]:
    if not event_ids or not me.device_id:
        return {}
    rows = await db.rows(
        f"""SELECT event, name FROM chat_transaction WHERE principal_id = ? AND device_id = ?
        AND event IN {marks(len(event_ids))}""",
        me.principal.id,
        me.device_id,
        *event_ids,
    )
    return {event: name.rpartition("\n")[2] for event, name in rows}


async def _told(
    db: store.Reader, me: Me, room: Room, events: Sequence[Stored], now: int
) -> dict[str, dict[str, Any]]:
    """`m.relations` of events, by id."""
    names = [each.event_id for each in events if not each.redacted_by]
    if not names:
        return {}
    children = await store.select(
        db,
        f"""e.relates_to IN {marks(len(names))} AND e.rel_type IN ('m.replace', 'm.reference') AND e.room = ?
        ORDER BY e.stream DESC LIMIT ?""",
        *names,
        room.id,
        _MOST_CHILDREN,
    )
    threads = await _threads(db, me, room, events, names)
    found = {}
    for each in events:
        of_it = [child.event for child in children if _target(child) == each.event_id]
        edit = relations.latest_replacement(each.event, of_it)
        thread = threads.get(each.event_id)
        references = [
            child.event_id
            for child in reversed(of_it)
            if relations.relation_names(child, "m.reference", each.event_id)
        ]
        said = relations.bundled(
            client_format.shown(edit, now_ms=now) if edit else None,
            thread,
            client_format.shown(thread.latest, now_ms=now) if thread else None,
            references,
        )
        if said:
            found[each.event_id] = said
    return found


def _target(stored: Stored) -> str:
    relation = relations.relation_of(stored.event.content)
    return relation.event_id if relation else ""


async def _threads(
    db: store.Reader, me: Me, room: Room, events: Sequence[Stored], names: Sequence[str]
) -> dict[str, Thread]:
    rows = await db.rows(
        f"""SELECT thread, COUNT(*), MAX(stream), MAX(CASE WHEN sender = ? THEN 1 ELSE 0 END) FROM chat_event
        WHERE room = ? AND thread IN {marks(len(names))} AND rel_type = 'm.thread' GROUP BY thread""",
        me.user_id,
        room.id,
        *names,
    )
    if not rows:
        return {}
    latest = {
        each.stream: each
        for each in await store.select(
            db, f"e.room = ? AND e.stream IN {marks(len(rows))}", room.id, *(row[2] for row in rows)
        )
    }
    senders = {each.event_id: each.event.sender for each in events}
    return {
        root: Thread(count, latest[stream].event, bool(own) or senders.get(root) == me.user_id)
        for root, count, stream, own in rows
        if stream in latest
    }
