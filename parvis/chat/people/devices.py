"""Devices: each is a sign-in of the house, with a name that Matrix knows it by. Where the sign-in is over, the
device can do nothing more, until its owner signs in with it again; where somebody has ended it, by whichever door,
its keys are taken away too, and nobody encrypts for it any more."""

import secrets
import string
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access import directory, sessions
from parvis.access.principal import Principal
from parvis.access.sessions import Ended, Session
from parvis.chat.people import keys
from parvis.chat.server import Server
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.events import Event
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.errors import BadMatrix

PROTOCOL = "matrix"
_CACHED = 10_000
_LETTERS = string.ascii_uppercase
_LENGTH = 10
_NEW = """INSERT INTO chat_device (id, principal_id, device_id, session_id, name, created_ms)
    VALUES (?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class Device:
    """As its owner sees it. `used_ms` is true to a minute, None when the sign-in has ended."""

    device_id: str
    name: str
    session_id: int
    used_ms: int | None
    remote: str


_known: "weakref.WeakKeyDictionary[Store, dict[int, str]]" = weakref.WeakKeyDictionary()
"""The device of each sign-in, which never changes."""


async def of_session(store: Store, principal: Principal) -> str:
    """The device that this sign-in is of; empty for one that is of none. At most one statement, none mostly."""
    known = _known.setdefault(store, {})
    found = known.get(principal.session_id)
    if found is None and principal.session_id:
        found = await store.db.value(
            "SELECT device_id FROM chat_device WHERE session_id = ? AND principal_id = ?",
            principal.session_id,
            principal.id,
        )
        if found is not None:
            if len(known) >= _CACHED:
                known.clear()
            known[principal.session_id] = found
    return found or ""


async def open(  # noqa: A001 - the word of the field
    server: Server, principal: Principal, device_id: str | None, name: str | None, remote: str
) -> tuple[str, str, Session]:
    """Signs a device in, a new one unless `device_id` is one of the person's, whose sign-in of before ends then.
    Returns its access token, its id and the sign-in."""
    store, chosen = server.store, device_id or "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    title = name or chosen
    token, session = await sessions.open(
        store, principal, title, remote, kind="token", protocols=frozenset({PROTOCOL})
    )

    async def work(unit: Unit) -> int:
        row = await unit.row(
            "SELECT id, session_id FROM chat_device WHERE principal_id = ? AND device_id = ?", principal.id, chosen
        )
        if row is not None:
            await unit.run("UPDATE chat_device SET session_id = ? WHERE id = ?", session.id, row[0])
            await unit.run("DELETE FROM session WHERE id = ? AND principal_id = ?", row[1], principal.id)
            return int(row[1])
        await unit.run(_NEW, ids.new_id(), principal.id, chosen, session.id, title, clock.now_ms())
        await keys.changed(unit, server, principal)
        return 0

    if before := await store.write(work):
        await sessions.announce(store, Ended(principal.id, before))
    return token, chosen, session


async def adopt(server: Server, principal: Principal, device_id: str, name: str) -> None:
    """Makes this browser's sign-in the one of a device: a new device, or one of the person's whose own sign-in is
    over. Raises BadMatrix for a sign-in of another kind, and for a device that is signed in elsewhere."""

    async def work(unit: Unit) -> None:
        kind = await unit.value(
            "SELECT kind FROM session WHERE id = ? AND principal_id = ?", principal.session_id, principal.id
        )
        if kind != "session":
            raise BadMatrix("This sign-in has no device", errcode="M_UNRECOGNIZED")
        row = await unit.row(
            """SELECT d.id, s.id FROM chat_device d LEFT JOIN session s ON s.id = d.session_id
            AND (s.expires_ms IS NULL OR s.expires_ms > ?) WHERE d.principal_id = ? AND d.device_id = ?""",
            clock.now_ms(),
            principal.id,
            device_id,
        )
        if row is not None and row[1] is not None:
            raise BadMatrix("This device is signed in elsewhere", errcode="M_FORBIDDEN", field="deviceId")
        if row is not None:
            await unit.run("UPDATE chat_device SET session_id = ? WHERE id = ?", principal.session_id, row[0])
            return
        await unit.run(_NEW, ids.new_id(), principal.id, device_id, principal.session_id, name, clock.now_ms())
        await keys.changed(unit, server, principal)

    await server.store.write(work)


async def of(store: Store, principal: Principal) -> list[Device]:
    """A person's devices, in the order they came."""
    rows = await store.db.rows(
        """SELECT d.device_id, d.name, d.session_id, s.used_ms, s.remote FROM chat_device d
        LEFT JOIN session s ON s.id = d.session_id WHERE d.principal_id = ? ORDER BY d.id""",
        principal.id,
    )
    return [Device(row[0], row[1], row[2], row[3], row[4] or "") for row in rows]


