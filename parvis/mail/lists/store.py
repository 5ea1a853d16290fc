"""The SQL of mailing lists."""

from collections.abc import Sequence

from parvis.access import directory
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound
from parvis.mail.lists.model import MODERATING, MailingList, Post, Reader
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit

POST, ASK = "list-post", "list-ask"
"""Jobs: a message goes to all; moderators hear of one that waits."""
BLOB = "list_post"
HELD_MS = 30 * 86_400_000
"""How long a message waits for a moderator."""
_LIST = """SELECT g.id, g.name, g.address, l.posting, l.others FROM mail_list l
    JOIN principal g ON g.id = l.group_id WHERE g.disabled_ms IS NULL AND g.address IS NOT NULL"""
_POST = "id, group_id, state, author, subject, why, blob, size, received_ms"
_DOWN = """WITH RECURSIVE down(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)"""


async def by_id(db: Database | Tx | Unit, group_id: int) -> MailingList | None:
    """The list that a group is, if it is one."""
    row = await db.row(f"{_LIST} AND l.group_id = ?", group_id)
    return MailingList(*row) if row else None


async def everyone(db: Database) -> list[MailingList]:
    """All lists, by name."""
    return [MailingList(*row) for row in await db.rows(f"{_LIST} ORDER BY g.name")]


async def configure(unit: Unit, group_id: int, posting: str, others: str) -> None:
    """Makes a group a list, or changes how it is one."""
    await unit.run(
        """INSERT INTO mail_list (group_id, posting, others) VALUES (?, ?, ?)
        ON CONFLICT (group_id) DO UPDATE SET posting = excluded.posting, others = excluded.others""",
        group_id, posting, others,
    )  # fmt: skip
    await unit.changed(group_id, "Principal", group_id, "updated")


async def end(unit: Unit, group_id: int) -> None:
    """The group is no list any more: its mail goes to each member as it is. What was held is gone."""
    for (number,) in await unit.rows("SELECT id FROM list_post WHERE group_id = ? AND state = 'held'", group_id):
        await drop(unit, group_id, number)
    await unit.run("DELETE FROM list_reader WHERE group_id = ?", group_id)
    await unit.run("DELETE FROM mail_list WHERE group_id = ?", group_id)


async def moderators(db: Database, group_id: int) -> list[int]:
    """The people who decide, and have mail: those with a role in the group, else the administrators."""
    rows = await db.rows(
        f"""SELECT p.id FROM membership m JOIN principal p ON p.id = m.member_id
        JOIN mail_account a ON a.account_id = p.id WHERE m.group_id = ? AND p.disabled_ms IS NULL
        AND m.role IN {marks(len(MODERATING))} ORDER BY p.id""",
        group_id, *MODERATING,
    )  # fmt: skip
    rows = rows or await db.rows(
        """SELECT p.id FROM principal p JOIN mail_account a ON a.account_id = p.id
        WHERE p.administrator = 1 AND p.disabled_ms IS NULL ORDER BY p.id"""
    )
    return [row[0] for row in rows]


async def members(db: Database, group_id: int) -> list[int]:
    """Everybody in the group or in groups of it who has mail here, but those who want none of the list."""
    rows = await db.rows(
        f"""{_DOWN} SELECT p.id FROM down JOIN principal p ON p.id = down.id
        JOIN mail_account a ON a.account_id = p.id WHERE p.kind <> 'group' AND p.disabled_ms IS NULL
        AND NOT EXISTS (SELECT 1 FROM list_reader r WHERE r.group_id = ? AND r.state = 'out'
        AND r.address = p.address) ORDER BY p.id""",
        group_id, group_id,
    )  # fmt: skip
    return [row[0] for row in rows]


async def is_member(db: Database, group_id: int, address: str) -> bool:
    """Whether an address, in normal form, is of somebody in the group or of a reader outside."""
    return bool(
        await db.row(
            f"""{_DOWN} SELECT 1 FROM down JOIN address a ON a.principal_id = down.id WHERE a.address = ? UNION ALL
            SELECT 1 FROM list_reader WHERE group_id = ? AND address = ? AND state = 'in'""",
            group_id,
            address,
            group_id,
            address,
        )
    )


async def readers(db: Database, group_id: int, after: int = 0, limit: int = 10_000) -> list[Reader]:
    """Readers outside, in the order of their ids."""
    rows = await db.rows(
        """SELECT id, address FROM list_reader WHERE group_id = ? AND state = 'in' AND id > ?
        ORDER BY id LIMIT ?""",
        group_id, after, limit,
    )  # fmt: skip
    return [Reader(*row) for row in rows]


