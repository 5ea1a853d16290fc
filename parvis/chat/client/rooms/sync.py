"""GET /sync: what is new, at once when something is, else as soon as it comes (Matrix v1.19 Client-Server
§Syncing). Nobody who waits asks the database; the bus wakes them."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.client.people.data import stored_filter
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.client.rooms.tracking import device_lists
from parvis.chat.people.streams import Own
from parvis.chat.rooms import store, tokens
from parvis.chat.rooms.digest import Asking
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.sharing import Moved
from parvis.chat.rooms.tokens import Position
from parvis.kernel import clock
from parvis.wire.matrix import canonical, filters
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.filters import Filter, Sieve

_LONGEST_MS = 60_000
_SHORT = 2_000
"""Characters of a filter that is kept for others who ask for the same."""


async def _sync(call: Call) -> Object:
    found, wanted = rooms(call), await _filter(call)
    since = tokens.read(call.query["since"]) if call.query.get("since") else None
    full = call.query.get("full_state") == "true"
    await found.presence.seen(call.who.id, call.query.get("set_presence", "online"))
    until = clock.monotonic() + number(call.query, "timeout", 0, _LONGEST_MS) / 1000
    with found.wakes.waiting(call.who.id) as waiting:
        while True:
            waiting.begin()
            call.admitted()
            answer, present, new = await _once(call, found, since, wanted, full, waiting.only)
            left = until - clock.monotonic()
            if since is None or full or new or left <= 0 or found.wakes.closed:
                return answer
            since = present
            if not await call.request.wait(waiting.come, left):
                return answer


async def _once(
    call: Call,
    found: Rooms,
    since: Position | None,
    wanted: Filter,
    full: bool,
    wait_for: Callable[[Iterable[int]], None],
) -> tuple[Object, Position, bool]:
    """The answer as of now, where it ends, and whether anything in it is new."""
    who, serial, db, after = me(call), found.serials.now, call.store.db, since.own if since else None
    upto, place = await found.positions(call.who)
    joined = await found.sync.joined(who)
    wait_for(each.room for each in joined)
    own = await found.streams.since(call.who, call.device, after, place)
    if own.is_empty and since == (upto, own.position, serial) and not full:  # no clock has moved
        answer: Object = {"next_batch": since.text}
        _own(answer, own, wanted)
        return answer, since, False
    mine = await found.streams.wishes(call.who, place)
    asking = Asking(who, since, upto, wanted, full, mine)
    news = await found.sync.rooms(asking, joined)
    present = Position(upto, own.position, serial)
    answer = {"next_batch": present.text}
    _own(answer, own, wanted)
    if own.room_account_data:
        known = {room.room_id for room in (await store.rooms_by_ids(db, [each.room for each in joined])).values()}
        sieve = Sieve(wanted.room.account_data)
        for room_id in own.room_account_data.keys() & known:
            told = [each for each in own.room_account_data[room_id] if sieve.takes(each)]
            news.rooms.setdefault("join", {}).setdefault(room_id, {})["account_data"] = {"events": told}
    if news.rooms:
        answer["rooms"] = news.rooms
    moved = Moved(news.moved, since.stream) if since else None
    if told := await found.presence.since(call.who, since.typing if since else 0, moved):
        sieve = Sieve(wanted.presence)
        answer["presence"] = {"events": [each for each in told if sieve.takes(each)]}
    if since is not None and (lists := await device_lists(call, own, news.encrypted, since.stream, upto)):
        answer["device_lists"] = lists
    return answer, present, bool(answer.keys() & {"account_data", "to_device", "rooms", "device_lists", "presence"})


def _own(answer: Object, own: Own, wanted: Filter) -> None:
    sieve = Sieve(wanted.account_data)
    if told := [each for each in own.account_data if sieve.takes(each)]:
        answer["account_data"] = {"events": told}
    if own.to_device:
        answer["to_device"] = {"events": list(own.to_device)}
    answer["device_one_time_keys_count"] = dict(own.one_time_key_counts)
    answer["device_unused_fallback_key_types"] = list(own.unused_fallback_key_types)


async def _filter(call: Call) -> Filter:
    text = call.query.get("filter", "")
    if not text:
        return Filter()
    if not text.startswith("{"):
        return filters.read(await stored_filter(call, text))
    return _shared(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> Filter:
    return filters.read(canonical.decode(text.encode()))


_shared = lru_cache(maxsize=100)(_read)
"""All clients of one make ask for the same, and those who wait keep it."""


ENDPOINTS = (Endpoint("GET", "/client/v3/sync", _sync),)
