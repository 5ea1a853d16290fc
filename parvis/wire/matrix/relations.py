"""Events that say something about other events: replies, edits, threads, annotations, references (Matrix v1.19
Client-Server §Forming relationships between events). What is gathered here is given as events that the one who asks
may see, without those of users that they ignore and without what was redacted."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from .canonical import Object
from .errors import BadMatrix
from .event import Event

THREAD_HOPS = 3
"""How far an event may be from the thread it belongs to (Matrix v1.19 Client-Server §Receiving notifications)."""


class Relation(msgspec.Struct, frozen=True):
    """What an event says about another."""

    rel_type: str
    """Empty for a reply and nothing else."""
    event_id: str
    """The event it is about; that which is replied to, for a reply."""
    key: str = ""
    """Of an annotation."""
    reply_to: str = ""
    falls_back: bool = False
    """Whether `reply_to` is only for those who do not know threads (Matrix v1.19 Client-Server §Fallback for
    unthreaded clients)."""


def relation_of(content: Object) -> Relation | None:
    """What an event with this content says about another; None also where it is not said as it should be."""
    given = content.get("m.relates_to")
    if not isinstance(given, dict):
        return None
    reply = given.get("m.in_reply_to")
    reply_to = reply.get("event_id") if isinstance(reply, dict) else None
    reply_to = reply_to if isinstance(reply_to, str) else ""
    rel_type, event_id, key = given.get("rel_type"), given.get("event_id"), given.get("key", "")
    if isinstance(rel_type, str) and rel_type and isinstance(event_id, str):
        falls_back = given.get("is_falling_back") is True
        return Relation(rel_type, event_id, key if isinstance(key, str) else "", reply_to, falls_back)
    return Relation("", reply_to, reply_to=reply_to) if reply_to else None


def check_new(kind: str, sender: str, content: Object, target: Event | None, present: Iterable[Event]) -> None:
    """Whether a client of ours may send an event about another. `present` are the annotations of it that there are.
    Raises BadMatrix (Matrix v1.19 Client-Server §Validation of m.thread relationships, §Avoiding duplicate
    annotations)."""
    relation = relation_of(content)
    if relation is None or target is None:
        return
    about = relation_of(target.content)
    if relation.rel_type == "m.thread" and about is not None and about.rel_type:
        raise BadMatrix("A thread does not begin at an event that is about another", errcode="M_UNKNOWN")
    if relation.rel_type == "m.annotation" and any(
        each.type == kind and each.sender == sender and relation_of(each.content) == relation for each in present
    ):
        raise BadMatrix("The annotation is there", errcode="M_DUPLICATE_ANNOTATION")


def is_replacement(original: Event, edit: Event) -> bool:
    """Whether one event is a valid edit of another (Matrix v1.19 Client-Server §Validity of replacement events). Of
    what is encrypted, `m.new_content` is not seen."""
    relation, about = relation_of(edit.content), relation_of(original.content)
    return (
        relation is not None
        and (relation.rel_type, relation.event_id) == ("m.replace", original.event_id)
        and (about is None or about.rel_type != "m.replace")
        and (original.room_id, original.sender, original.type) == (edit.room_id, edit.sender, edit.type)
        and original.state_key is None
        and edit.state_key is None
        and (edit.type == "m.room.encrypted" or isinstance(edit.content.get("m.new_content"), dict))
    )


def latest_replacement(original: Event, edits: Iterable[Event]) -> Event | None:
    """The edit that holds (Matrix v1.19 Client-Server §Server-side aggregation of m.replace relationships)."""
    valid = [each for each in edits if is_replacement(original, each)]
    return max(valid, key=lambda each: (each.origin_server_ts, each.event_id), default=None)


def edited(original: Object, edit: Object) -> Object:
    """The content of an event after an edit with this content (Matrix v1.19 Client-Server §Applying
    m.new_content)."""
    given = edit.get("m.new_content")
    found = (
        {name: value for name, value in given.items() if name != "m.relates_to"} if isinstance(given, dict) else {}
    )
    if "m.relates_to" in original:
        found["m.relates_to"] = original["m.relates_to"]
    return found


def annotations(target: Event, events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """How many people annotated an event with what, by type and key, the first first; nobody counts twice, and what
    edits or annotates is not annotated (Matrix v1.19 Client-Server §Event annotations and reactions)."""
    about = relation_of(target.content)
    if about is not None and about.rel_type in ("m.annotation", "m.replace"):
        return {}
    senders: dict[tuple[str, str], set[str]] = {}
    for event in events:
        relation = relation_of(event.content)
        if relation is not None and (relation.rel_type, relation.event_id) == ("m.annotation", target.event_id):
            senders.setdefault((event.type, relation.key), set()).add(event.sender)
    return {what: len(who) for what, who in senders.items()}


class Thread(msgspec.Struct, frozen=True):
    """A thread in short."""

    count: int
    latest: Event
    participated: bool
    """Whether who asks wrote in it, or began it."""


def thread(root: Event, events: Iterable[Event], user_id: str) -> Thread | None:
    """The thread that an event began; `events` are in the order of the room. None where there is none (Matrix v1.19
    Client-Server §Server-side aggregation of m.thread relationships)."""
    about = relation_of(root.content)
    if about is not None and about.rel_type:
        return None
    members = [each for each in events if relation_names(each, "m.thread", root.event_id)]
    if not members:
        return None
    participated = user_id == root.sender or any(each.sender == user_id for each in members)
    return Thread(len(members), members[-1], participated)


def relation_names(event: Event, rel_type: str, event_id: str) -> bool:
    """Whether an event says this about that one."""
    relation = relation_of(event.content)
    return relation is not None and (relation.rel_type, relation.event_id) == (rel_type, event_id)


def thread_of(event: Event, find: Callable[[str], Event | None]) -> str:
    """The root of the thread that an event belongs to; empty for the main timeline, and so for the root. `find`
    gives events by their ids (Matrix v1.19 Client-Server §Receiving notifications)."""
    place: Event | None = event
    for _ in range(THREAD_HOPS + 1):
        relation = relation_of(place.content) if place else None
        if relation is None or not relation.rel_type:
            return ""
        if relation.rel_type == "m.thread":
            return relation.event_id
        place = find(relation.event_id)
    return ""


def bundled(
    edit: Object | None, thread: Thread | None, latest: Object | None, references: Iterable[str]
) -> dict[str, Any]:
    """`m.relations` of an event: its edit as clients see it, its thread with the latest event of that as clients
    see it, and the events that refer to it (Matrix v1.19 Client-Server §Aggregations of child events). Empty where
    there is nothing."""
    found: dict[str, Any] = {}
    if edit is not None:
        found["m.replace"] = edit
    if thread is not None and latest is not None:
        found["m.thread"] = {
            "latest_event": latest,
            "count": thread.count,
            "current_user_participated": thread.participated,
        }
    if chunk := [{"event_id": event_id} for event_id in references]:
        found["m.reference"] = {"chunk": chunk}
    return found
