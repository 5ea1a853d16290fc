"""Turns: kept for their owner, run in the background, and watched while they run."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from parvis.access.principal import Principal
from parvis.assistant.answer import Answerer, Turn
from parvis.assistant.model import TurnRequest
from parvis.assistant.tree import Answer, Status
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, ParvisError
from parvis.serve.jmap.call import Reader
from parvis.store.sql.contract import Row, marks
from parvis.store.store import Store
from parvis.store.unit import Unit

KIND = "AssistantTurn"
_COLUMNS = "id, task, request, answer, status, created_ms"
_LOST_MS = 600_000
"""A turn that has been running this long belonged to a process that ended."""
_POLL_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as it is kept."""

    id: int
    task: str
    request: TurnRequest
    answer: Answer
    status: Status
    created_ms: int


@dataclass
class Live:
    """A turn that runs in this process, for those who watch it."""

    answer: Answer = field(default_factory=Answer)
    status: Status = "running"
    version: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None

    async def show(self, answer: Answer, status: Status = "running") -> None:
        """Tells the watchers."""
        async with self.changed:
            self.answer, self.status = answer, status
            self.version += 1
            self.changed.notify_all()


class Turns:
    """The turns of everybody; each function sees only the principal's own."""

    def __init__(self, store: Store, answerer: Answerer) -> None:
        self._store, self._answerer = store, answerer
        self._live: dict[int, Live] = {}

    async def add(self, unit: Unit, principal: Principal, request: TurnRequest) -> int:
        """Keeps a new turn; it runs once `start` is called after the commit. Returns its id."""
        turn_id = ids.new_id()
        await unit.run(
            f"INSERT INTO assistant_turn (account_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, 'running', ?)",
            principal.id,
            turn_id,
            request.task,
            _text(request),
            _text(Answer()),
            clock.now_ms(),
        )
        await unit.changed(principal.id, KIND, turn_id, "created")
        return turn_id

    def start(self, principal: Principal, turn_id: int, request: TurnRequest) -> None:
        """Runs a kept turn in the background."""
        live = self._live[turn_id] = Live()
        turn = Turn(turn_id, principal, request, live.show)
        live.task = asyncio.create_task(self._run(turn, live))

    async def _run(self, turn: Turn, live: Live) -> None:
        status: Status = "done"
        try:
            await self._answerer.run(turn)
        except asyncio.CancelledError:
            status = "stopped"
        except ParvisError as error:
            status, turn.answer.notice = "failed", error.code
        except Exception:
            _log.exception("turn %s", ids.text(turn.id))
            status, turn.answer.notice = "failed", "internal"
        await self._store.write(lambda unit: self._finish(unit, turn, status))
        await live.show(turn.answer, status)
        self._live.pop(turn.id, None)

    async def _finish(self, unit: Unit, turn: Turn, status: Status) -> None:
        found = await unit.run(
            "UPDATE assistant_turn SET answer = ?, status = ? WHERE id = ?", _text(turn.answer), status, turn.id
        )
        if found:
            await unit.changed(turn.principal.id, KIND, turn.id, "updated")

    async def get(
        self,
        principal: Principal,
        turn_ids: Sequence[int] | None,
        limit: int = 100,
        db: Reader | None = None,
    ) -> list[StoredTurn]:
        """The principal's turns of these ids, or the newest; read by `db` when that is an open unit."""
        reader = db or self._store.db
        if turn_ids is None:
            rows = await reader.rows(
                f"""SELECT {_COLUMNS} FROM assistant_turn WHERE account_id = ?
                ORDER BY created_ms DESC, id DESC LIMIT ?""",
                principal.id,
                limit,
            )
        else:
            rows = await reader.rows(
                f"SELECT {_COLUMNS} FROM assistant_turn WHERE account_id = ? AND id IN {marks(len(turn_ids))}",
                principal.id,
                *turn_ids,
            )
        return [self._stored(row) for row in rows]

    async def newest(self, principal: Principal, limit: int) -> list[int]:
        """Ids of the principal's turns, newest first."""
        rows = await self._store.db.rows(
            "SELECT id FROM assistant_turn WHERE account_id = ? ORDER BY created_ms DESC, id DESC LIMIT ?",
            principal.id,
            limit,
        )
        return [row[0] for row in rows]

    async def remove(self, unit: Unit, principal: Principal, turn_id: int) -> None:
        """Deletes a turn. Raises NotFound."""
        if not await unit.run("DELETE FROM assistant_turn WHERE id = ? AND account_id = ?", turn_id, principal.id):
            raise NotFound("no such turn")
        await unit.changed(principal.id, KIND, turn_id, "destroyed")

    async def stop(self, principal: Principal, turn_id: int) -> None:
        """Stops a running turn; what it has answered so far stays. Raises NotFound."""
        if not await self.get(principal, [turn_id]):
            raise NotFound("no such turn")
        if (live := self._live.get(turn_id)) and live.task:
            live.task.cancel()

    async def watch(self, principal: Principal, turn_id: int) -> AsyncIterator[StoredTurn]:
        """The turn as it is and each time it grows, until it is done or deleted. Raises NotFound."""
        found = await self.get(principal, [turn_id])
        if not found:
            raise NotFound("no such turn")
        stored, version = found[0], -1
        while (live := self._live.get(turn_id)) is not None:
            async with live.changed:
                await live.changed.wait_for(lambda: live.version != version)  # noqa: B023 - awaited in this turn of the loop
                version, stored = live.version, _grown(stored, live)
            yield stored
            if stored.status != "running":
                return
        if stored.status == "running":
            yield stored
        while stored.status == "running":
            await asyncio.sleep(_POLL_SECONDS)
            found = await self.get(principal, [turn_id])
            if not found:
                return
            stored = found[0]
        yield stored

    async def close(self) -> None:
        """Stops what runs."""
        for live in list(self._live.values()):
            if live.task:
                live.task.cancel()
                await asyncio.gather(live.task, return_exceptions=True)

    def _stored(self, row: Row) -> StoredTurn:
        turn_id, task, request, answer, status, created_ms = row
        if live := self._live.get(turn_id):
            shown, status = live.answer, live.status
        else:
            shown = msgspec.json.decode(answer, type=Answer)
            if status == "running" and clock.now_ms() - created_ms > _LOST_MS:
                status = "failed"
        return StoredTurn(turn_id, task, msgspec.json.decode(request, type=TurnRequest), shown, status, created_ms)


def _grown(stored: StoredTurn, live: Live) -> StoredTurn:
    return StoredTurn(stored.id, stored.task, stored.request, live.answer, live.status, stored.created_ms)


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
