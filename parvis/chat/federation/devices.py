"""Devices and keys of our people, as other servers ask for them and are told that they changed (Matrix v1.19
Server-Server §Device Management, §End-to-End Encryption)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.chat.federation.contract import Endpoint, PeerCall, Queue
from parvis.chat.people import keys
from parvis.chat.people.keys import Known
from parvis.chat.rooms import sharing
from parvis.chat.server import Server
from parvis.kernel.errors import NotFound
from parvis.kernel.events import Event
from parvis.store.unit import Unit
from parvis.wire.matrix import canonical
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import DeviceListUpdate, Edu, SigningKeyUpdate

FOLLOWER = "chat-devices-abroad"
_PEOPLE = 1_000
_CROSS = (("master", "master_key"), ("self_signing", "self_signing_key"))


async def _devices(call: PeerCall) -> Object:
    user_id = call.params["userId"]
    who = await call.server.users.principal(call.store.db, user_id)
    if who is None:
        raise NotFound("no such user")
    told = await call.store.db.value("SELECT stream_id FROM chat_told WHERE principal_id = ?", who.id)
    known = await keys.query(call.store.db, None, {who.id: user_id}, {}, "")
    devices = known.devices.get(who.id, {})
    answer: Object = {
        "user_id": user_id,
        "stream_id": int(told or 0),
        "devices": [_device(device_id, each) for device_id, each in devices.items()],
    }
    cross = known.cross.get(who.id, {})
    return answer | {name: cross[usage] for usage, name in _CROSS if usage in cross}


def _device(device_id: str, shown: Object) -> Object:
    bare = {name: value for name, value in shown.items() if name != "unsigned"}
    return {"device_id": device_id, "keys": bare, "device_display_name": _name(shown)}


def _name(shown: Object) -> str:
    return str(shown.get("unsigned", {}).get("device_display_name", ""))


async def _query(call: PeerCall) -> Object:
    wanted = _people(call.body, "device_keys")
    found = await call.server.users.principals(call.store.db, wanted)
    names = {who.id: user for user, who in found.items()}
    some = {who.id: _texts(wanted[user]) for user, who in found.items()}
    known = await keys.query(call.store.db, None, names, some, "")
    answer: Object = {"device_keys": {user: known.devices.get(who.id, {}) for user, who in found.items()}}
    for usage, name in _CROSS:
        answer[f"{name}s"] = {
            user: cross[usage] for user, who in found.items() if usage in (cross := known.cross.get(who.id, {}))
        }
    return answer


async def _claim(call: PeerCall) -> Object:
    wanted = _people(call.body, "one_time_keys")
    found = await call.server.users.principals(call.store.db, wanted)
    asked = [
        (who.id, device, algorithm)
        for user, who in found.items()
        for device, algorithm in (wanted[user].items() if isinstance(wanted[user], dict) else ())
        if isinstance(algorithm, str)
    ]
    names, told = {who.id: user for user, who in found.items()}, dict[str, Object]()
    for (person, device), (name, key) in (await keys.claim(call.server, asked[:_PEOPLE])).items():
        told.setdefault(names[person], {})[device] = {name: key}
    return {"one_time_keys": told}


def _people(body: Object, name: str) -> Mapping[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict) or len(found) > _PEOPLE:
        raise BadMatrix(f"{name} is no object of at most {_PEOPLE} users", errcode="M_BAD_JSON", field=name)
    return found


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


class Telling:
    """Follows the outbox: tells the servers that share a room with somebody which of their devices and keys are
    others now."""

    def __init__(self, server: Server, queue: Queue) -> None:
        self._server, self._store, self._queue = server, server.store, queue

    async def follow(self, events: list[Event]) -> None:
        """See store.outbox."""
        people: dict[int, None] = {}
        for event in events:
            ours = event.kind == "changed" and event.account_id == self._server.account_id
            if ours and event.body["kind"] == keys.KIND:
                people |= dict.fromkeys([*event.body["created"], *event.body["updated"]])
        for number in people:
            await self._tell(number)

    async def _tell(self, number: int) -> None:
        try:
            who = await directory.by_id(self._store.db, number)
        except NotFound:  # of another server, or gone
            return
        known = await keys.query(self._store.db, None, {who.id: self._server.users.id_of(who)}, {}, "")
        if await self._store.write(lambda unit: self._told(unit, who, known)):
            self._queue.wake()

    async def _told(self, unit: Unit, who: Principal, known: Known) -> bool:
        row = await unit.row("SELECT stream_id, devices, keys FROM chat_told WHERE principal_id = ?", who.id)
        stream_id, before, signed = row or (0, "{}", "")
        devices, cross = known.devices.get(who.id, {}), known.cross.get(who.id, {})
        old, new = msgspec.json.decode(before), {each: _digest(keys) for each, keys in devices.items()}
        edus: list[Edu] = []
        user_id = self._server.users.id_of(who)
        for device_id in [each for each in {**old, **new} if old.get(each) != new.get(each)]:
            edus.append(_update(user_id, device_id, stream_id, devices.get(device_id)))
            stream_id += 1
        public = {name: cross[usage] for usage, name in _CROSS if usage in cross}
        digest = _digest(public) if public else ""
        if digest != signed:
            edus.append(SigningKeyUpdate(user_id, public.get("master_key"), public.get("self_signing_key")))
        if not edus:
            return False
        await unit.run(
            """INSERT INTO chat_told (principal_id, stream_id, devices, keys) VALUES (?, ?, ?, ?)
            ON CONFLICT (principal_id) DO UPDATE SET stream_id = excluded.stream_id, devices = excluded.devices,
            keys = excluded.keys""",
            who.id,
            stream_id,
            msgspec.json.encode(new).decode(),
            digest,
        )
        servers = await sharing.servers_of(unit, who.id)
        for edu in edus if servers else ():
            await self._queue.edu(unit, servers, edu)
        return bool(servers)


def _update(user_id: str, device_id: str, before: int, shown: Object | None) -> DeviceListUpdate:
    prev = [before] if before else []
    if shown is None:
        return DeviceListUpdate(user_id, device_id, before + 1, prev, None, deleted=True)
    told = _device(device_id, shown)
    return DeviceListUpdate(user_id, device_id, before + 1, prev, told["device_display_name"], False, told["keys"])


def _digest(value: object) -> str:
    return hashlib.sha256(canonical.encode(value)).hexdigest()[:32]


ENDPOINTS = (
    Endpoint("GET", "/federation/v1/user/devices/{userId}", _devices),
    Endpoint("POST", "/federation/v1/user/keys/query", _query),
    Endpoint("POST", "/federation/v1/user/keys/claim", _claim),
)
