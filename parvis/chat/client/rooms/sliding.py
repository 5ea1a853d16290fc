"""POST …/org.matrix.simplified_msc3575/sync: the rooms that a client looks at, and what is new in them, in the
order in which something happened (MSC4186)."""

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.client.rooms import extensions
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.client.rooms.extensions import Moment
from parvis.chat.people import streams, wishes
from parvis.chat.rooms import windows
from parvis.chat.rooms.connections import Connection, Sent
from parvis.chat.rooms.sliding import Asking
from parvis.chat.rooms.tokens import Position
from parvis.kernel import clock
from parvis.wire.matrix import sliding
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.sliding import Request

_LONGEST_MS = 60_000
FEATURE = "org.matrix.simplified_msc3575"


async def _sync(call: Call) -> Object:
    request = sliding.read(await call.json(optional=True, strict=False))
    found, pos = rooms(call), call.query.get("pos", "")
    connection = found.connections.of(me(call), request.conn_id, pos)
    await found.presence.seen(call.who.id, call.query.get("set_presence", "online"))
    until = clock.monotonic() + number(call.query, "timeout", 0, _LONGEST_MS) / 1000
    with found.wakes.waiting(call.who.id) as waiting:
        while True:
            waiting.begin()
            call.admitted()
            waiting.only((await found.rosters.of(me(call), await found.position())).places)
            answer, present, told, new = await _once(call, request, connection)
            left = until - clock.monotonic()
            if not pos or new or left <= 0 or found.wakes.closed:
                answer["pos"] = connection.answer(present, told)
                return answer
            if not await call.request.wait(waiting.come, left):
                answer["pos"] = connection.answer(present, told)
                return answer


async def _once(
    call: Call, request: Request, connection: Connection
) -> tuple[Object, Position, dict[int, Sent | None], bool]:
    """The answer as of now, where it ends, what the client has of rooms then, and whether anything is new."""
    found, who, db, since = rooms(call), me(call), call.store.db, connection.since
    upto, serial = await found.position(), found.serials.now
    own = await streams.since(call.server, call.who, "", since.own if since else None)
    present = Position(upto, own.position, serial)
    roster, known = await found.rosters.of(who, upto), await windows.known(db, who, request)
    wanted, counts = windows.wanted(request, roster, known)
    mine = await wishes.of(db, call.who)
    asking = Asking(who, connection, upto, mine, known.direct)
    told, sent = await found.sliding.rooms(asking, roster, wanted)
    beside, new = await extensions.told(call, request, Moment(since, present, roster, wanted, told, own))
    answer: Object = {
        "lists": {name: {"count": count} for name, count in counts.items()},
        "rooms": told,
        "extensions": beside,
    }
    if request.txn_id is not None:
        answer["txn_id"] = request.txn_id
    return answer, present, sent, new or bool(told)


ENDPOINTS = (Endpoint("POST", f"/client/unstable/{FEATURE}/sync", _sync),)
