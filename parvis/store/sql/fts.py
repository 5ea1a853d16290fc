"""SQLite's text indexes keep the words of deleted rows until their segments are merged."""

from functools import partial

from parvis.store.store import Store
from parvis.store.unit import Unit

_PAGES = 400


async def forget_deleted(store: Store, table: str) -> None:
    """Merges the whole index of an FTS5 table, some pages in each unit; nothing on PostgreSQL, where the words are
    in the rows. SQLite, FTS5 §6.6 (the merge command)"""
    if store.db.dialect.name != "sqlite":
        return
    more = await store.write(partial(_merge, table=table, pages=-_PAGES))
    while more:
        more = await store.write(partial(_merge, table=table, pages=_PAGES))


async def _merge(unit: Unit, table: str, pages: int) -> bool:
    """One step; False when there was nothing to do."""
    before = await unit.value("SELECT total_changes()")
    await unit.run(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", pages)
    return bool(await unit.value("SELECT total_changes()") - before >= 2)
