"""Telling push gateways, past the gate that all goes through that leaves the house. What a gateway does not take is
tried again for an hour; keys that it knows no more are forgotten (Matrix Push Gateway API v1.19)."""

import logging

import msgspec

from parvis.access import directory
from parvis.chat.people import pushers, wishes
from parvis.chat.people.pushers import Pusher
from parvis.chat.rooms import receipts, store
from parvis.chat.rooms.model import Me, Stored
from parvis.chat.rooms.notifying import Notice
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, NotFound
from parvis.kernel.later import httpx
from parvis.store.jobs import Job, Retry
from parvis.wire.matrix import push_gateway

_GIVEN_UP_MS = 3_600_000
_FIRST_MS, _LONGEST_MS = 5_000, 600_000
_SECONDS = 20.0
_MOST_ROOMS = 500
"""Rooms whose unread messages are counted: those where something happened last."""
_log = logging.getLogger(__name__)


class Gateways:
    """Runs the jobs."""

    def __init__(self, rooms: Rooms, egress: Egress) -> None:
        self._rooms, self._egress = rooms, egress

    async def run(self, job: Job) -> None:
        """Tells one pusher of one event, unless it was read meanwhile. Raises Retry."""
        notice, db = msgspec.convert(job.args, Notice), self._rooms.store.db
        if clock.now_ms() - notice.at_ms > _GIVEN_UP_MS:
            return
        known = [each for each in await pushers.living(db, [notice.principal_id]) if _is(each, notice)]
        stored = (await store.by_numbers(db, [notice.event])).get(notice.event)
        if not known or stored is None or stored.redacted_by:
            return
        try:
            principal = await directory.by_id(db, notice.principal_id)
        except NotFound:  # their account is gone
            return
        me = Me(principal, self._rooms.home.users.id_of(principal))
        reached = (await receipts.reached(db, me, [stored.room]))[stored.room]
        if max(reached.get("", 0), reached.get(stored.thread or "main", 0)) >= stored.stream:
            return
        await self._tell(notice, known[0], stored, await self._unread(me), job.attempts)

    async def _unread(self, me: Me) -> int:
        """How many messages are new to somebody in all their rooms."""
        db, upto = self._rooms.store.db, await self._rooms.position()
        roster = await self._rooms.rosters.of(me, upto)
        joined = {place.room: place.changed for place in roster.order if place.membership == "join"}
        numbers = list(joined)[:_MOST_ROOMS]
        known = await store.visible_rooms(db, me.principal, numbers)
        mine = await wishes.of(db, me.principal)
        counts = await self._rooms.unread.of(db, me, known, joined, mine, upto)
        return sum(each.notified for each in counts.values())

    async def _tell(self, notice: Notice, pusher: Pusher, stored: Stored, unread: int, attempts: int) -> None:
        room = (await store.rooms_by_ids(self._rooms.store.db, [stored.room]))[stored.room]
        body = push_gateway.notification(
            stored.event_id, room.room_id, unread, pusher.content, highlight=notice.highlight, sound=notice.sound
        )
        try:
            async with (
                self._egress.http("push", timeout=_SECONDS) as client,
                client.stream("POST", pusher.content["data"]["url"], json=body) as answer,
            ):
                status, content = answer.status_code, await _read(answer)
        except EgressRefused as error:
            _log.info("push gateway of %s: %s", pusher.app_id, error.sentence)
            return
        except (httpx.HTTPError, OSError) as error:
            raise Retry(_later(attempts), type(error).__name__) from None
        if status == 429 or status >= 500:
            raise Retry(_later(attempts), f"status {status}")
        if notice.pushkey in push_gateway.rejected(content):
            await pushers.remove(self._rooms.store, notice.principal_id, notice.app_id, notice.pushkey)


def _is(pusher: Pusher, notice: Notice) -> bool:
    return (pusher.app_id, pusher.pushkey) == (notice.app_id, notice.pushkey)


def _later(attempts: int) -> int:
    return clock.now_ms() + min(_FIRST_MS << min(attempts, 10), _LONGEST_MS)


async def _read(answer: "httpx.Response") -> object:
    """The start of an answer as JSON; None for what is none, or too long."""
    data = b""
    async for piece in answer.aiter_bytes():
        data += piece
        if len(data) > push_gateway.LIMIT:
            return None
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
