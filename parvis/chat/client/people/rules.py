"""Push rules and pushers (Matrix v1.19 Client-Server §Push Notifications)."""

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.people import pushers, rules, streams
from parvis.wire.matrix import push_gateway
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.push_rules import RuleSet

_RULE = "/client/v3/pushrules/global/{kind}/{ruleId}"


async def _all(call: Call) -> Object:
    return streams.rules_shown(call.server, call.who, await rules.of(call.store.db, call.who))


async def _global(call: Call) -> Object:
    found: Object = (await _all(call))["global"]
    return found


async def _get(call: Call) -> Object:
    found = await rules.of(call.store.db, call.who)
    return found.get(call.user_id, call.params["kind"], call.params["ruleId"])


async def _enabled(call: Call) -> Object:
    return {"enabled": (await _get(call))["enabled"]}


async def _actions(call: Call) -> Object:
    return {"actions": (await _get(call))["actions"]}


async def _changed(call: Call, how: Callable[[RuleSet], RuleSet]) -> Object:
    await rules.change(call.server, call.who, how)
    return {}


async def _put(call: Call) -> Object:
    body, (kind, rule_id) = await call.json(strict=False), _named(call)
    before, after = call.query.get("before", ""), call.query.get("after", "")
    return await _changed(call, lambda found: found.put(kind, rule_id, body, before=before, after=after))


async def _delete(call: Call) -> Object:
    kind, rule_id = _named(call)
    return await _changed(call, lambda found: found.delete(kind, rule_id))


async def _enable(call: Call) -> Object:
    body, (kind, rule_id) = await call.json(strict=False), _named(call)
    return await _changed(call, lambda found: found.enable(kind, rule_id, body.get("enabled")))


async def _act(call: Call) -> Object:
    body, (kind, rule_id) = await call.json(strict=False), _named(call)
    return await _changed(call, lambda found: found.act(kind, rule_id, body.get("actions")))


def _named(call: Call) -> tuple[str, str]:
    return call.params["kind"], call.params["ruleId"]


async def _pushers(call: Call) -> Object:
    return {"pushers": await pushers.of(call.store.db, call.who)}


async def _set_pusher(call: Call) -> Object:
    """Keeps one for the device; `kind` null takes it away."""
    body, device_id = await call.json(strict=False), call.own_device()
    app_id, pushkey = text(body, "app_id", limit=64), text(body, "pushkey", limit=512)
    if "kind" in body and body["kind"] is None:
        await pushers.remove(call.store, call.who.id, app_id, pushkey)
        return {}
    if text(body, "kind") != "http":
        raise BadMatrix("Only by http", errcode="M_INVALID_PARAM", field="kind")
    kept = _pusher(body)
    await pushers.put(call.store, call.who, device_id, kept, append=body.get("append") is True)
    return {}


def _pusher(body: Object) -> Object:
    data = body.get("data")
    if not isinstance(data, dict) or len(msgspec.json.encode(data)) > 8_192:
        raise BadMatrix("data is missing", errcode="M_MISSING_PARAM", field="data")
    url = urlsplit(str(data.get("url", "")))
    if url.scheme != "https" or url.path != push_gateway.PATH:
        raise BadMatrix(f"Not an address of https that ends in {push_gateway.PATH}", errcode="M_INVALID_PARAM")
    names = ("app_id", "pushkey", "kind", "app_display_name", "device_display_name", "lang")
    found: Object = {name: text(body, name) for name in names}
    if body.get("profile_tag") is not None:
        found["profile_tag"] = text(body, "profile_tag", limit=32)
    return found | {"data": data}


ENDPOINTS = (
    Endpoint("GET", "/client/v3/pushrules/", _all),
    Endpoint("GET", "/client/v3/pushrules", _all),
    Endpoint("GET", "/client/v3/pushrules/global/", _global),
    Endpoint("GET", _RULE, _get),
    Endpoint("PUT", _RULE, _put),
    Endpoint("DELETE", _RULE, _delete),
    Endpoint("GET", f"{_RULE}/enabled", _enabled),
    Endpoint("PUT", f"{_RULE}/enabled", _enable),
    Endpoint("GET", f"{_RULE}/actions", _actions),
    Endpoint("PUT", f"{_RULE}/actions", _act),
    Endpoint("GET", "/client/v3/pushers", _pushers),
    Endpoint("POST", "/client/v3/pushers/set", _set_pusher),
)
