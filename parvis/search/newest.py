"""The objects of an account as a Source gives them for a rebuild."""

from collections.abc import AsyncIterator

from parvis.store.sql.contract import Database

_PAGE = 500


async def newest(db: Database, table: str, account_id: int) -> AsyncIterator[int]:
    """The ids in a table that an account has, newest first: ids grow with time. The table has `id` and
    `account_id`."""
    last = 2**62
    while rows := await db.rows(
        f"SELECT id FROM {table} WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?", account_id, last, _PAGE
    ):
        for (last,) in rows:
            yield last
