"""Devices and keys of people of other servers: asked where they are not known, followed where a room is shared
(Matrix v1.19 Server-Server §Device Management, §End-to-End Encryption)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from parvis.chat.federation.contract import PeerError, Peers, path
from parvis.chat.people import abroad
from parvis.chat.people.abroad import Person
from parvis.chat.server import Server
from parvis.kernel.errors import Unavailable
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import DeviceListUpdate, SigningKeyUpdate

_QUERY = path("federation", "v1", "user", "keys", "query")
_CLAIM = path("federation", "v1", "user", "keys", "claim")
_SECONDS = 10.0
_SERVERS = 10
"""Servers that are asked at the same time for one question."""
_WHOLE = 20
"""People of one server whose devices are asked one by one, to be followed then; of more all at once."""
Failures = dict[str, Object]


class Tracking:
    """Asks other servers, and keeps what they say."""

    def __init__(self, server: Server, peers: Peers) -> None:
        self._server, self._store, self._peers = server, server.store, peers

    async def changed(self, update: DeviceListUpdate | SigningKeyUpdate) -> None:
        """What a server told of its user."""
        await self._store.write(lambda unit: abroad.changed(unit, self._server.account_id, update))

    async def query(self, users: Sequence[str]) -> tuple[dict[str, Person], dict[str, int], Failures]:
        """What is known of people of other servers, by user id; the numbers of those who are followed; and which
        servers could not be asked."""
        found = await abroad.known(self._store.db, users)
        people, numbers = {user: each for user, (_, each) in found.items()}, {u: n for u, (n, _) in found.items()}
        missing = _by_server(user for user in users if user not in people)
        answers, failures = await _from_all({server: self._ask(server, some) for server, some in missing.items()})
        for some in answers.values():
            people |= some
        return people, numbers, failures

    async def _ask(self, server: str, users: list[str]) -> dict[str, Person]:
        shared = await abroad.shared(self._store.db, users)
        followed = [user for user in users if user in shared][:_WHOLE]
        found = {user: await self._follow(server, user) for user in followed}
        rest = [user for user in users if user not in found]
        if rest:
            body: Object = {"device_keys": {user: [] for user in rest}}
            answer = await self._peers.post(server, _QUERY, body, seconds=_SECONDS)
            found |= {user: _read(user, answer) for user in rest}
        return found

    async def _follow(self, server: str, user: str) -> Person:
        stale = await self._store.write(lambda unit: abroad.begin(unit, user))
        since = await self._store.db.value("SELECT modseq FROM account WHERE id = ?", self._server.account_id)
        answer = await self._peers.get(server, path("federation", "v1", "user", "devices", user), seconds=_SECONDS)
        person = abroad.read(user, answer)
        await self._store.write(lambda unit: abroad.keep(unit, person, stale, int(since)))
        return person

    async def claim(self, wanted: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, Object], Failures]:
        """One-time keys of devices, by user and device (the algorithm is given), and which servers could not be
        asked."""
        asked = {
            server: self._claimed(server, {user: wanted[user] for user in users})
            for server, users in _by_server(wanted).items()
        }
        answers, failures = await _from_all(asked)
        return {user: keys for some in answers.values() for user, keys in some.items()}, failures

    async def _claimed(self, server: str, wanted: Mapping[str, Mapping[str, str]]) -> dict[str, Object]:
        body: Object = {"one_time_keys": {user: dict(each) for user, each in wanted.items()}}
        answer = await self._peers.post(server, _CLAIM, body, seconds=_SECONDS)
        given = answer.get("one_time_keys") if isinstance(answer, dict) else None
        found: dict[str, Object] = {}
        for user, devices in wanted.items():
            of_user = given.get(user) if isinstance(given, dict) else None
            if isinstance(of_user, dict):
                found[user] = {
                    device: of_user[device] for device in devices if isinstance(of_user.get(device), dict)
                }
        return found


def _read(user: str, answer: object) -> Person:
    """What an answer for many says of one."""
    found = Person(user)
    given: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    devices = _of(given, "device_keys", user)
    for device_id, keys in list(devices.items() if isinstance(devices, dict) else ())[: abroad.MOST_DEVICES]:
        unsigned = keys.get("unsigned") if isinstance(keys, dict) else None
        name = unsigned.get("device_display_name") if isinstance(unsigned, dict) else None
        abroad.add(found, device_id, keys, name)
    for usage in ("master", "self_signing"):
        abroad.add_cross(found, usage, _of(given, f"{usage}_keys", user))
    return found


def _of(given: Mapping[str, Any], name: str, user: str) -> object:
    of_name = given.get(name)
    return of_name.get(user) if isinstance(of_name, dict) else None


def _by_server(users: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for user in users:
        if identifiers.is_user_id(user):
            found[identifiers.server_of(user)].append(user)
    return found


async def _from_all(
    asked: Mapping[str, Awaitable[dict[str, Any]]],
) -> tuple[dict[str, dict[str, Any]], Failures]:
    """The answers of servers, some at the same time; and those that gave none."""
    places, answers, failures = asyncio.Semaphore(_SERVERS), dict[str, dict[str, Any]](), Failures()

    async def one(server: str, answer: Awaitable[dict[str, Any]]) -> None:
        async with places:
            try:
                answers[server] = await answer
            except PeerError as error:
                failures[server] = {"errcode": error.errcode, "error": error.sentence}
            except (Unavailable, BadMatrix) as error:
                failures[server] = {"errcode": "M_UNKNOWN", "error": error.sentence}

    await asyncio.gather(*(one(server, answer) for server, answer in asked.items()))
    return answers, failures
