"""Erasing what chat keeps for an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.store.store import Store

_KEPT: tuple[tuple[str, str, str], ...] = ()
"""Table, primary key, and which rows are an account's."""


async def chat(store: Store, gone: Gone) -> None:
    """See Feature.erase."""
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)
