"""Events as clients see them, with what others say about them: edits, threads, references, what took them back
(Matrix v1.19 Client-Server §Aggregations of child events)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.chat.rooms import store
from parvis.chat.rooms.model import NOBODY, Me, Stored
from parvis.chat.rooms.shared import Shared
from parvis.kernel import clock
from parvis.store.sql.contract import marks
from parvis.wire.matrix import client_format, relations
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.relations import Thread

_AT_ONCE = 1_000
_MOST_CHILDREN = 1_000


async def shown(db: store.Reader, me: Me, events: Sequence[Stored], *, with_room: bool = True) -> list[Object]:
    """Events, of whichever rooms, for one person. At most six statements for 1,000 events."""
    found: list[Object] = []
    for start in range(0, len(events), _AT_ONCE):
        found += await _some(db, me, events[start : start + _AT_ONCE], with_room)
    return found


async def whole(db: store.Reader, me: Me, events: Sequence[Stored]) -> dict[int, Any]:
    """The same as servers pass them on, by rows."""
    found = zip(events, await shown(db, me, events), strict=True)
    return {each.id: client_format.whole(each.event, told) for each, told in found}


async def told(
    db: store.Reader, me: Me, own: Sequence[Stored], alike: Sequence[Stored], upto: int, shared: Shared
) -> dict[int, Any]:
    """The same for `/sync`, by rows, without their rooms: `own` read for this person alone, `alike` as it is told
    as of this position to all but those who said it themselves or take part in threads below."""
    others = [each for each in alike if each.event.sender != me.user_id]
    found: dict[int, Any] = {}
    if others:
        key = ("shown", tuple(each.id for each in others), upto)
        for number, text in (await shared.of(key, lambda: _alike(db, others))).items():
            found[number] = text
    left = [*own, *(each for each in alike if each.id not in found)]
    return found | dict(zip([each.id for each in left], await shown(db, me, left, with_room=False), strict=True))


async def _alike(db: store.Reader, events: Sequence[Stored]) -> dict[int, msgspec.Raw]:
    """Events as bytes, save those of which something is told to each person differently."""
    found = zip(events, await shown(db, NOBODY, events, with_room=False), strict=True)
    return {
        each.id: msgspec.Raw(msgspec.json.encode(text))
        for each, text in found
        if "m.thread" not in text.get("unsigned", {}).get("m.relations", {})
    }


async def _some(db: store.Reader, me: Me, events: Sequence[Stored], with_room: bool) -> list[Object]:
    now = clock.now_ms()
    replaced = await store.by_numbers(db, [each.replaces for each in events if each.replaces])
    because = await _because(db, events)
    own = [each for each in events if each.event.sender == me.user_id and each.event.state_key is None]
    names = await _transactions(db, me, [each.event_id for each in own])
    told = await _told(db, me, [each for each in events if each.event.state_key is None], now)
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


async def _because(db: store.Reader, events: Sequence[Stored]) -> dict[str, Stored]:
    """What took events back, by id."""
    names = [each.redacted_by for each in events if each.redacted_by]
    if not names:
        return {}
    return {each.event_id: each for each in await store.select(db, f"e.event_id IN {marks(len(names))}", *names)}


async def _transactions(db: store.Reader, me: Me, event_ids: Sequence[str]) -> dict[str, str]:
    if not event_ids:
        return {}
    rows = await db.rows(
        f"""SELECT event, name FROM chat_transaction WHERE principal_id = ? AND device_id = ?
        AND event IN {marks(len(event_ids))}""",
        me.principal.id,
        me.device_id,
        *event_ids,
    )
    return {event: name.rpartition("\n")[2] for event, name in rows}


async def _told(db: store.Reader, me: Me, events: Sequence[Stored], now: int) -> dict[str, dict[str, Any]]:
    """`m.relations` of events, by id."""
    names = [each.event_id for each in events if not each.redacted_by]
    if not names:
        return {}
    children = await store.select(
        db,
        f"""e.relates_to IN {marks(len(names))} AND e.relates_to <> ''
        AND e.rel_type IN ('m.replace', 'm.reference') ORDER BY e.stream DESC LIMIT ?""",
        *names,
        _MOST_CHILDREN,
    )
    about: dict[tuple[int, str], list[Event]] = defaultdict(list)
    for child in children:
        about[child.room, _target(child)].append(child.event)
    threads = await _threads(db, me, events, names)
    found = {}
    for each in events:
        of_it = about[each.room, each.event_id]
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


async def _threads(db: store.Reader, me: Me, events: Sequence[Stored], names: Sequence[str]) -> dict[str, Thread]:
    rooms = sorted({each.room for each in events})
    rows = await db.rows(
        f"""SELECT room, thread, COUNT(*), MAX(stream), MAX(CASE WHEN sender = ? THEN 1 ELSE 0 END) FROM chat_event
        WHERE room IN {marks(len(rooms))} AND thread IN {marks(len(names))} AND thread <> ''
        AND rel_type = 'm.thread' GROUP BY room, thread""",
        me.user_id,
        *rooms,
        *names,
    )
    if not rows:
        return {}
    latest = {
        (each.room, each.stream): each
        for each in await store.select(
            db,
            f"(e.room, e.stream) IN (VALUES {', '.join(['(CAST(? AS BIGINT), CAST(? AS BIGINT))'] * len(rows))})",
            *(number for row in rows for number in (row[0], row[3])),
        )
    }
    roots = {(each.room, each.event_id): each.event.sender for each in events}
    return {
        root: Thread(count, latest[room, stream].event, bool(own) or roots[room, root] == me.user_id)
        for room, root, count, stream, own in rows
        if (room, stream) in latest and (room, root) in roots
    }