async def subscribe(unit: Unit, group_id: int, address: str) -> None:
    """A reader outside, or a member who wants the list's mail again. Raises Invalid."""
    address = directory.normal(address)
    mine = await unit.value("SELECT principal_id FROM address WHERE address = ?", address)
    if mine:
        await unit.run("DELETE FROM list_reader WHERE group_id = ? AND principal_id = ?", group_id, mine)
    else:
        await _state(unit, group_id, address, "in")


async def leave(unit: Unit, group_id: int, address: str) -> None:
    """No more mail of the list for an address: a reader outside is forgotten, a member stays one. Raises
    Invalid."""
    address = directory.normal(address)
    member = await unit.row(
        """SELECT p.id, p.address FROM address a JOIN principal p ON p.id = a.principal_id WHERE a.address = ?
        AND p.address IS NOT NULL""",
        address,
    )
    if member:
        await _state(unit, group_id, member[1], "out", member[0])
    else:
        await unit.run("DELETE FROM list_reader WHERE group_id = ? AND address = ?", group_id, address)


async def _state(unit: Unit, group_id: int, address: str, state: str, principal_id: int = 0) -> None:
    await unit.run(
        """INSERT INTO list_reader (id, group_id, address, principal_id, state, since_ms) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (group_id, address) DO UPDATE SET state = excluded.state, since_ms = excluded.since_ms""",
        ids.new_id(), group_id, address, principal_id, state, clock.now_ms(),
    )  # fmt: skip


async def reader_of(db: Database, number: int) -> tuple[int, str] | None:
    """The list and the address of a reader."""
    row = await db.row("SELECT group_id, address FROM list_reader WHERE id = ?", number)
    return (row[0], row[1]) if row else None


async def add_post(
    unit: Unit, group_id: int, author: str, subject: str, blob: str, size: int, *, held: str = ""
) -> int:
    """Keeps a message to a list with a job for it; `held` is why it waits for a moderator. Returns its id. Raises
    NotFound when the group is gone."""
    number, now = ids.new_id(), clock.now_ms()
    for (old,) in await unit.rows(
        "SELECT id FROM list_post WHERE group_id = ? AND state = 'held' AND received_ms < ?",
        group_id,
        now - HELD_MS,
    ):
        await drop(unit, group_id, old)
    added = await unit.run(
        f"""INSERT INTO list_post ({_POST}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
        WHERE EXISTS (SELECT 1 FROM mail_list WHERE group_id = ?)""",
        number, group_id, "held" if held else "ready", author[:500], subject[:500], held, blob, size, now, group_id,
    )  # fmt: skip
    if not added:
        raise NotFound("no such list")
    await unit.run(
        "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, ?, ?, ?, ?)",
        blob, group_id, BLOB, number, size,
    )  # fmt: skip
    await Jobs.add(unit, ASK if held else POST, {"post": number}, key=str(number), account_id=group_id)
    return number


async def post(db: Database | Unit, number: int) -> Post | None:
    """A message on its way."""
    row = await db.row(f"SELECT {_POST} FROM list_post WHERE id = ?", number)
    return Post(*row) if row else None


async def held(db: Database, group_ids: Sequence[int]) -> list[Post]:
    """What waits for a moderator of these lists, oldest first."""
    rows = await db.rows(
        f"""SELECT {_POST} FROM list_post WHERE group_id IN {marks(len(group_ids))} AND state = 'held'
        ORDER BY received_ms, id LIMIT 500""",
        *group_ids,
    )
    return [Post(*row) for row in rows]


async def accept(unit: Unit, group_id: int, number: int) -> bool:
    """A held message goes to all; False when it does not wait any more."""
    taken = await unit.run(
        "UPDATE list_post SET state = 'ready', why = '' WHERE id = ? AND group_id = ? AND state = 'held'",
        number, group_id,
    )  # fmt: skip
    if taken:
        await Jobs.add(unit, POST, {"post": number}, key=str(number), account_id=group_id)
    return bool(taken)


async def begin(unit: Unit, number: int) -> None:
    """Members have a message, readers outside not yet. Raises Conflict when they had it before."""
    if not await unit.run("UPDATE list_post SET state = 'going' WHERE id = ? AND state = 'ready'", number):
        raise Conflict("members have it")


async def reject(unit: Unit, group_id: int, number: int) -> bool:
    """A held message goes to nobody; False when it does not wait any more."""
    row = await unit.row(
        "SELECT 1 FROM list_post WHERE id = ? AND group_id = ? AND state = 'held'", number, group_id
    )
    if row:
        await drop(unit, group_id, number)
    return row is not None


async def drop(unit: Unit, group_id: int, number: int) -> None:
    """Lets go of a message."""
    await unit.run("DELETE FROM list_post WHERE id = ?", number)
    await unit.run(
        "DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?", group_id, BLOB, number
    )
