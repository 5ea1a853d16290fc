"""Keys of devices and of people (Matrix v1.19 Client-Server §Device keys, §Cross-signing)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.people import oauth, proof
from parvis.chat.people import keys, streams
from parvis.chat.rooms import sharing
from parvis.kernel.errors import NotFound
from parvis.serve.http.exchange import Response
from parvis.wire.matrix import devices as wire
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import VerifyKey

_LIMIT = 12_000_000
_PEOPLE = 10_000
_POSITION = re.compile(r"[st]([0-9]{1,18})(?:_[0-9_]*)?", re.A)
_TYPES: tuple[tuple[wire.Usage, str], ...] = (
    ("master", "master_keys"),
    ("self_signing", "self_signing_keys"),
    ("user_signing", "user_signing_keys"),
)


def _objects(body: Object, name: str) -> Mapping[str, Any]:
    found = body.get(name, {})
    if not isinstance(found, dict) or len(found) > _PEOPLE:
        raise BadMatrix(f"{name} is no object", errcode="M_BAD_JSON", field=name)
    return found


async def _upload(call: Call) -> Object:
    body, device_id = await call.json(limit=_LIMIT, optional=True), call.own_device()
    device = None
    if body.get("device_keys") is not None:
        device = wire.read_device(body["device_keys"], call.user_id, device_id)
        device.check_signed()
    one_time = wire.read_one_time(body.get("one_time_keys") or {})
    fallback = wire.read_one_time(body.get("fallback_keys") or {}, "fallback_keys")
    counts = await keys.upload(call.server, call.who, device_id, device, one_time, fallback)
    return {"one_time_key_counts": counts}


async def _query(call: Call) -> Object:
    wanted = _objects(await call.json(strict=False), "device_keys")
    for devices in wanted.values():
        if not isinstance(devices, list) or not all(isinstance(each, str) for each in devices):
            raise BadMatrix("Not a list of devices", errcode="M_INVALID_PARAM", field="device_keys")
    found = await call.server.users.principals(call.store.db, wanted)
    names = {who.id: user for user, who in found.items()}
    some = {who.id: wanted[user] for user, who in found.items()}
    known = await keys.query(call.store.db, call.who, names, some, call.user_id)
    told: Object = {"device_keys": {user: known.devices.get(who.id, {}) for user, who in found.items()}}
    for usage, name in _TYPES:
        told[name] = {
            user: known.cross[who.id][usage] for user, who in found.items() if usage in known.cross.get(who.id, {})
        }
    return told | {"failures": await _query_abroad(call, wanted, told)}


async def _query_abroad(call: Call, wanted: Mapping[str, Any], told: Object) -> Object:
    """Adds what is known of people of other servers; returns which of these could not be asked."""
    users = _abroad(call, wanted)
    if not users:
        return {}
    people, signed, failures = await call.federation.tracking.query(users)
    marked = await keys.signatures_by(call.store.db, call.who, signed.values())
    for user, person in people.items():
        devices = wanted[user] or person.devices
        told["device_keys"][user] = {each: person.shown(each) for each in devices if each in person.devices}
        for usage, name in _TYPES:
            if usage in person.cross:
                by = marked.get(signed.get(user, 0), {})
                told[name][user] = keys.signed(person.cross[usage], call.user_id, by)
    return failures


def _abroad(call: Call, users: Iterable[str]) -> list[str]:
    """Those of some users that are of other servers, where these are spoken to."""
    if call.server.queue is None:
        return []
    return [user for user in users if identifiers.is_user_id(user) and not call.server.users.is_here(user)]


async def _claim(call: Call) -> Object:
    wanted = _objects(await call.json(strict=False), "one_time_keys")
    found = await call.server.users.principals(call.store.db, wanted)
    asked = []
    for user, who in found.items():
        for device, algorithm in _objects(dict(wanted), user).items():
            if not isinstance(algorithm, str):
                raise BadMatrix("Not an algorithm", errcode="M_INVALID_PARAM", field="one_time_keys")
            asked.append((who.id, device, algorithm))
    names = {who.id: user for user, who in found.items()}
    told: dict[str, dict[str, Object]] = {}
    for (person, device), (name, key) in (await keys.claim(call.server, asked)).items():
        told.setdefault(names[person], {})[device] = {name: key}
    users, failures = _abroad(call, wanted), Object()
    if users:
        asked_there = {user: _objects(dict(wanted), user) for user in users}
        given, failures = await call.federation.tracking.claim(asked_there)
        told |= given
    return {"one_time_keys": told, "failures": failures}


async def _changes(call: Call) -> Object:
    """Who shares no encrypted room any more is told by /sync alone."""
    after, until = _position(call, "from"), _position(call, "to")

    async def peers() -> set[int]:
        return await call.server.peers(call.store.db, call.who.id)

    found = await streams.keys_changed(call.server, call.who, after, until, peers)
    names = await call.server.users.ids_of(call.store.db, found)
    others = set[str]()
    if call.server.queue is not None:
        account_id = call.server.account_id
        others, _ = await sharing.changed_elsewhere(call.store.db, account_id, call.who.id, (), after, until)
    return {"changed": sorted([*others, *names.values()]), "left": []}


def _position(call: Call, name: str) -> int:
    match = _POSITION.fullmatch(call.query.get(name, ""))
    if match is None:
        raise BadMatrix("Not a position that was given", errcode="M_INVALID_PARAM", field=name)
    return int(match[1])


async def _cross_signing(call: Call) -> Object | Response:
    """The first keys, and the same once more, need no password (Matrix v1.19 Client-Server §Cross-signing)."""
    body = await call.json()
    old = await keys.cross_of(call.store.db, call.who.id)
    master = wire.read_cross_signing(old["master"], call.user_id, "master") if "master" in old else None
    given = {name: value for name, value in body.items() if name.endswith("_key")}
    found = wire.read_cross_signing_set(given, call.user_id, master)
    new = {usage: key.source for usage, key in found.items() if old.get(usage) != key.source}
    if old and new and (asked := await proof.missing(call, body, in_browser=oauth.reset_page(call))) is not None:
        return asked
    if new:
        await keys.keep_cross(call.server, call.who, new)
    return {}


async def _signatures(call: Call) -> Object:
    body = await call.json(limit=_LIMIT)
    found = await call.server.users.principals(call.store.db, body)
    names = {who.id: user for user, who in found.items()} | {call.who.id: call.user_id}
    known = await keys.query(call.store.db, call.who, names, {}, call.user_id)
    owners = {user: who.id for user, who in found.items()} | await _owners_abroad(call, body, known)
    mine, kept, failures = _signers(call, known), [], dict[str, dict[str, Object]]()
    for user, of_user in body.items():
        for name, uploaded in _objects(body, user).items() if isinstance(of_user, dict) else ():
            try:
                kept.append(_signed(call, known, owners.get(user), name, uploaded, mine))
            except (BadMatrix, NotFound) as error:
                code = error.errcode if isinstance(error, BadMatrix) else "M_NOT_FOUND"
                failures.setdefault(user, {})[name] = {"errcode": code, "error": error.sentence}
    if kept:
        await keys.keep_signatures(call.server, call.who, kept)
    return {"failures": failures}


async def _owners_abroad(call: Call, users: Iterable[str], known: keys.Known) -> dict[str, int]:
    """The numbers of people of other servers who are followed; what is known of their keys is added."""
    listed = _abroad(call, users)
    if not listed:
        return {}
    people, numbers, _ = await call.federation.tracking.query(listed)
    for user, number in numbers.items():
        known.cross[number] = people[user].cross
    return numbers


def _signers(call: Call, known: keys.Known) -> dict[str, dict[str, VerifyKey]]:
    """What one may sign with: another's master key by the user-signing key; one's own devices by the self-signing
    key, and one's master key by a device."""
    cross = known.cross.get(call.who.id, {})
    found: dict[str, dict[str, VerifyKey]] = {"user_signing": {}, "self_signing": {}, "device": {}}
    for usage, key in cross.items():
        if usage in found:
            read = wire.read_cross_signing(key, call.user_id, usage)
            found[usage][read.key_id] = read.key
    if call.device in known.devices.get(call.who.id, {}):
        source = known.devices[call.who.id][call.device]
        found["device"][f"ed25519:{call.device}"] = wire.read_device(source, call.user_id, call.device).signing_key
    return found


