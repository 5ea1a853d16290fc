"""Servers that do not answer are not asked for a while, longer each time; the database remembers it."""

from collections.abc import Callable
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.recent import Recent
from parvis.store.store import Store
from parvis.store.unit import Unit

_PAUSES_S = (2, 10, 60, 300, 900, 3600, 7200, 14400, 28800)
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class State:
    """How it is with a server. Times in ms, 0 for a server that answers."""

    failing_ms: int = 0
    """Since when it does not answer."""
    tries: int = 0
    retry_ms: int = 0
    """When it is asked again."""


_WELL = State()


class Backoff:
    """What this node knows, read from the database when a server is first met."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Recent[str, State] = Recent(_KEPT)
        self.returned: Callable[[], None] = lambda: None
        """Called when a server answers again."""

    async def state(self, server: str) -> State:
        """How it is with a server."""
        found = self._known.get(server)
        if found is None:
            row = await self._store.db.row(
                "SELECT failing_ms, tries, retry_ms FROM chat_peer WHERE name = ?", server
            )
            found = State(*row) if row else _WELL
            self._known[server] = found
        return found

    async def check(self, server: str) -> None:
        """Raises Unavailable for a server that is not to be asked now."""
        if (await self.state(server)).retry_ms > clock.now_ms():
            raise Unavailable(f"{server} did not answer lately")

    async def failed(self, server: str) -> State:
        """Notes that a server did not answer."""
        before, now = await self.state(server), clock.now_ms()
        if before.retry_ms > now:  # another request has just found the same
            return before
        pause = _PAUSES_S[min(before.tries, len(_PAUSES_S) - 1)] * 1000
        state = State(before.failing_ms or now, before.tries + 1, now + pause)
        await self._write(server, state)
        return state

    async def works(self, server: str) -> None:
        """Notes that a server answered, or asked something itself."""
        if (await self.state(server)).failing_ms:
            await self._write(server, _WELL)
            self.returned()

    async def _write(self, server: str, state: State) -> None:
        self._known[server] = state

        async def work(unit: Unit) -> None:
            await unit.run(
                """INSERT INTO chat_peer (name, failing_ms, tries, retry_ms) VALUES (?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET failing_ms = excluded.failing_ms, tries = excluded.tries,
                retry_ms = excluded.retry_ms""",
                server,
                state.failing_ms,
                state.tries,
                state.retry_ms,
            )

        await self._store.write(work)
