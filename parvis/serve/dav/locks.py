"""Locks as they are kept: by account, home and place, and who holds which token. RFC 4918 §6, §7

A lock protects its root, and with depth infinity everything below. A lock of a collection, of whatever depth,
protects which members it has."""

import base64
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import TooLarge
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.tree import Reader
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.dav import xml

DEFAULT_SECONDS = 1800
MOST = 1000
"""Of one person."""
_FIELDS = "token, account_id, home, place, deep, shared, principal_id, path, owner, seconds, expires_ms"
_MOST_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Lock:
    """One active lock."""

    token: str
    account_id: int
    home: str
    place: str
    deep: bool
    shared: bool
    principal_id: int
    path: str
    """The encoded path of its root, as it was locked."""
    owner: str
    """DAV:owner, written."""
    seconds: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that locks may protect."""

    home: str
    account_id: int
    place: tuple[str, ...]

    @property
    def key(self) -> str:
        """The place as it is kept."""
        return "/".join(self.place)


def _lock(row: Sequence[object]) -> Lock:
    token, account_id, home, place, deep, shared, *rest = row
    return Lock(token, account_id, home, place, bool(deep), bool(shared), *rest)  # type: ignore[arg-type] # a row of _FIELDS


async def touching(db: Reader, spot: Spot, *, membership: bool = False, below: bool = False) -> list[Lock]:
    """The locks that protect a place; with `membership` also what its collection has as members, with `below` what
    is under it."""
    keys = ["/".join(spot.place[:length]) for length in range(len(spot.place) + 1)]
    lower = "OR (place >= ? AND place < ?)" if below else ""
    span = (spot.key + "/", spot.key + "0") if spot.place else ("", "\U0010ffff")  # 0 follows the slash
    rows = await db.rows(
        f"""SELECT {_FIELDS} FROM dav_lock WHERE account_id = ? AND home = ? AND expires_ms > ?
        AND (place IN {marks(len(keys))} {lower}) LIMIT {_MOST_SHOWN}""",
        spot.account_id,
        spot.home,
        clock.now_ms(),
        *keys,
        *(span if below else ()),
    )
    parent = keys[-2] if len(keys) > 1 and membership else None
    return [
        lock
        for lock in map(_lock, sorted(rows))
        if lock.deep or lock.place in (spot.key, parent) or len(lock.place) > len(spot.key)
    ]


def covers(lock: Lock, spot: Spot) -> bool:
    """Whether a lock protects a place (lockdiscovery)."""
    return lock.place == spot.key or (lock.deep and (not lock.place or spot.key.startswith(lock.place + "/")))


def allow(principal: Principal, submitted: frozenset[str], found: Iterable[Lock]) -> None:
    """Raises Refused (423) unless a token of each lock's root was submitted by who holds it. RFC 4918 §6.4, §7.5"""
    roots: dict[str, bool] = {}
    paths: dict[str, str] = {}
    for lock in found:
        held = lock.token in submitted and lock.principal_id == principal.id
        roots[lock.place] = roots.get(lock.place, False) or held
        paths.setdefault(lock.place, lock.path)
    closed = [paths[place] for place, open_ in roots.items() if not open_]
    if closed:
        inside = "".join(map(xml.href, closed[:100]))
        raise Refused(423, "this is locked", f"<D:lock-token-submitted>{inside}</D:lock-token-submitted>")


async def take(
    unit: Unit, principal: Principal, spot: Spot, *, deep: bool, shared: bool, path: str, owner: str, seconds: int
) -> Lock:
    """Locks a place. Raises Refused (423) when another lock is in the way, TooLarge."""
    now = clock.now_ms()
    await unit.run("DELETE FROM dav_lock WHERE expires_ms <= ?", now)
    hindered = [lock for lock in await touching(unit, spot, below=deep) if not (shared and lock.shared)]
    if hindered:
        inside = "".join(xml.href(lock.path) for lock in hindered[:100])
        raise Refused(423, "this is locked", f"<D:no-conflicting-lock>{inside}</D:no-conflicting-lock>")
    held = await unit.value("SELECT COUNT(*) FROM dav_lock WHERE principal_id = ?", principal.id)
    if held >= MOST:
        raise TooLarge("there are too many locks", limit=MOST)
    token = uuid.UUID(bytes=base64.urlsafe_b64decode(ids.token(16) + "=="), version=4).urn
    end = now + seconds * 1000
    values = (token, spot.account_id, spot.home, spot.key, deep, shared, principal.id, path, owner, seconds, end)
    await unit.run(
        f"INSERT INTO dav_lock ({_FIELDS}) VALUES {marks(len(values))}",
        *(int(value) if isinstance(value, bool) else value for value in values),
    )
    return Lock(*values)


async def refresh(unit: Unit, lock: Lock, seconds: int) -> Lock:
    """Begins its time anew. RFC 4918 §9.10.2"""
    end = clock.now_ms() + seconds * 1000
    await unit.run("UPDATE dav_lock SET seconds = ?, expires_ms = ? WHERE token = ?", seconds, end, lock.token)
    values = (lock.token, lock.account_id, lock.home, lock.place, lock.deep, lock.shared, lock.principal_id)
    return Lock(*values, lock.path, lock.owner, seconds, end)


async def release(unit: Unit, token: str) -> None:
    """Ends a lock."""
    await unit.run("DELETE FROM dav_lock WHERE token = ?", token)


async def forget(unit: Unit, spot: Spot) -> None:
    """Ends the locks of what is gone, and below it. RFC 4918 §9.6"""
    await unit.run(
        """DELETE FROM dav_lock WHERE account_id = ? AND home = ?
        AND (place = ? OR (place >= ? AND place < ?))""",
        spot.account_id,
        spot.home,
        spot.key,
        spot.key + "/",
        spot.key + "0",
    )


def discovery(found: Iterable[Lock]) -> str:
    """The content of DAV:lockdiscovery; DAV:owner is what the client said of itself, nothing else tells who
    holds it. RFC 4918 §14.12, §14.17, §15.8, §20.4"""
    return "".join(map(_active, found))


def _active(lock: Lock) -> str:
    left = max(0, (lock.expires_ms - clock.now_ms() + 999) // 1000)
    scope = "shared" if lock.shared else "exclusive"
    return (
        f"<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:{scope}/></D:lockscope>"
        f"<D:depth>{'infinity' if lock.deep else '0'}</D:depth>{lock.owner}<D:timeout>Second-{left}</D:timeout>"
        f"<D:locktoken>{xml.href(lock.token)}</D:locktoken><D:lockroot>{xml.href(lock.path)}</D:lockroot>"
        "</D:activelock>"
    )