def _signed(
    call: Call,
    known: keys.Known,
    owner: int | None,
    name: str,
    uploaded: object,
    mine: Mapping[str, Mapping[str, VerifyKey]],
) -> tuple[int, str, Mapping[str, str]]:
    if owner is None:
        raise NotFound("no such user")
    own = owner == call.who.id
    device = known.devices.get(owner, {}).get(name)
    if own and device is not None:
        return owner, name, wire.check_upload(uploaded, device, call.user_id, mine["self_signing"])
    master = known.cross.get(owner, {}).get("master")
    if master is None or name not in master["keys"].values():
        raise NotFound("no such key")
    by = mine["device"] if own else mine["user_signing"]
    return owner, name, wire.check_upload(uploaded, master, call.user_id, by)


ENDPOINTS = (
    Endpoint("POST", "/client/v3/keys/upload", _upload),
    Endpoint("POST", "/client/v3/keys/query", _query),
    Endpoint("POST", "/client/v3/keys/claim", _claim, rate="claims"),
    Endpoint("GET", "/client/v3/keys/changes", _changes),
    Endpoint("POST", "/client/v3/keys/device_signing/upload", _cross_signing),
    # Where programs look that use the first encryption of matrix-js-sdk (Cinny 4.2).
    Endpoint("POST", "/client/unstable/keys/device_signing/upload", _cross_signing),
    Endpoint("POST", "/client/v3/keys/signatures/upload", _signatures),
)
