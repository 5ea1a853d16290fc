"""Sign-ins that live: browser sessions, bearer tokens and app passwords. Only the SHA-256 of a secret is stored.

A session that has ended is refused everywhere within seconds: at once on the nodes that hear the `session` topic,
and after CACHE_SECONDS on one that does not.
"""

import asyncio
import hashlib
import logging
import secrets
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from parvis.access.directory import COLUMNS, principal_of
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, Unauthenticated
from parvis.store.bus.contract import Cancel
from parvis.store.sql.contract import Row, Tx
from parvis.store.store import Store
from parvis.store.unit import Unit

CACHE_SECONDS = 5.0
SESSION_MS = 30 * 86_400_000
"""A browser session ends this long after its last use."""
TOUCH_MS = 60_000
"""How true the last use is that is noted."""
_CACHED = 10_000
_FIELDS = """s.id, s.principal_id, s.kind, s.name, s.protocols, s.remote, s.created_ms, s.used_ms, s.expires_ms,
    s.until_ms"""
_log = logging.getLogger(__name__)
SessionKind = Literal["session", "token", "app"]


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in, as its owner sees it in the list. Times in ms."""

    id: int
    principal_id: int
    kind: SessionKind
    name: str
    """The device or program, or the name its owner gave an app password."""
    protocols: frozenset[str]
    remote: str
    created_ms: int
    used_ms: int
    """Last use, true to a minute."""
    expires_ms: int | None
    until_ms: int | None = None
    """Until when its secret is good, where that is renewed; see access.renewing."""


EVERY, BY_PASSWORD = 0, -1
ENDED = "session-ended"
"""The event in the outbox that tells which sign-ins somebody has ended: those are over for good, others may only
have to be made again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Sign-ins that are over: one session, EVERY one of a principal, or those made BY_PASSWORD alone, with each
    request or connection, which have no session."""

    principal_id: int
    session_id: int = EVERY

    def concerns(self, principal: Principal) -> bool:
        """Whether what this principal holds open must be closed."""
        every = self.session_id == EVERY
        return principal.id == self.principal_id and (every or principal.session_id == self.opener)

    @property
    def opener(self) -> int:
        """The `session_id` of the principals that such a sign-in gave."""
        return 0 if self.session_id == BY_PASSWORD else self.session_id


class _Cache:
    """Resolved tokens of one store, each kept for CACHE_SECONDS."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, Principal]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def get(self, digest: str) -> Principal | None:
        found = self.known.get(digest)
        return found[1] if found and found[0] > clock.monotonic() else None

    def put(self, digest: str, principal: Principal) -> None:
        if len(self.known) >= _CACHED:
            self.known.clear()
        self.known[digest] = (clock.monotonic() + CACHE_SECONDS, principal)

    def drop(self, ended: Ended) -> None:
        for digest in [digest for digest, (_, who) in self.known.items() if ended.concerns(who)]:
            del self.known[digest]


_caches: "weakref.WeakKeyDictionary[Store, _Cache]" = weakref.WeakKeyDictionary()


def digest_of(secret: str) -> str:
    """What is stored of a secret that is itself random."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def open(  # noqa: A001 - the word of the field
    store: Store,
    principal: Principal,
    device: str,
    remote: str,
    *,
    kind: SessionKind = "session",
    protocols: frozenset[str] = frozenset({"*"}),
    expires_ms: int | None = None,
) -> tuple[str, Session]:
    """Opens a session (or a bearer token) and returns its secret, which is shown once, and the session. One that
    somebody opens who came by an app password ends with that. Raises Unauthenticated when that has ended."""
    token, now = secrets.token_urlsafe(32), clock.now_ms()
    end = now + SESSION_MS if kind == "session" and expires_ms is None else expires_ms
    session = Session(ids.new_id(), principal.id, kind, device[:200], protocols, remote, now, now, end)
    return token, await add(store, session, token, principal.session_id)


async def add(store: Store, session: Session, secret: str, opener: int = 0) -> Session:
    """Stores a session under the digest of its secret, and returns it; it ends with the `opener` at the latest.
    Raises Unauthenticated when that has ended."""

    async def work(tx: Tx) -> Session:
        kept = await _within(tx, session, opener) if opener else session
        await tx.run(
            """INSERT INTO session (id, principal_id, kind, secret, name, protocols, remote, created_ms, used_ms,
            expires_ms, opened_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            session.id,
            session.principal_id,
            session.kind,
            digest_of(secret),
            session.name,
            " ".join(sorted(session.protocols)),
            session.remote,
            session.created_ms,
            session.used_ms,
            kept.expires_ms,
            opener,
        )
        return kept

    return await store.db.write(work)


