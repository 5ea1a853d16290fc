"""The scheduling inbox: a copy of each message that came to somebody and was carried out, for programs that tell of
them, until one of these takes it away. RFC 6638 §2.2, §4.1"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.serve.dav.tree import Node, Nodes, Precondition, SyncPage
from parvis.serve.dav.walk import page_end
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.dav.names import dav
from parvis.wire.ical import calendar, itip

NAME = "inbox"
MEDIA = "text/calendar; charset=utf-8"
MOST = 200
"""Messages of one inbox; the oldest go first."""
_REMEMBERED = 500
"""How many of those taken away clients can still hear of."""
_FIELDS = "id, name, etag, size, created_ms, modseq, gone"


@dataclass(frozen=True, slots=True)
class Row:
    """A message without its bytes."""

    id: int
    name: str
    etag: str
    size: int
    created_ms: int
    modseq: int
    gone: int


async def deliver(unit: Unit, account_id: int, message: itip.Message) -> None:
    """Keeps a copy of a message."""
    data, number = calendar.write(message.calendar), ids.new_id()
    etag = hashlib.sha256(data).hexdigest()[:24]
    modseq = await unit.tick(account_id)
    await unit.run(
        f"""INSERT INTO calendar_inbox (id, account_id, name, etag, data, size, created_ms, modseq)
        VALUES {marks(8)}""",
        number, account_id, f"{ids.text(number)}.ics", etag, data, len(data), clock.now_ms(), modseq,
    )  # fmt: skip
    await unit.run(
        """UPDATE calendar_inbox SET gone = 1, data = ?, modseq = ? WHERE id IN (SELECT id FROM calendar_inbox
        WHERE account_id = ? AND gone = 0 ORDER BY id DESC LIMIT 10 OFFSET ?)""",
        b"", modseq, account_id, MOST,
    )  # fmt: skip
    await _forget(unit, account_id)


async def remove(unit: Unit, account_id: int, number: int) -> None:
    """Takes a message away."""
    modseq = await unit.tick(account_id)
    await unit.run(
        "UPDATE calendar_inbox SET gone = 1, data = ?, modseq = ? WHERE id = ? AND account_id = ? AND gone = 0",
        b"", modseq, number, account_id,
    )  # fmt: skip
    await _forget(unit, account_id)


async def _forget(unit: Unit, account_id: int) -> None:
    await unit.run(
        """DELETE FROM calendar_inbox WHERE id IN (SELECT id FROM calendar_inbox
        WHERE account_id = ? AND gone = 1 ORDER BY modseq DESC, id DESC LIMIT 20 OFFSET ?)""",
        account_id, _REMEMBERED,
    )  # fmt: skip


async def state(db: Any, account_id: int) -> int:
    """The newest modseq in an inbox."""
    found = await db.value("SELECT MAX(modseq) FROM calendar_inbox WHERE account_id = ?", account_id)
    return int(found or 0)


async def after(db: Any, inbox: Node, name: str, limit: int) -> list[Node]:
    """A page of an inbox, by name."""
    rows = await db.rows(
        f"""SELECT {_FIELDS} FROM calendar_inbox WHERE account_id = ? AND gone = 0 AND name > ?
        ORDER BY name LIMIT ?""",
        inbox.account_id, name, limit,
    )  # fmt: skip
    return [_node(inbox.access, Row(*row)) for row in rows]


async def named(db: Any, access: Access, names: Sequence[str]) -> list[Node]:
    """Messages of these names, with their bytes."""
    if not names:
        return []
    rows = await db.rows(
        f"""SELECT {_FIELDS}, data FROM calendar_inbox
        WHERE account_id = ? AND gone = 0 AND name IN {marks(len(names))}""",
        access.scope.account_id, *names,
    )  # fmt: skip
    return [replace(_node(access, Row(*row[:-1])), content=bytes(row[-1])) for row in rows]


async def page(db: Any, inbox: Node, after_id: int, limit: int) -> list[Node]:
    """Messages after an id, with their bytes."""
    rows = await db.rows(
        f"""SELECT {_FIELDS}, data FROM calendar_inbox WHERE account_id = ? AND gone = 0 AND id > ?
        ORDER BY id LIMIT ?""",
        inbox.account_id, after_id, limit,
    )  # fmt: skip
    return [replace(_node(inbox.access, Row(*row[:-1])), content=bytes(row[-1])) for row in rows]


async def content(db: Any, node: Node) -> bytes:
    """The bytes of a message. Raises NotFound."""
    found = await db.value(
        "SELECT data FROM calendar_inbox WHERE id = ? AND account_id = ? AND gone = 0", node.id, node.account_id
    )
    if found is None:
        raise NotFound("no such message")
    return bytes(found)


async def sync(db: Any, inbox: Node, since: int, limit: int) -> SyncPage:
    """What came and went after a state. Raises Precondition for one of which not all is known. RFC 6578 §3.2"""
    rows = [
        Row(*row)
        for row in await db.rows(
            f"""SELECT {_FIELDS} FROM calendar_inbox WHERE account_id = ? AND (modseq > ? OR gone = 1)
            ORDER BY modseq, id""",
            inbox.account_id, since,
        )
    ]  # fmt: skip
    gone = [row for row in rows if row.gone]
    if since and len(gone) >= _REMEMBERED and since < gone[0].modseq:
        raise Precondition(dav("valid-sync-token"))
    lines = [row for row in rows if row.modseq > since and (since or not row.gone)]
    end = page_end([row.modseq for row in lines], limit)
    more = end < len(lines)
    return SyncPage(
        changed=Nodes.pages([_node(inbox.access, row) for row in lines[:end] if not row.gone]),
        departed=[(row.name,) for row in lines[:end] if row.gone],
        state=lines[end - 1].modseq if more else max([since, *(row.modseq for row in rows)]),
        more=more,
    )


def _node(access: Access, row: Row) -> Node:
    return Node(
        id=row.id,
        shape="resource",
        name=row.name,
        access=Access(access.scope, Right.READ | Right.DELETE, access.owner),
        place=(NAME, row.name),
        etag=row.etag,
        media_type=MEDIA,
        size=row.size,
        created_ms=row.created_ms,
        modified_ms=row.created_ms,
    )


def holds(node: Node) -> bool:
    """Whether this is a message of an inbox."""
    return node.shape == "resource" and node.place[0] == NAME
