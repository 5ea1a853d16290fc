"""Streams that are open on this node, and when to wake them.

A stream does not gather what it hears: woken, it reads the states of the accounts that its owner may see at that
moment and sends what differs from what it sent last. So nothing is sent of what is no longer visible, nothing is
lost, and many changes in one moment are one message.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from dataclasses import dataclass, field

import msgspec

from parvis.access import sessions
from parvis.access.gate import Access
from parvis.access.principal import Principal
from parvis.access.sessions import Ended
from parvis.kernel import clock, ids
from parvis.kernel.events import StateChange
from parvis.serve.context import Context
from parvis.serve.jmap.accounts import ANY
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.kind import OWN
from parvis.serve.jmap.session import visible_accounts
from parvis.serve.jmap.standing import Standing, of_parts
from parvis.serve.jmap.types import Object
from parvis.store.bus.contract import Cancel
from parvis.store.sql.contract import marks

_MOST_TOLD = 100
_FAREWELL_SECONDS = 1.0
_NOTHING = "0"
PUSHED = "pushed"
"""The outbox event, and the topic, of an object that is pushed to whom an account belongs: `{"object": {...}}`,
whose `@type` a client may choose among its types."""
REFRESH_SECONDS = 15.0
"""How soon a stream learns of accounts that were shared with its owner after it began."""
States = dict[tuple[int, str], Standing]


@dataclass(slots=True, eq=False)
class Stream:
    """One open stream."""

    principal: Principal
    types: frozenset[str] | None
    """The types wanted; None for all."""
    sent: States = field(default_factory=dict)
    accounts: frozenset[int] = frozenset()
    told: deque[Object] = field(default_factory=lambda: deque(maxlen=_MOST_TOLD))
    """Objects that are for its owner and are no StateChange: CalendarAlert."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    opened_ms: int = field(default_factory=clock.now_ms)

    def close(self) -> None:
        """Ends it, from wherever."""
        self.closed = True
        self.wake.set()


@dataclass(frozen=True, slots=True)
class Visible:
    """The accounts somebody may see, and the states of the kinds in them."""

    accounts: set[int]
    states: States