async def _within(tx: Tx, session: Session, opener: int) -> Session:
    row = await tx.row(
        "SELECT kind, expires_ms FROM session WHERE id = ? AND principal_id = ?", opener, session.principal_id
    )
    if row is None:
        raise Unauthenticated("sign in again")
    kind, end = row
    if kind != "app" or end is None or (session.expires_ms is not None and session.expires_ms <= end):
        return session
    return replace(session, expires_ms=end)


async def resolve(store: Store, token: str) -> Principal:
    """Who a session cookie or bearer token stands for. One statement, none when resolved in the last seconds.
    Raises Unauthenticated, with the field `renew` where a refresh token brings a new one."""
    digest, cache = digest_of(token), await _cache(store)
    if known := cache.get(digest):
        return known
    found = await find(store, digest, ("session", "token"))
    if found is None:
        raise Unauthenticated("sign in again")
    principal, session = found
    if session.until_ms is not None and session.until_ms <= clock.now_ms():
        raise Unauthenticated("this token is over: renew it", renew=True)
    cache.put(digest, principal)
    touch(store, cache.tasks, session)
    return principal


async def find(store: Store, digest: str, kinds: tuple[SessionKind, ...]) -> tuple[Principal, Session] | None:
    """The living session with this digest and its principal, unless that is disabled."""
    row = await store.db.row(
        f"""SELECT {_FIELDS}, {COLUMNS} FROM session s JOIN principal p ON p.id = s.principal_id
        WHERE s.secret = ? AND (s.expires_ms IS NULL OR s.expires_ms > ?) AND p.disabled_ms IS NULL""",
        digest,
        clock.now_ms(),
    )
    if row is None or row[2] not in kinds:
        return None
    session = _session(row[:10])
    return principal_of(row[10:], session_id=session.id, protocols=session.protocols), session


async def lives(store: Store, principal: Principal, since_ms: int) -> bool:
    """Whether what a principal has opened at `since_ms` may stay open: they are not switched off, and their session
    has neither ended nor expired, or, without one, their password is still the same. Asked now and then."""
    found = await store.db.value(
        """SELECT 1 FROM principal p WHERE p.id = ? AND p.disabled_ms IS NULL AND CASE WHEN CAST(? AS BIGINT) = 0
        THEN NOT EXISTS (SELECT 1 FROM password w WHERE w.principal_id = p.id AND w.changed_ms > ?)
        ELSE EXISTS (SELECT 1 FROM session s WHERE s.id = ? AND (s.expires_ms IS NULL OR s.expires_ms > ?)) END""",
        principal.id,
        principal.session_id,
        since_ms,
        principal.session_id,
        clock.now_ms(),
    )
    return found is not None


