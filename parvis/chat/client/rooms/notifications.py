"""GET /notifications (Matrix v1.19 Client-Server §Listing Notifications)."""

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.client.rooms.asking import me
from parvis.chat.people import wishes
from parvis.chat.rooms import notified, showing
from parvis.kernel import ids
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix


async def _notifications(call: Call) -> Object:
    who, db, query = me(call), call.store.db, call.query
    found, after = await notified.page(
        db,
        call.server.account_id,
        who,
        await wishes.of(db, call.who),
        before=_before(query.get("from", "")),
        limit=number(query, "limit", 20, 100, 1),
        highlight="highlight" in query.get("only", "").split(","),
    )
    shown = await showing.shown(db, who, [each.stored for each in found], with_room=False)
    answer: Object = {
        "notifications": [
            {
                "actions": each.outcome.actions,
                "event": event,
                "read": each.read,
                "room_id": each.room.room_id,
                "ts": each.stored.event.origin_server_ts,
            }
            for each, event in zip(found, shown, strict=True)
        ]
    }
    return answer if after is None else answer | {"next_token": ids.text(after)}


def _before(token: str) -> int | None:
    found = ids.parse(token) if token else None
    if token and found is None:
        raise BadMatrix("Not a position that was given", errcode="M_INVALID_PARAM", field="from")
    return found


ENDPOINTS = (Endpoint("GET", "/client/v3/notifications", _notifications),)
