"""Account data, tags and filters (Matrix v1.19 Client-Server §Client Config, §Room Tagging, §Filtering)."""

import base64
import hashlib

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.people import data, rules, streams
from parvis.kernel.errors import NotFound
from parvis.serve.http.exchange import Response, answer
from parvis.store.unit import Unit
from parvis.wire.matrix import canonical, filters, identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_OURS = (rules.TYPE, "m.fully_read")
"""What has endpoints of its own."""
_LIMIT = 262_144
"""Bytes of an entry."""
_TAGS, _TAG_BYTES, _ALL_TAGS = "m.tag", 255, 100
_FILTERS = 1_000


def _place(call: Call) -> tuple[str, str]:
    """Type and room of the path."""
    call.only_self()
    room, kind = call.params.get("roomId", data.GLOBAL), call.params["type"]
    if room:
        identifiers.room_id(room, "roomId")
    if len(kind.encode()) > identifiers.LENGTH_LIMIT:
        raise BadMatrix("Too long a type", errcode="M_INVALID_PARAM", field="type")
    return kind, room


async def _get(call: Call) -> Object:
    kind, room = _place(call)
    if kind == rules.TYPE and not room:
        return streams.rules_shown(call.server, call.who, await rules.of(call.store.db, call.who))
    return await data.get(call.store.db, call.who, kind, room)


async def _put(call: Call) -> Object | Response:
    kind, room = _place(call)
    content = await call.json(limit=_LIMIT, strict=False)
    if kind in _OURS:
        return answer({"errcode": "M_BAD_JSON", "error": f"{kind} is not set here"}, 405)
    await call.store.write(lambda unit: data.put(unit, call.who, kind, content, room))
    return {}


async def _tags(call: Call) -> Object:
    call.only_self()
    try:
        found = await data.get(call.store.db, call.who, _TAGS, identifiers.room_id(call.params["roomId"]))
    except NotFound:
        return {"tags": {}}
    return {"tags": found.get("tags", {})}


async def _put_tag(call: Call) -> Object:
    body = await call.json(strict=False, optional=True)
    order = body.get("order")
    if order is not None and (isinstance(order, bool) or not isinstance(order, int | float)):
        raise BadMatrix("order is no number", errcode="M_INVALID_PARAM", field="order")
    await _change_tags(call, body)
    return {}


async def _delete_tag(call: Call) -> Object:
    await _change_tags(call, None)
    return {}


async def _change_tags(call: Call, body: Object | None) -> None:
    call.only_self()
    room, tag = identifiers.room_id(call.params["roomId"]), call.params["tag"]
    if len(tag.encode()) > _TAG_BYTES:
        raise BadMatrix(f"More than {_TAG_BYTES} bytes", errcode="M_INVALID_PARAM", field="tag")

    async def work(unit: Unit) -> None:
        try:
            tags = dict((await data.get(unit, call.who, _TAGS, room)).get("tags", {}))
        except NotFound:
            tags = {}
        if body is None and tag not in tags:
            return
        tags.pop(tag, None)
        if body is not None:
            tags[tag] = body
        if len(tags) > _ALL_TAGS:
            raise BadMatrix(f"More than {_ALL_TAGS} tags", errcode="M_TOO_LARGE")
        await data.put(unit, call.who, _TAGS, {"tags": tags}, room)

    await call.store.write(work)


async def _put_filter(call: Call) -> Object:
    """The same filter has the same id."""
    call.only_self()
    content = await call.json(strict=False, limit=filters.SIZE_LIMIT)
    filters.read(content)
    text = canonical.encode(content, strict=False)
    name = base64.urlsafe_b64encode(hashlib.sha256(text).digest()[:15]).decode()

    async def work(unit: Unit) -> None:
        count = await unit.value("SELECT COUNT(*) FROM chat_filter WHERE principal_id = ?", call.who.id)
        if int(count or 0) >= _FILTERS:
            await unit.run("DELETE FROM chat_filter WHERE principal_id = ?", call.who.id)
        await unit.run(
            """INSERT INTO chat_filter (principal_id, filter_id, content) VALUES (?, ?, ?)
            ON CONFLICT (principal_id, filter_id) DO NOTHING""",
            call.who.id,
            name,
            text.decode(),
        )

    await call.store.write(work)
    return {"filter_id": name}


async def stored_filter(call: Call, filter_id: str) -> Object:
    """A filter that the caller has put here. Raises NotFound."""
    found = await call.store.db.value(
        "SELECT content FROM chat_filter WHERE principal_id = ? AND filter_id = ?", call.who.id, filter_id
    )
    if found is None:
        raise NotFound("no such filter")
    content: Object = canonical.decode(str(found).encode(), strict=False)
    return content


async def _get_filter(call: Call) -> Object:
    call.only_self()
    return await stored_filter(call, call.params["filterId"])


_USER = "/client/v3/user/{userId}"
ENDPOINTS = (
    Endpoint("GET", f"{_USER}/account_data/{{type}}", _get),
    Endpoint("PUT", f"{_USER}/account_data/{{type}}", _put),
    Endpoint("GET", f"{_USER}/rooms/{{roomId}}/account_data/{{type}}", _get),
    Endpoint("PUT", f"{_USER}/rooms/{{roomId}}/account_data/{{type}}", _put),
    Endpoint("GET", f"{_USER}/rooms/{{roomId}}/tags", _tags),
    Endpoint("PUT", f"{_USER}/rooms/{{roomId}}/tags/{{tag}}", _put_tag),
    Endpoint("DELETE", f"{_USER}/rooms/{{roomId}}/tags/{{tag}}", _delete_tag),
    Endpoint("POST", f"{_USER}/filter", _put_filter),
    Endpoint("GET", f"{_USER}/filter/{{filterId}}", _get_filter),
)