class Hub:
    """All streams of this node."""

    def __init__(self, context: Context, engine: Engine) -> None:
        self._context, self._engine = context, engine
        self.stopping = False
        self._left = asyncio.Event()
        self._streams: set[Stream] = set()
        self._by_account: dict[int, set[Stream]] = defaultdict(set)
        self._cancels: list[Cancel] = []
        self._scopes = {name: kind.scope for name, kind in engine.kinds.items() if kind.state is None}
        for feature in engine.features:
            self._scopes.update(feature.push_types)

    def __len__(self) -> int:
        return len(self._streams)

    async def start(self) -> None:
        """Begins to hear of changes and of sign-ins that end."""
        self._cancels.append(await self._context.store.on_state_change(self._changed))
        self._cancels.append(await sessions.on_end(self._context.store, self._ended))
        self._cancels.append(await self._context.store.bus.subscribe(PUSHED, self._pushed))

    async def stop(self) -> None:
        """Ends all streams, and waits a moment until those who listen have been told why."""
        self.stopping = True
        for cancel in self._cancels:
            cancel()
        for stream in tuple(self._streams):
            stream.close()
        if self._streams:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), _FAREWELL_SECONDS)

    def _changed(self, change: StateChange) -> None:
        for stream in self._by_account.get(change.account_id, ()):
            stream.wake.set()

    def _pushed(self, payload: bytes) -> None:
        """An object for the owner of an account; see `PUSHED`."""
        given = msgspec.json.decode(payload)
        for stream in self._by_account.get(given["account"], ()):
            wanted = stream.types is None or given["object"]["@type"] in stream.types
            if wanted and stream.principal.id == given["account"]:
                stream.told.append(given["object"])
                stream.wake.set()

    def _ended(self, ended: Ended) -> None:
        for stream in tuple(self._streams):
            if ended.concerns(stream.principal):
                stream.close()

    async def open(self, principal: Principal, types: frozenset[str] | None, since: str | None = None) -> Stream:
        """Opens a stream. With `since`, a token it gave before, what changed after that is sent first; "0" is that
        of who was told nothing."""
        stream = Stream(principal, types)
        self._streams.add(stream)
        self._listen(stream, {principal.id})
        try:
            if since != _NOTHING:
                stream.sent = await self._states(stream)
        except BaseException:  # a client that left meanwhile, too
            self.close(stream)
            raise
        if since:
            self._go_back(stream, since)
        return stream

    def close(self, stream: Stream) -> None:
        """Forgets a stream."""
        stream.close()
        self._streams.discard(stream)
        if self.stopping and not self._streams:
            self._left.set()
        self._listen(stream, set())

    def _listen(self, stream: Stream, accounts: set[int]) -> None:
        for gone in stream.accounts - accounts:
            self._by_account[gone].discard(stream)
            if not self._by_account[gone]:
                del self._by_account[gone]
        for number in accounts - stream.accounts:
            self._by_account[number].add(stream)
        stream.accounts = frozenset(accounts)

    def _go_back(self, stream: Stream, since: str) -> None:
        reached: dict[int, int] = {}
        for part in since.split(","):
            name, _, modseq = part.partition(".")
            number = ids.parse(name)
            if number is not None and modseq.isdigit() and len(modseq) < 19:
                reached[number] = int(modseq)
        for key, state in stream.sent.items():
            if key[0] in reached:  # what is seen may be something else by now, so states of parts are always told
                stream.sent[key] = Standing(min(state.modseq, reached[key[0]]))
        stream.wake.set()

    async def _states(self, stream: Stream) -> States:
        found = await self.states(stream.principal, stream.types)
        self._listen(stream, found.accounts)
        return found.states

    async def states(self, principal: Principal, types: frozenset[str] | None) -> "Visible":
        """The present states of what somebody may see now."""
        visible = await visible_accounts(self._context, self._engine, principal)
        scopes = {number: {access.scope.kind for access in found} for number, found in visible.items()}
        rows = await self._context.store.db.rows(
            f"SELECT account_id, kind, modseq FROM kind_state WHERE account_id IN {marks(len(scopes))}", *scopes
        )
        states = {
            (number, kind): Standing(modseq)
            for number, kind, modseq in rows
            if (types is None or kind in types) and self._shown(kind, scopes[number], own=number == principal.id)
        }
        others = {number: found for number, found in visible.items() if number != principal.id}
        return Visible(set(visible), states | await self._in_parts(others, set(states)))

    async def _in_parts(self, visible: dict[int, list[Access]], told: set[tuple[int, str]]) -> States:
        """The states of kinds in those parts of accounts of others that are seen, of what is `told`."""
        kinds = self._engine.kinds
        wanted = [(number, kinds[kind]) for number, kind in told if number in visible and kind in kinds]
        seen = {
            (number, scope): [access for access in visible[number] if access.scope.kind == scope]
            for number, scope in {(number, kind.scope) for number, kind in wanted if kind.parts}
        }
        scopes = [access.scope.id for found in seen.values() for access in found]
        modseqs: dict[str, dict[int, int]] = defaultdict(dict)
        if scopes:
            for part, kind, modseq in await self._context.store.db.rows(
                f"SELECT part, kind, modseq FROM part_state WHERE part IN {marks(len(scopes))}", *scopes
            ):
                modseqs[kind][part] = modseq
        return {
            (number, kind.name): of_parts(kind, seen[number, kind.scope], modseqs[kind.name])
            for number, kind in wanted
            if kind.parts
        }

    def _shown(self, kind: str, scopes: set[str], *, own: bool) -> bool:
        scope = self._scopes.get(kind)
        if scope is None:
            return False
        return own if scope in (OWN, ANY) else scope in scopes

    async def news(self, stream: Stream) -> Object | None:
        """A StateChange of all that is new to the stream, or None; ends it when its sign-in has expired.
        RFC 8620 §7.1"""
        if not await sessions.lives(self._context.store, stream.principal, stream.opened_ms):
            stream.close()
            return None
        now = await self._states(stream)
        changed: dict[str, dict[str, str]] = {}
        for (number, kind), state in now.items():
            before = stream.sent.get((number, kind), Standing(0))
            if before.modseq < state.modseq or before.sight != state.sight:
                changed.setdefault(ids.text(number), {})[kind] = state.text
        stream.sent = now
        return {"@type": "StateChange", "changed": changed} if changed else None


def token(stream: Stream) -> str:
    """How far a stream has told its owner: for Last-Event-ID and pushState."""
    reached: dict[int, int] = {}
    for (number, _), state in stream.sent.items():
        reached[number] = max(reached.get(number, 0), state.modseq)
    return ",".join(f"{ids.text(number)}.{modseq}" for number, modseq in sorted(reached.items())) or _NOTHING
