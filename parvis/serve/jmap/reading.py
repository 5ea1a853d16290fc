"""Foo/get and Foo/changes for any kind. RFC 8620 §5.1, §5.2"""

from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import SINGLETON, Kind
from parvis.serve.jmap.standing import Since, Standing, read_state, standing
from parvis.serve.jmap.types import Object
from parvis.serve.jmap.values import declared, outside
from parvis.store import changes
from parvis.store.changes import Changes

_MOST_CHANGES = 5000
MOST_PROPERTIES = 500


async def state(kind: Kind, call: Call) -> str:
    """The state string of a kind in the call's account."""
    if kind.state is not None:
        return await kind.state(call)
    return (await standing(kind, call)).text


async def get(kind: Kind, call: Call) -> Object:
    """RFC 8620 §5.1"""
    wanted = _wanted(kind, call.arguments.properties)
    limit = call.context.settings.limits.objects_in_get
    given = call.arguments.ids
    if given is None and not kind.listable:
        raise MethodError("requestTooLarge", "name the ids")
    if given is not None and len(set(given)) > limit:
        raise MethodError("requestTooLarge", f"at most {limit} ids")
    present = await state(kind, call)
    if kind.singleton:
        found, missing = await _singleton(kind, call, wanted)
    else:
        found, missing = await _several(kind, call, wanted)
    if len(found) > limit:
        raise MethodError("requestTooLarge", f"there are more than {limit}; name the ids")
    whole = kind.open and call.arguments.properties is None
    chosen = found if whole else [{name: each[name] for name in each if name in wanted} for each in found]
    return {"accountId": ids.text(call.account_id), "state": present, "list": chosen, "notFound": missing}


def _wanted(kind: Kind, asked: list[str] | None) -> frozenset[str]:
    known = declared(kind.record).all
    if len(asked or ()) > MOST_PROPERTIES:
        raise MethodError("requestTooLarge", f"at most {MOST_PROPERTIES} properties")
    if asked is None:
        return kind.defaults | {"id"} if kind.defaults is not None else frozenset(known)
    if unknown := [name for name in asked if name not in known and not (kind.open or kind.dynamic(name))]:
        raise MethodError("invalidArguments", f"properties: unknown {', '.join(unknown[:10])}")
    return frozenset(asked) | {"id"}


async def _singleton(kind: Kind, call: Call, wanted: frozenset[str]) -> tuple[list[Object], list[str]]:
    given = call.arguments.ids
    missing = [one for one in dict.fromkeys(given or ()) if one != SINGLETON]
    if given is not None and SINGLETON not in given:
        return [], missing
    return [outside(each) | {"id": SINGLETON} for each in await kind.read(call, None, wanted)], missing


async def _several(kind: Kind, call: Call, wanted: frozenset[str]) -> tuple[list[Object], list[str]]:
    given = call.arguments.ids
    if given is None:
        return [outside(each) for each in await kind.read(call, None, wanted)], []
    resolved = {one: call.resolve(one) or one for one in dict.fromkeys(given)}
    numbers = dict.fromkeys(number for one in resolved.values() if (number := ids.parse(one)) is not None)
    found = [outside(each) for each in await kind.read(call, list(numbers), wanted)] if numbers else []
    place = {ids.text(number): index for index, number in enumerate(numbers)}
    found.sort(key=lambda each: place.get(each["id"], 0))
    there = {each["id"] for each in found}
    return found, [one for one, real in resolved.items() if real not in there]


async def changes_since(kind: Kind, call: Call) -> Object:
    """RFC 8620 §5.2"""
    given, most = call.arguments.since_state, call.arguments.max_changes
    if most == 0:
        raise MethodError("invalidArguments", "maxChanges must be above 0")
    if kind.state is not None:
        return _unlogged(kind, call, await state(kind, call))
    now = await standing(kind, call)
    since = read_state(given, now.modseq, now.sight)
    found = await log_since(kind, call, now, since, min(most or _MOST_CHANGES, _MOST_CHANGES))
    base = since.reached if since.base is None else since.base
    new = now.at(found.new_state, base if found.has_more else None)
    answer: Object = {
        "accountId": ids.text(call.account_id),
        "oldState": given,
        "newState": new,
        "hasMoreChanges": found.has_more,
        "created": _texts(found.created),
        "updated": _texts(found.updated),
        "destroyed": _texts(found.destroyed),
    }
    if kind.singleton:
        answer |= {"created": [], "destroyed": [], "updated": [SINGLETON] if found.created or found.updated else []}
    if kind.counts:
        only = found.counts_only and bool(found.updated) and not (found.created or found.destroyed)
        answer["updatedProperties"] = sorted(kind.counts) if only else None
    return answer


async def log_since(kind: Kind, call: Call, now: Standing, since: Since, limit: int) -> Changes:
    """The change log after a state, as much of it as is seen."""
    db, place = call.context.store.db, (call.account_id, kind.name, since.reached, limit)
    if now.sight:
        return await changes.since_in(db, *place, now.parts, base=since.base)
    return await changes.since(db, *place, base=since.base)


def _unlogged(kind: Kind, call: Call, present: str) -> Object:
    if call.arguments.since_state != present:
        raise MethodError("cannotCalculateChanges", f"{kind.name} keeps no log of changes")
    return {
        "accountId": ids.text(call.account_id),
        "oldState": present,
        "newState": present,
        "hasMoreChanges": False,
        "created": [],
        "updated": [],
        "destroyed": [],
    }


def _texts(numbers: list[int]) -> list[str]:
    return [ids.text(number) for number in numbers]


def may(kind: Kind, call: Call, verb: str) -> bool:
    """Whether the principal may `create`, `update` or `destroy` in this account."""
    needed = kind.rights.get(verb, Right.WRITE)
    if kind.parts:
        return bool(call.access.rights & (needed | Right.WRITE_OWN))
    return needed in call.access.rights
