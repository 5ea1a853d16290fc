"""Keys of devices and of people: kept as their owners gave them, told to whoever asks. Who shares an encrypted room
with somebody hears that their keys changed; the clock of that is the rooms' (Matrix v1.19 Client-Server §Tracking
the device list for a user)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.access.principal import Principal
from parvis.chat.server import Server
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit
from parvis.wire.matrix import devices as wire
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.devices import OneTimeKey, Usage
from parvis.wire.matrix.errors import BadMatrix

KIND = "ChatKeys"
DEVICE = "ChatDevice"
"""Kinds of the change log: a person's keys, in the account of the rooms; what a device is told, in their own."""
_MOST_ONE_TIME = 2_000
"""One-time keys that a device has here at once."""
_AT_ONCE = 500
Reader = Database | Tx | Unit


async def changed(unit: Unit, server: Server, principal: Principal) -> None:
    """Notes that somebody's devices or keys are others now."""
    await unit.changed(server.account_id, KIND, principal.id, "updated")
    await unit.changed(principal.id, KIND, principal.id, "updated")


async def who_changed(db: Reader, account_id: int, after: int, until: int) -> set[int]:
    """Whose keys changed between two positions of the rooms' clock, the second with it."""
    rows = await db.rows(
        "SELECT object_id FROM change WHERE account_id = ? AND kind = ? AND modseq > ? AND modseq <= ?",
        account_id,
        KIND,
        after,
        until,
    )
    return {row[0] for row in rows}


async def number(db: Reader, principal: Principal, device_id: str) -> int:
    """The number of one's own device. Raises NotFound."""
    found = await db.value(
        "SELECT id FROM chat_device WHERE principal_id = ? AND device_id = ?", principal.id, device_id
    )
    if found is None:
        raise NotFound("no such device")
    return int(found)


async def upload(
    server: Server,
    principal: Principal,
    device_id: str,
    device: wire.DeviceKeys | None,
    one_time: Sequence[OneTimeKey],
    fallback: Sequence[OneTimeKey],
) -> dict[str, int]:
    """Keeps the keys of one's device; returns how many one-time keys it has here by algorithm. Raises BadMatrix
    when one of them is there already and another."""

    async def work(unit: Unit) -> dict[str, int]:
        mine = await number(unit, principal, device_id)
        if device is not None:
            value = msgspec.json.encode(_bare(device.source)).decode()
            if await unit.value("SELECT keys FROM chat_device WHERE id = ?", mine) != value:
                await unit.run("UPDATE chat_device SET keys = ? WHERE id = ?", value, mine)
                await changed(unit, server, principal)
        if one_time:
            await _add(unit, mine, one_time)
        for key in fallback:
            await unit.run(
                """INSERT INTO chat_fallback_key (device, algorithm, key_id, value, used) VALUES (?, ?, ?, ?, 0)
                ON CONFLICT (device, algorithm) DO UPDATE SET used = CASE WHEN chat_fallback_key.key_id =
                excluded.key_id THEN chat_fallback_key.used ELSE 0 END, key_id = excluded.key_id,
                value = excluded.value""",
                mine,
                key.algorithm,
                key.key_id,
                msgspec.json.encode(key.key).decode(),
            )
        if one_time or fallback:
            await unit.changed(principal.id, DEVICE, mine, "updated")
        return await counts(unit, mine)

    return await server.store.write(work)


def _bare(source: Object) -> Object:
    """Without what is not signed; servers add their own (Matrix v1.19 Client-Server §Device keys)."""
    return {name: value for name, value in source.items() if name != "unsigned"}


async def _add(unit: Unit, device: int, given: Sequence[OneTimeKey]) -> None:
    rows = await unit.rows("SELECT algorithm, key_id, value FROM chat_one_time_key WHERE device = ?", device)
    known = {(algorithm, key_id): value for algorithm, key_id, value in rows}
    new = []
    for key in given:
        old = known.get((key.algorithm, key.key_id))
        if old is None:
            new.append(key)
        elif not wire.is_same_key(msgspec.json.decode(old), key.key):
            raise BadMatrix("There is another key of that name", errcode="M_INVALID_PARAM", field="one_time_keys")
    if len(known) + len(new) > _MOST_ONE_TIME:
        raise BadMatrix(f"More than {_MOST_ONE_TIME} keys", errcode="M_TOO_LARGE", field="one_time_keys")
    await unit.many(
        "INSERT INTO chat_one_time_key (id, device, algorithm, key_id, value) VALUES (?, ?, ?, ?, ?)",
        [(ids.new_id(), device, key.algorithm, key.key_id, msgspec.json.encode(key.key).decode()) for key in new],
    )


