"""Foo/query and Foo/queryChanges for any kind. RFC 8620 §5.5, §5.6"""

from collections.abc import Sequence

from parvis.kernel import ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import read_filter, read_sort
from parvis.serve.jmap.kind import Kind, Page, Query, Window
from parvis.serve.jmap.reading import log_since, state
from parvis.serve.jmap.standing import Since, Standing, read_state, standing
from parvis.serve.jmap.types import Object
from parvis.store import changes

_MOST_CHANGES = 20_000


def read_query(kind: Kind, call: Call) -> Query:
    """The question of a /query or /queryChanges."""
    arguments = call.arguments
    return Query(read_filter(kind, arguments.filter), read_sort(kind, arguments.sort), arguments)


def read_window(call: Call) -> Window:
    """The wanted part. Raises MethodError anchorNotFound for an anchor that is none of our ids."""
    arguments = call.arguments
    anchor = None
    if arguments.anchor is not None:
        anchor = call.number(arguments.anchor)
        if anchor is None:
            raise MethodError("anchorNotFound", "no such id in the result")
    return Window(arguments.position, anchor, arguments.anchor_offset, arguments.limit, arguments.calculate_total)


def cut(found: Sequence[int], window: Window) -> Page:
    """The part of a whole result that a window wants. Raises MethodError anchorNotFound."""
    if window.anchor is not None:
        try:
            start = max(0, found.index(window.anchor) + window.anchor_offset)
        except ValueError:
            raise MethodError("anchorNotFound", "no such id in the result") from None
    elif window.position < 0:
        start = max(0, len(found) + window.position)
    else:
        start = window.position
    end = None if window.limit is None else start + window.limit
    return Page(list(found[start:end]), start, len(found))


async def query(kind: Kind, call: Call) -> Object:
    """RFC 8620 §5.5"""
    question = read_query(kind, call)
    window = read_window(call)
    present = await state(kind, call)
    if kind.page is not None:
        page = await kind.page(call, question, window)
    else:
        assert kind.query is not None
        page = cut(await kind.query(call, question), window)
    answer: Object = {
        "accountId": ids.text(call.account_id),
        "queryState": present,
        "canCalculateChanges": can_calculate(kind, question),
        "position": page.position,
        "ids": [ids.text(number) for number in page.ids],
    }
    if window.total:
        answer["total"] = page.total
    return answer


def can_calculate(kind: Kind, question: Query) -> bool:
    """canCalculateChanges."""
    return kind.query is not None and kind.state is None and kind.calculable(question)


async def query_changes(kind: Kind, call: Call) -> Object:
    """RFC 8620 §5.6: the present result beside the change log. Whatever changed may have left its place, so it is
    removed and, when it is in the result now, added at its index."""
    question = read_query(kind, call)
    if not can_calculate(kind, question):
        raise MethodError("cannotCalculateChanges", "not for this filter and sort")
    found, result, now = await _present(kind, call, question)
    moved = await _moved(kind, call, question, found)
    place = {number: index for index, number in enumerate(result)}
    end = _end(kind, call, question, place)
    removed = sorted(moved | set(found.destroyed))
    added = sorted((place[n], n) for n in moved | set(found.created) if n in place and place[n] <= end)
    total = len(result) if call.arguments.calculate_total else None
    return changes_answer(call, now.at(found.new_state), removed, added, total)


def changes_answer(
    call: Call, reached: str, removed: Sequence[int], added: Sequence[tuple[int, int]], total: int | None
) -> Object:
    """The answer of /queryChanges; `added` are places and ids in order. Raises MethodError tooManyChanges."""
    most = call.arguments.max_changes
    if most is not None and len(removed) + len(added) > most:
        raise MethodError("tooManyChanges", f"there are {len(removed) + len(added)} changes")
    answer: Object = {
        "accountId": ids.text(call.account_id),
        "oldQueryState": call.arguments.since_query_state,
        "newQueryState": reached,
        "removed": [ids.text(number) for number in removed],
        "added": [{"id": ids.text(number), "index": index} for index, number in added],
    }
    return answer if total is None else answer | {"total": total}


async def _present(kind: Kind, call: Call, question: Query) -> tuple[changes.Changes, Sequence[int], Standing]:
    """The log since the client's state and the result at its end; read again when something changed meanwhile."""
    assert kind.query is not None
    while True:
        now = await standing(kind, call)
        since = read_state(call.arguments.since_query_state, now.modseq, now.sight)
        found = await log_since(kind, call, now, Since(since.reached, None), _MOST_CHANGES)
        if found.has_more:
            raise MethodError("cannotCalculateChanges", "too much has changed")
        result: Sequence[int] = ()
        if found.new_state > since.reached or call.arguments.calculate_total:
            result = await kind.query(call, question)
        after = await standing(kind, call)
        if (after.modseq, after.sight) == (found.new_state, now.sight):
            return found, result, now


async def _moved(kind: Kind, call: Call, question: Query, found: changes.Changes) -> set[int]:
    """What may have been in the old result and may be elsewhere, or gone, in the new one."""
    moved = set() if kind.fixed(question) else set(found.updated)
    if kind.affected is not None and (found.created or found.updated or found.destroyed):
        moved |= await kind.affected(call, question, found)
    return moved


def _end(kind: Kind, call: Call, question: Query, place: dict[int, int]) -> float:
    """The last index the client cares about: upToId counts only when nothing in the result can move."""
    up_to = call.arguments.up_to_id
    number = call.number(up_to) if up_to is not None else None
    if number is None or kind.affected is not None or not kind.fixed(question):
        return float("inf")
    return place.get(number, float("inf"))