async def one(store: Store, principal: Principal, device_id: str) -> Device:
    """One of a person's devices. Raises NotFound."""
    found = [each for each in await of(store, principal) if each.device_id == device_id]
    if not found:
        raise NotFound("no such device")
    return found[0]


async def rename(server: Server, principal: Principal, device_id: str, name: str) -> None:
    """Gives a device another name, in the list of sign-ins too. Raises NotFound."""

    async def work(unit: Unit) -> None:
        session_id = await unit.value(
            "UPDATE chat_device SET name = ? WHERE principal_id = ? AND device_id = ? RETURNING session_id",
            name,
            principal.id,
            device_id,
        )
        if session_id is None:
            raise NotFound("no such device")
        await unit.run(
            "UPDATE session SET name = ? WHERE id = ? AND principal_id = ?", name[:200], session_id, principal.id
        )
        await keys.changed(unit, server, principal)

    await server.store.write(work)


async def remove(server: Server, principal: Principal, device_ids: Sequence[str] | None = None) -> None:
    """Signs devices out, all when none are named, and takes away their keys and what waits for them. Those that are
    not there are passed over."""
    some = "" if device_ids is None else f" AND device_id IN {marks(len(device_ids))}"
    gone = await server.store.write(lambda unit: _remove(unit, server, principal, some, device_ids or ()))
    for session_id in gone:
        await sessions.announce(server.store, Ended(principal.id, session_id))


async def _remove(unit: Unit, server: Server, principal: Principal, some: str, args: Sequence[object]) -> list[int]:
    """Removes those of somebody's devices that meet a condition; returns their sign-ins."""
    rows = await unit.rows(
        f"DELETE FROM chat_device WHERE principal_id = ?{some} RETURNING id, session_id", principal.id, *args
    )
    for number, session_id in rows:
        await unit.run("DELETE FROM session WHERE id = ? AND principal_id = ?", session_id, principal.id)
        for table in ("chat_one_time_key", "chat_fallback_key", "chat_to_device", "chat_to_device_sent"):
            await unit.run(f"DELETE FROM {table} WHERE device = ?", number)
        await unit.run("DELETE FROM chat_pusher WHERE principal_id = ? AND device = ?", principal.id, number)
    if rows:
        await keys.changed(unit, server, principal)
    return [session_id for _, session_id in rows]


class Ending:
    """Follows the outbox: the devices of sign-ins that somebody has ended are gone."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def follow(self, events: list[Event]) -> None:
        """See store.outbox."""
        for event in events:
            if event.kind == sessions.ENDED:
                await self._gone(event.account_id, event.body["sessions"])

    async def _gone(self, principal_id: int, numbers: Sequence[int]) -> None:
        try:
            who = await directory.by_id(self._server.store.db, principal_id)
        except NotFound:  # they are gone themselves
            return
        some = f" AND session_id IN {marks(len(numbers))}"
        await self._server.store.write(lambda unit: _remove(unit, self._server, who, some, numbers))