async def counts(db: Reader, device: int) -> dict[str, int]:
    """How many one-time keys a device has here, by algorithm; `signed_curve25519` is told also when it is none."""
    rows = await db.rows(
        "SELECT algorithm, COUNT(*) FROM chat_one_time_key WHERE device = ? GROUP BY algorithm", device
    )
    return {"signed_curve25519": 0} | {algorithm: int(count) for algorithm, count in rows}


async def unused_fallback(db: Reader, device: int) -> list[str]:
    """The algorithms of which a fallback key was not given to anybody yet."""
    rows = await db.rows(
        "SELECT algorithm FROM chat_fallback_key WHERE device = ? AND used = 0 ORDER BY algorithm", device
    )
    return [row[0] for row in rows]


@dataclass(slots=True)
class Known:
    """What is known of some people, by principal id."""

    devices: dict[int, dict[str, Object]]
    """By device id."""
    cross: dict[int, dict[Usage, Object]]


async def query(
    db: Reader,
    asker: Principal | None,
    people: Mapping[int, str],
    devices: Mapping[int, Sequence[str]],
    asker_id: str,
) -> Known:
    """The keys of people (`people` has their user ids), as the asker may see them: with signatures of their owners
    and of the asker, whose user id is `asker_id`; None for other servers, which see those of owners alone. Of some
    only the `devices` named. Three statements for 500 people."""
    known = Known(defaultdict(dict), defaultdict(dict))
    listed = list(people)
    for start in range(0, len(listed), _AT_ONCE):
        some, own = listed[start : start + _AT_ONCE], {asker.id: asker_id} if asker else {}
        await _query(db, asker.id if asker else 0, some, {**people, **own}, devices, known)
    return known


async def _query(
    db: Reader,
    asker: int,
    some: list[int],
    names: Mapping[int, str],
    devices: Mapping[int, Sequence[str]],
    known: Known,
) -> None:
    for owner, device_id, name, value in await db.rows(
        f"""SELECT principal_id, device_id, name, keys FROM chat_device WHERE keys IS NOT NULL
        AND principal_id IN {marks(len(some))}""",
        *some,
    ):
        if not devices.get(owner) or device_id in devices[owner]:
            known.devices[owner][device_id] = _decoded(value) | {"unsigned": {"device_display_name": name}}
    for owner, usage, value in await db.rows(
        f"SELECT principal_id, usage, value FROM chat_cross_key WHERE principal_id IN {marks(len(some))}", *some
    ):
        if usage != "user_signing" or owner == asker:
            known.cross[owner][usage] = _decoded(value)
    for target, target_key, signer, key_id, signature in await db.rows(
        f"""SELECT target_id, target_key, signer_id, key_id, signature FROM chat_signature
        WHERE target_id IN {marks(len(some))} AND (signer_id = target_id OR signer_id = ?)""",
        *some,
        asker,
    ):
        _sign(known, target, target_key, names[signer], key_id, signature)


