"""Backups of the keys of conversations, encrypted by whoever owns them (Matrix v1.19 Client-Server §Server-side key
backups). Each person has versions of them, of which keys are added to the newest alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people.keys import Reader
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.backup import Session, Version, is_better
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_AT_ONCE = 400
_MOST = 500_000
"""Sessions in a backup."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One version."""

    id: int
    version: int
    algorithm: str
    auth_data: Object
    etag: int
    count: int

    def counted(self) -> Object:
        """How much is in it, and which state that is."""
        return {"count": self.count, "etag": str(self.etag)}

    def shown(self) -> Object:
        """As clients see it."""
        about = {"algorithm": self.algorithm, "auth_data": self.auth_data, "version": str(self.version)}
        return about | self.counted()


async def get(db: Reader, principal: Principal, version: str | None = None) -> Backup:
    """A version, the newest when none is named. Raises NotFound."""
    if version is not None and not (version.isascii() and version.isdigit() and len(version) <= 15):
        raise NotFound("no such backup")
    which, args = ("", ()) if version is None else (" AND version = ?", (int(version),))
    row = await db.row(
        f"""SELECT b.id, b.version, b.algorithm, b.auth_data, b.etag,
        (SELECT COUNT(*) FROM chat_backup_key k WHERE k.backup = b.id) FROM chat_backup b
        WHERE principal_id = ? AND deleted = 0{which} ORDER BY version DESC LIMIT 1""",
        principal.id,
        *args,
    )
    if row is None:
        raise NotFound("no such backup")
    return Backup(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4], int(row[5]))


async def create(store: Store, principal: Principal, given: Version) -> int:
    """Begins a new version; returns its number."""

    async def work(unit: Unit) -> int:
        await unit.tick(principal.id)  # no two begin at once
        last = await unit.value("SELECT MAX(version) FROM chat_backup WHERE principal_id = ?", principal.id)
        version = int(last or 0) + 1
        await unit.run(
            """INSERT INTO chat_backup (id, principal_id, version, algorithm, auth_data, etag)
            VALUES (?, ?, ?, ?, ?, 0)""",
            ids.new_id(),
            principal.id,
            version,
            given.algorithm,
            msgspec.json.encode(given.auth_data).decode(),
        )
        return version

    return await store.write(work)


async def change(store: Store, principal: Principal, version: str, given: Version) -> None:
    """Gives a version other data for its algorithm, which stays. Raises NotFound, BadMatrix."""

    async def work(unit: Unit) -> None:
        found = await get(unit, principal, version)
        if found.algorithm != given.algorithm:
            raise BadMatrix("The algorithm stays", errcode="M_INVALID_PARAM", field="algorithm")
        auth_data = msgspec.json.encode(given.auth_data).decode()
        await unit.run("UPDATE chat_backup SET auth_data = ? WHERE id = ?", auth_data, found.id)

    await store.write(work)


async def remove(store: Store, principal: Principal, version: str) -> None:
    """Deletes a version with all keys in it. Its number is not used again. Raises NotFound."""

    async def work(unit: Unit) -> None:
        found = await get(unit, principal, version)
        await unit.run("DELETE FROM chat_backup_key WHERE backup = ?", found.id)
        await unit.run("UPDATE chat_backup SET deleted = 1, auth_data = '{}' WHERE id = ?", found.id)

    await store.write(work)


async def add(
    store: Store, principal: Principal, version: str, rooms: Mapping[str, Mapping[str, Session]]
) -> Backup:
    """Adds keys of sessions, each where it is better than the one that is there. Returns the version as it is then.
    Raises NotFound, and BadMatrix with `M_WRONG_ROOM_KEYS_VERSION` for a version that is not the newest."""

    async def work(unit: Unit) -> Backup:
        await unit.tick(principal.id)  # no two compare with the same keys
        newest = await get(unit, principal)
        if version != str(newest.version):
            await get(unit, principal, version)
            wrong = BadMatrix("Not the newest version", errcode="M_WRONG_ROOM_KEYS_VERSION", field="version")
            wrong.fields["current_version"] = str(newest.version)
            raise wrong
        rows = []
        for room, sessions in rooms.items():
            rows += await _better(unit, newest.id, room, sessions)
        if newest.count + len(rows) > _MOST:
            raise BadMatrix(f"More than {_MOST} sessions", errcode="M_TOO_LARGE", field="rooms")
        await unit.many(
            """INSERT INTO chat_backup_key (backup, room_id, session_id, first_index, forwarded, verified, data)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (backup, room_id, session_id) DO UPDATE SET
            first_index = excluded.first_index, forwarded = excluded.forwarded, verified = excluded.verified,
            data = excluded.data""",
            rows,
        )
        if rows:
            await unit.run("UPDATE chat_backup SET etag = etag + 1 WHERE id = ?", newest.id)
        return await get(unit, principal, version)

    return await store.write(work)


async def _better(
    unit: Unit, backup: int, room: str, sessions: Mapping[str, Session]
) -> list[tuple[int, str, str, int, int, int, str]]:
    listed, found = list(sessions), []
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows = await unit.rows(
            f"""SELECT session_id, first_index, forwarded, verified, data FROM chat_backup_key
            WHERE backup = ? AND room_id = ? AND session_id IN {marks(len(some))}""",
            backup,
            room,
            *some,
        )
        present = {row[0]: _session(row[1:]) for row in rows}
        found += [
            (backup, room, name, *_columns(sessions[name]))
            for name in some
            if name not in present or is_better(sessions[name], present[name])
        ]
    return found


def _columns(session: Session) -> tuple[int, int, int, str]:
    data = msgspec.json.encode(session.session_data).decode()
    return session.first_message_index, session.forwarded_count, int(session.is_verified), data


def _session(row: tuple[int, int, int, str]) -> Session:
    return Session(row[0], row[1], bool(row[2]), msgspec.json.decode(row[3]))


async def sessions(
    db: Reader, principal: Principal, version: str, room: str | None = None, session: str | None = None
) -> dict[str, dict[str, Object]]:
    """Keys by room and session: all, those of a room, or of one session. Raises NotFound without such a version."""
    found = await get(db, principal, version)
    wanted = [
        (column, value) for column, value in (("room_id", room), ("session_id", session)) if value is not None
    ]
    where = "".join(f" AND {column} = ?" for column, _ in wanted)
    rows = await db.rows(
        f"""SELECT room_id, session_id, first_index, forwarded, verified, data FROM chat_backup_key
        WHERE backup = ?{where}""",
        found.id,
        *(value for _, value in wanted),
    )
    told: dict[str, dict[str, Object]] = {}
    for row in rows:
        told.setdefault(row[0], {})[row[1]] = _session((row[2], row[3], row[4], row[5])).shown()
    return told


async def forget(
    store: Store, principal: Principal, version: str, room: str | None = None, session: str | None = None
) -> Backup:
    """Deletes keys: all, those of a room, or of one session. Returns the version as it is then. Raises NotFound."""

    async def work(unit: Unit) -> Backup:
        found = await get(unit, principal, version)
        wanted = [
            (name, value) for name, value in (("room_id", room), ("session_id", session)) if value is not None
        ]
        where = "".join(f" AND {column} = ?" for column, _ in wanted)
        args = [value for _, value in wanted]
        if await unit.run(f"DELETE FROM chat_backup_key WHERE backup = ?{where}", found.id, *args):
            await unit.run("UPDATE chat_backup SET etag = etag + 1 WHERE id = ?", found.id)
        return await get(unit, principal, version)

    return await store.write(work)
