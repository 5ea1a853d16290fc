"""Erasing what the index holds of an account that is gone, in units of bounded size. See access.erasure"""

from functools import partial

from parvis.access.erasure import Gone, rows, until_none
from parvis.search.index.engine import Engine
from parvis.store.sql.contract import marks
from parvis.store.sql.fts import forget_deleted
from parvis.store.store import Store
from parvis.store.unit import Unit

_PASSAGES = 500
_OF_ITEMS = "item_id IN (SELECT id FROM search_item WHERE account_id = ?)"
_OF_SCOPE = (
    ("search_word", "scope_id, word"),
    ("search_person_word", "scope_id, word, folded"),
    ("search_person", "scope_id, folded"),
)


async def erase(store: Store, engine: Engine, gone: Gone) -> None:
    """Passages with their words and vectors, items, names. The scopes are gone already, so no more
    are added."""
    for scope_id in gone.scope_ids:
        await until_none(store, partial(_passages, engine=engine, scope_id=scope_id))
        for table, key in _OF_SCOPE:
            await rows(store, table, key, "scope_id = ?", scope_id)
    await forget_deleted(store, "search_text")
    await rows(store, "search_document", "item_id, part", _OF_ITEMS, gone.account_id)
    await rows(store, "search_item", "id", "account_id = ?", gone.account_id)


async def _passages(unit: Unit, engine: Engine, scope_id: int) -> int:
    found = await unit.rows("SELECT id FROM search_passage WHERE scope_id = ? LIMIT ?", scope_id, _PASSAGES)
    numbers = [row[0] for row in found]
    if numbers:
        await engine.remove(unit, numbers)
        await unit.run(f"DELETE FROM search_content WHERE passage_id IN {marks(len(numbers))}", *numbers)
        await unit.run(f"DELETE FROM search_passage WHERE id IN {marks(len(numbers))}", *numbers)
    return len(numbers)
