"""Messages about a thing of the house, a mail for now: their content names it by `org.parvis.about`, and whoever is
in the room finds them from there. Nobody's right to the thing itself changes by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access import gate, parts
from parvis.access.principal import Principal, Right
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Stored
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

FIELD = "org.parvis.about"
SCOPES = {"Email": "mail"}
"""Kinds of things, and the kind of scope that each is in."""
_MOST = 100
_MEMBERS = 1_000


@dataclass(frozen=True, slots=True)
class Discussed:
    """A message about a thing."""

    object_id: int
    room_id: str
    event_id: str
    thread: str


@dataclass(frozen=True, slots=True)
class Readers:
    """Who of a room may open the things of an account, and who may not; users, a thousand at most."""

    may: list[str]
    may_not: list[str]


async def keep(unit: Unit, me: Me, stored: Stored) -> None:
    """Notes what a message of somebody here is about, where they may read that. Nothing is asked for others."""
    about = stored.event.content.get(FIELD)
    if not isinstance(about, dict):
        return
    kind, account_id, object_id = about.get("kind"), _number(about.get("account_id")), _number(about.get("id"))
    if not isinstance(kind, str) or kind not in SCOPES or account_id is None or object_id is None:
        return
    if not await parts.readable(unit, me.principal, account_id, SCOPES[kind]):
        return
    await unit.run(
        "INSERT INTO chat_about (account_id, kind, object_id, event) VALUES (?, ?, ?, ?)",
        account_id,
        kind,
        object_id,
        stored.id,
    )


async def find(
    db: store.Reader, principal: Principal, account_id: int, kind: str, object_ids: Sequence[int]
) -> list[Discussed]:
    """Where things are discussed, of the rooms that somebody is in; what was taken back left out. One statement."""
    rows = await db.rows(
        f"""SELECT a.object_id, r.room_id, e.event_id, e.thread FROM chat_about a
        JOIN chat_event e ON e.id = a.event JOIN chat_room r ON r.id = e.room WHERE a.account_id = ? AND a.kind = ?
        AND a.object_id IN {marks(len(object_ids))} AND e.redacted_by = '' AND e.room IN {gate.VISIBLE}
        ORDER BY e.stream DESC LIMIT ?""",
        account_id,
        kind,
        *object_ids,
        *gate.visible(principal),
        _MOST,
    )
    return [Discussed(*row) for row in rows]


async def readers(db: store.Reader, me: Me, room_id: str, account_id: int, kind: str) -> Readers:
    """Who of a room may open such things of an account, asked by somebody who may. Raises NotFound, Forbidden."""
    room = await store.require(db, me.principal, room_id)
    access = await parts.readable(db, me.principal, account_id, SCOPES[kind])
    if not access:
        raise NotFound("no such account")
    rows = await db.rows(
        """SELECT m.user_id, EXISTS (SELECT 1 FROM visible v WHERE v.principal_id = m.principal_id
        AND v.scope_id = ? AND (v.rights & ?) <> 0 AND (v.expires_ms IS NULL OR v.expires_ms > ?))
        FROM chat_member m WHERE m.room = ? AND m.membership IN ('join', 'invite') ORDER BY m.user_id LIMIT ?""",
        access[0].scope.id,
        int(Right.READ),
        clock.now_ms(),
        room.id,
        _MEMBERS,
    )
    return Readers([user for user, may in rows if may], [user for user, may in rows if not may])


def _number(given: object) -> int | None:
    return ids.parse(given) if isinstance(given, str) else None
