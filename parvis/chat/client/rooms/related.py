"""What is about an event, and threads (Matrix v1.19 Client-Server §Relationships API, §Querying threads in a
room)."""

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.client.rooms.asking import back, me, stream
from parvis.chat.rooms import history, related, showing, store
from parvis.kernel.errors import NotFound
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix


async def _relations(call: Call) -> Object:
    who, db = me(call), call.store.db
    room = await store.require(db, who.principal, call.params["roomId"])
    seen = await history.sight(db, room, who.user_id)
    if not seen.sees(await store.event_of(db, room, call.params["eventId"])):
        raise NotFound("no such event")
    recurse = call.query.get("recurse") == "true"
    page = await related.children(
        db,
        room,
        seen,
        call.params["eventId"],
        rel_type=call.params.get("relType", ""),
        kind=call.params.get("eventType", ""),
        recurse=recurse,
        back=back(call, "b"),
        start=stream(call, "from"),
        end=stream(call, "to"),
        limit=number(call.query, "limit", 5, 100, 1),
    )
    answer: Object = {"chunk": await showing.shown(db, who, page.events)}
    if recurse:
        answer["recursion_depth"] = related.MOST_HOPS
    if page.end is not None:
        answer["next_batch"] = page.end
    if call.query.get("from"):
        answer["prev_batch"] = call.query["from"]
    return answer


async def _threads(call: Call) -> Object:
    who, db = me(call), call.store.db
    include = call.query.get("include", "all")
    if include not in ("all", "participated"):
        raise BadMatrix("include is all or participated", errcode="M_INVALID_PARAM", field="include")
    room = await store.require(db, who.principal, call.params["roomId"])
    page = await related.threads(
        db,
        who,
        room,
        await history.sight(db, room, who.user_id),
        mine=include == "participated",
        before=stream(call, "from"),
        limit=number(call.query, "limit", 20, 100, 1),
    )
    answer: Object = {"chunk": await showing.shown(db, who, page.events)}
    if page.end is not None:
        answer["next_batch"] = page.end
    return answer


_EVENT = "/client/v1/rooms/{roomId}/relations/{eventId}"
ENDPOINTS = (
    Endpoint("GET", _EVENT, _relations),
    Endpoint("GET", f"{_EVENT}/{{relType}}", _relations),
    Endpoint("GET", f"{_EVENT}/{{relType}}/{{eventType}}", _relations),
    Endpoint("GET", "/client/v1/rooms/{roomId}/threads", _threads),
)
