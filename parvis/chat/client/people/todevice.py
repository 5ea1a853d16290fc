"""Messages to devices (Matrix v1.19 Client-Server §Send-to-Device messaging)."""

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.people import todevice
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_LIMIT = 12_000_000
_NAME = 255


async def _send(call: Call) -> Object:
    messages = (await call.json(limit=_LIMIT)).get("messages")
    if not isinstance(messages, dict) or not all(_whole(each) for each in messages.values()):
        raise BadMatrix("Not messages by user and device", errcode="M_BAD_JSON", field="messages")
    kind, name = call.params["eventType"], identifiers.transaction_id(call.params["txnId"])
    if len(kind) > _NAME:
        raise BadMatrix(f"More than {_NAME} characters", errcode="M_INVALID_PARAM", field="eventType")
    found = await call.server.users.principals(call.store.db, messages)
    by_person = {who.id: messages[user] for user, who in found.items()}
    others = {user: each for user, each in messages.items() if not call.server.users.is_here(user)}
    for user in others:
        identifiers.user_id(user)
    await todevice.send(call.server, call.who, call.own_device(), f"{kind} {name}", kind, by_person, others)
    return {}


def _whole(of_user: object) -> bool:
    return isinstance(of_user, dict) and all(isinstance(each, dict) for each in of_user.values())


ENDPOINTS = (Endpoint("PUT", "/client/v3/sendToDevice/{eventType}/{txnId}", _send),)