async def signatures_by(
    db: Reader, signer: Principal, targets: Iterable[int]
) -> dict[int, dict[str, dict[str, str]]]:
    """What somebody has signed of people: by whose keys and by key the signatures by key id."""
    listed = list(targets)
    found: dict[int, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        for target, target_key, key_id, signature in await db.rows(
            f"""SELECT target_id, target_key, key_id, signature FROM chat_signature
            WHERE target_id IN {marks(len(some))} AND signer_id = ?""",
            *some,
            signer.id,
        ):
            found[target][target_key][key_id] = signature
    return found


def signed(key: Object, signer: str, by: Mapping[str, Mapping[str, str]]) -> Object:
    """A key with the signatures that somebody made of it."""
    more = {key_id: text for value in _values(key) for key_id, text in by.get(value, {}).items()}
    signatures = key.get("signatures", {})
    return {**key, "signatures": {**signatures, signer: {**signatures.get(signer, {}), **more}}} if more else key


def _sign(known: Known, target: int, target_key: str, signer: str, key_id: str, signature: str) -> None:
    found = [known.devices[target].get(target_key)] if target_key in known.devices[target] else []
    found += [key for key in known.cross[target].values() if target_key in _values(key)]
    for each in found:
        if each is not None:
            each.setdefault("signatures", {}).setdefault(signer, {})[key_id] = signature


def _values(key: Object) -> set[str]:
    return set(key.get("keys", {}).values())


def _decoded(value: str) -> Object:
    found: Object = msgspec.json.decode(value)
    return found


async def claim(server: Server, wanted: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str], tuple[str, Any]]:
    """Gives away one key each of devices (person, device, algorithm), once; a fallback key where none is left.
    Returns by person and device the key's name and the key."""

    async def work(unit: Unit) -> dict[tuple[int, str], tuple[str, Any]]:
        found = {}
        for person, device_id, algorithm in sorted(wanted):
            device = await unit.value(
                "SELECT id FROM chat_device WHERE principal_id = ? AND device_id = ?", person, device_id
            )
            if device is None:
                continue
            # takes the person's clock first, so that no two give the same key away
            await unit.changed(person, DEVICE, device, "updated")
            if (key := await _taken(unit, device, algorithm)) is not None:
                found[person, device_id] = key
        return found

    return await server.store.write(work)


async def _taken(unit: Unit, device: int, algorithm: str) -> tuple[str, Any] | None:
    row = await unit.row(
        """DELETE FROM chat_one_time_key WHERE id = (SELECT MIN(id) FROM chat_one_time_key WHERE device = ?
        AND algorithm = ?) RETURNING key_id, value""",
        device,
        algorithm,
    ) or await unit.row(
        "UPDATE chat_fallback_key SET used = 1 WHERE device = ? AND algorithm = ? RETURNING key_id, value",
        device,
        algorithm,
    )
    return None if row is None else (f"{algorithm}:{row[0]}", msgspec.json.decode(row[1]))


async def cross_of(db: Reader, principal_id: int) -> dict[Usage, Object]:
    """Somebody's own keys."""
    rows = await db.rows("SELECT usage, value FROM chat_cross_key WHERE principal_id = ?", principal_id)
    return {usage: _decoded(value) for usage, value in rows}


async def keep_cross(server: Server, principal: Principal, given: Mapping[Usage, Object]) -> None:
    """Keeps somebody's own keys; a new master key makes what was signed by and with the old one void."""

    async def work(unit: Unit) -> None:
        old = await cross_of(unit, principal.id)
        if "master" in given and "master" in old and _values(old["master"]) != _values(given["master"]):
            await unit.run("DELETE FROM chat_cross_key WHERE principal_id = ?", principal.id)
            await unit.run("DELETE FROM chat_signature WHERE signer_id = ?", principal.id)
        for usage, value in given.items():
            await unit.run(
                """INSERT INTO chat_cross_key (principal_id, usage, value) VALUES (?, ?, ?)
                ON CONFLICT (principal_id, usage) DO UPDATE SET value = excluded.value""",
                principal.id,
                usage,
                msgspec.json.encode(value).decode(),
            )
        await changed(unit, server, principal)

    await server.store.write(work)


async def keep_signatures(
    server: Server, signer: Principal, signed: Iterable[tuple[int, str, Mapping[str, str]]]
) -> None:
    """Keeps signatures (whose key, which, by key id) that were checked; those people's keys count as changed."""
    rows = [
        (target, key, signer.id, key_id, signature)
        for target, key, signatures in signed
        for key_id, signature in signatures.items()
    ]

    async def work(unit: Unit) -> None:
        await unit.many(
            """INSERT INTO chat_signature (target_id, target_key, signer_id, key_id, signature)
            VALUES (?, ?, ?, ?, ?) ON CONFLICT (target_id, target_key, signer_id, key_id)
            DO UPDATE SET signature = excluded.signature""",
            rows,
        )
        for target in dict.fromkeys(row[0] for row in rows):
            if target == signer.id:
                await changed(unit, server, signer)
            else:  # nobody else sees it
                await unit.changed(signer.id, KIND, target, "updated")

    await server.store.write(work)
