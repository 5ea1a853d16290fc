"""Erasing the contacts of an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.contacts import cards
from parvis.store.store import Store
from parvis.store.unit import Unit

_MINE = "account_id = ?"
_OF_CARDS = "card_id IN (SELECT id FROM contact_card WHERE account_id = ?)"
_OF_BOOKS = "book_id IN (SELECT id FROM address_book WHERE account_id = ?)"
_KEPT = (
    ("contact_word", "account_id, field, word, card_id", _MINE),
    ("contact_vcard", "card_id", _OF_CARDS),
    ("contact_card", "id", _MINE),
    ("contact_merge", "id", _MINE),
    ("address_book_person", "book_id, principal_id", _OF_BOOKS),
    ("address_book_person", "book_id, principal_id", "principal_id = ?"),
    ("address_book", "id", _MINE),
)


async def contacts(store: Store, gone: Gone) -> None:
    """Cards, with their octets and words, then books; and the card in the directory, if that has not heard yet."""

    async def work(unit: Unit) -> None:
        for account_id, number in await unit.rows(
            "SELECT account_id, id FROM contact_card WHERE principal_id = ? AND principal_id <> 0", gone.account_id
        ):
            await cards.delete(unit, await cards.row_of(unit, account_id, number))

    await store.write(work)
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)
