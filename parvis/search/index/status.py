"""How far the index is, and what could not be read."""

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.search.request import IndexStatus, Trouble
from parvis.store.store import Store

_SHOWN = 100


async def status(store: Store, principal: Principal, model: str) -> IndexStatus:
    """Counts and troubles of what the principal sees; an administrator counts all, and sees the titles of none
    but their own."""
    mine = f"scope_id IN {VISIBLE}"
    which, args = ("1 = 1", ()) if principal.administrator else (mine, visible(principal))
    items = await store.db.scan(f"SELECT COUNT(*) FROM search_item WHERE {which}", *args)
    passages = await store.db.scan(
        f"SELECT COUNT(*), COALESCE(SUM(embedded), 0) FROM search_passage WHERE {which}", *args
    )
    cursor = await store.outbox.cursor("search")
    waiting = await store.db.scan(f"SELECT COUNT(*) FROM outbox WHERE {store.db.dialect.after}", *cursor)
    troubles = await store.db.scan(
        f"""SELECT i.kind, i.object_id, i.title, d.part, d.file_name, d.reason FROM search_document d
        JOIN search_item i ON i.id = d.item_id WHERE d.reason <> '' AND i.{mine}
        ORDER BY i.id DESC LIMIT {_SHOWN}""",
        *visible(principal),
    )
    return IndexStatus(
        items=items[0][0],
        passages=passages[0][0],
        embedded=passages[0][1],
        waiting=waiting[0][0],
        model=model,
        troubles=tuple(
            Trouble(kind=row[0], object_id=row[1], title=row[2], part=row[3], file_name=row[4], error=row[5])
            for row in troubles
        ),
    )
