"""What other servers are asked about a room, each answer bounded and checked."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import TypeVar

from parvis.chat.federation.contract import PeerError, Peers, path
from parvis.chat.federation.rooms.checking import Checker, listed, named
from parvis.chat.rooms.model import Room
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event

T = TypeVar("T")
MOST_STATE = 100_000
"""Events of a state that is told."""
MOST_MISSING = 50
_AT_ONCE = 10
_STATE_BYTES = 100_000_000
_STATE_SECONDS = 120.0
TROUBLE = (PeerError, Unavailable, BadMatrix)
"""What asking another server may come to."""


class Asking:
    """Asks one server about one room. What does not come until some moment of `clock.monotonic` is Unavailable."""

    def __init__(
        self, peers: Peers, checker: Checker, server: str, room: Room, *, until: float | None = None
    ) -> None:
        self._peers, self._checker, self.server, self._room = peers, checker, server, room
        self._until = until

    async def missing(self, earliest: Sequence[str], latest: Sequence[str]) -> dict[str, Event]:
        """What stands between some events and others (Matrix v1.19 Server-Server §POST /get_missing_events)."""
        body = {
            "earliest_events": list(earliest), "latest_events": list(latest), "limit": MOST_MISSING,
            "min_depth": 0,
        }  # fmt: skip
        where = path("federation", "v1", "get_missing_events", self._room.room_id)
        answer = await self._in_time(self._peers.post(self.server, where, body))
        return await self._read(listed(answer, "events", 200))

    async def backfill(self, before: Sequence[str], limit: int) -> dict[str, Event]:
        """What was said before some events, with those (Matrix v1.19 Server-Server §GET /backfill)."""
        where = path("federation", "v1", "backfill", self._room.room_id)
        answer = await self._get(where, {"v": list(before), "limit": str(limit)})
        return await self._read(listed(answer, "pdus", 200))

    async def auth(self, event_id: str) -> dict[str, Event]:
        """What allows an event (Matrix v1.19 Server-Server §GET /event_auth)."""
        where = path("federation", "v1", "event_auth", self._room.room_id, event_id)
        return await self._read(listed(await self._get(where), "auth_chain", MOST_STATE))

    async def state_ids(self, event_id: str) -> tuple[list[str], list[str]]:
        """The state before an event, and what allows it, by ids (Matrix v1.19 Server-Server §GET /state_ids)."""
        where = path("federation", "v1", "state_ids", self._room.room_id)
        answer = await self._get(where, {"event_id": event_id})
        return named(answer, "pdu_ids", MOST_STATE), named(answer, "auth_chain_ids", MOST_STATE)

    async def state(self, event_id: str) -> dict[str, Event]:
        """The events of `state_ids`, all at once (Matrix v1.19 Server-Server §GET /state)."""
        where = path("federation", "v1", "state", self._room.room_id)
        asked = self._peers.get(
            self.server, where, {"event_id": event_id}, limit=_STATE_BYTES, seconds=_STATE_SECONDS
        )
        answer = await self._in_time(asked)
        return await self._read([*listed(answer, "pdus", MOST_STATE), *listed(answer, "auth_chain", MOST_STATE)])

    async def events(self, wanted: Collection[str]) -> dict[str, Event]:
        """Some events; those that are not to be had are left out."""
        found: dict[str, Event] = {}
        names = list(wanted)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            for each in await asyncio.gather(*(self._event(name) for name in some)):
                found |= each
        return {name: event for name, event in found.items() if name in wanted}

    async def _event(self, event_id: str) -> dict[str, Event]:
        try:
            answer = await self._get(path("federation", "v1", "event", event_id))
            return await self._read(listed(answer, "pdus", 1))
        except TROUBLE:
            return {}

    async def _get(self, where: str, query: Mapping[str, str | Sequence[str]] | None = None) -> object:
        return await self._in_time(self._peers.get(self.server, where, query))

    async def _in_time(self, asked: Awaitable[T]) -> T:
        left = None if self._until is None else max(0.0, self._until - clock.monotonic())
        try:
            async with asyncio.timeout(left):
                return await asked
        except TimeoutError:
            raise Unavailable("what is missing did not come in time") from None

    async def _read(self, sources: list[dict[str, object]]) -> dict[str, Event]:
        found = await self._in_time(self._checker.events(sources, self._room.version))
        return {name: each for name, each in found.items() if each.room_id == self._room.room_id}