def touch(store: Store, tasks: "set[asyncio.Task[None]]", session: Session) -> None:
    """Notes the use of a session, at most once a minute, without making anyone wait."""
    now = clock.now_ms()
    if now - session.used_ms < TOUCH_MS:
        return

    async def work(tx: Tx) -> None:
        await tx.run(
            """UPDATE session SET used_ms = ?, expires_ms = CASE WHEN kind = 'session' THEN ? ELSE expires_ms END
            WHERE id = ?""",
            now,
            now + SESSION_MS,
            session.id,
        )

    task = asyncio.create_task(store.db.write(work))
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def of(store: Store, principal: Principal) -> list[Session]:
    """All living sign-ins of a principal, the last used first."""
    rows = await store.db.rows(
        f"""SELECT {_FIELDS} FROM session s WHERE s.principal_id = ? AND (s.expires_ms IS NULL OR s.expires_ms > ?)
        ORDER BY s.used_ms DESC, s.id DESC""",
        principal.id,
        clock.now_ms(),
    )
    return [_session(row) for row in rows]


async def end(store: Store, principal: Principal, session_id: int) -> None:
    """Ends one of the principal's own sign-ins, and those that it has opened, everywhere within seconds. Raises
    NotFound."""
    ended = await store.write(lambda unit: end_in(unit, principal.id, session_id))
    if not ended:
        raise NotFound("no such session")
    await announce_all(store, ended)


async def end_in(unit: Unit, principal_id: int, session_id: int) -> list[Ended]:
    """What `end` does in the unit: the outbox tells it as `session-ended` with the numbers of the sign-ins. Returns
    what is to be announced after it; nothing when there is no such sign-in."""
    rows = await unit.rows(
        "DELETE FROM session WHERE principal_id = ? AND (id = ? OR opened_by = ?) RETURNING id",
        principal_id,
        session_id,
        session_id,
    )
    numbers = [number for (number,) in rows]
    if numbers:
        unit.emit(principal_id, ENDED, {"sessions": numbers})
    return [Ended(principal_id, number) for number in numbers]


async def end_by_password(store: Store, principal_id: int, *, but: int = 0) -> None:
    """Ends what the old password has opened, but for one session when given (the one it was just changed in): every
    browser, and what sends the password itself. Tokens and app passwords have a life of their own."""

    async def work(tx: Tx) -> list[Row]:
        return await tx.rows(
            "DELETE FROM session WHERE principal_id = ? AND kind = 'session' AND id <> ? RETURNING id",
            principal_id,
            but,
        )

    for (session_id,) in await store.db.write(work):
        await announce(store, Ended(principal_id, session_id))
    await announce(store, Ended(principal_id, BY_PASSWORD))


async def announce(store: Store, ended: Ended) -> None:
    """Tells every node to forget and close what has ended."""
    await _cache(store)
    await store.bus.publish("session", f"{ended.principal_id} {ended.session_id}".encode())


async def announce_all(store: Store, ended: Iterable[Ended]) -> None:
    """Announces each of them."""
    for each in ended:
        await announce(store, each)


async def on_end(store: Store, handler: Callable[[Ended], None]) -> Cancel:
    """Calls `handler` for each sign-in that ends, on any node: streams and connections opened by it are closed."""

    def heard(payload: bytes) -> None:
        principal_id, _, session_id = payload.decode().partition(" ")
        handler(Ended(int(principal_id), int(session_id)))

    return await store.bus.subscribe("session", heard)


async def prune(store: Store) -> int:
    """Removes sign-ins past their end; part of the daily tidying. Returns how many."""
    now = clock.now_ms()

    async def work(tx: Tx) -> int:
        return await tx.run("DELETE FROM session WHERE expires_ms <= ?", now)

    return await store.db.write(work)


async def _cache(store: Store) -> _Cache:
    cache = _caches.get(store)
    if cache is None:
        cache = _caches[store] = _Cache()
        await on_end(store, cache.drop)
    return cache


@lru_cache(maxsize=100)
def _limited(protocols: str) -> frozenset[str]:
    return frozenset(protocols.split())


def _session(row: Row) -> Session:
    number, principal_id, kind, name, protocols, remote, created_ms, used_ms, expires_ms, until_ms = row
    return Session(
        number, principal_id, kind, name, _limited(protocols), remote, created_ms, used_ms, expires_ms, until_ms
    )
