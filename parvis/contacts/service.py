"""What can be done with cards, each under the rights of who asks. RFC 9610 §3, RFC 6352"""

from collections.abc import Sequence
from typing import Any

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.contacts import books, cards
from parvis.contacts.books import Book
from parvis.contacts.cards import Row
from parvis.contacts.draft import Draft, Photo
from parvis.contacts.model import COLLECTED, SCOPE
from parvis.kernel.errors import Invalid, NotFound
from parvis.store.store import Store
from parvis.store.unit import Unit

_PAGE = 200


async def keep(store: Store, drafts: Sequence[Draft]) -> None:
    """Stores the photos of cards, before the unit that keeps the cards."""
    photos: dict[str, Photo] = {}
    for draft in drafts:
        photos |= {photo.digest: photo for photo in draft.photos.values()}
    for photo in photos.values():
        await store.blobs.put(photo.content)


async def create(unit: Unit, principal: Principal, book_id: int, draft: Draft, *, name: str = "") -> int:
    """Makes a card in a book. A card of the same UID that was only collected makes room. Raises NotFound,
    Forbidden, OverQuota, Conflict."""
    _, book = await books.writable(unit, principal, book_id)
    await _make_room(unit, book, draft.uid)
    return await cards.insert(unit, book.account_id, book.id, draft, name=name)


async def _make_room(unit: Unit, book: Book, uid: str) -> None:
    other = await cards.by_uid(unit, book.account_id, uid)
    if other is not None and other.book_id != book.id and book.role != COLLECTED:
        found = (await books.by_ids(unit, [other.book_id])).get(other.book_id)
        if found is not None and found.role == COLLECTED:
            await cards.delete(unit, other)


async def replace(unit: Unit, principal: Principal, row: Row, draft: Draft) -> None:
    """Gives a card another content. Raises NotFound, Forbidden, Conflict."""
    await books.writable(unit, principal, row.book_id)
    await cards.replace(unit, row, draft)


async def move(unit: Unit, principal: Principal, row: Row, book_id: int, name: str = "") -> None:
    """Puts a card into another book of the same account. Raises NotFound, Forbidden, Invalid."""
    if book_id != row.book_id:
        await books.writable(unit, principal, row.book_id, Right.DELETE)
    _, book = await books.writable(unit, principal, book_id)
    if book.account_id != row.account_id:
        raise Invalid("the address book is in another account", field="addressBookIds")
    await cards.move(unit, row, book_id, name)


async def destroy(unit: Unit, principal: Principal, row: Row) -> None:
    """Removes a card. Raises NotFound, Forbidden."""
    await books.writable(unit, principal, row.book_id, Right.DELETE)
    await cards.delete(unit, row)


async def visible(db: Any, principal: Principal, account_id: int, number: int, right: Right = Right.READ) -> Row:
    """Proves that a card may be read (or more). Raises NotFound, Forbidden."""
    row = await cards.row_of(db, account_id, number)
    await parts.part(db, principal, row.book_id, SCOPE, right)
    return row


async def empty(unit: Unit, book_id: int) -> bool:
    """Removes a page of the cards of a book; whether there are more."""
    rows = await cards.page_of(unit, book_id, _PAGE)
    await cards.delete_all(unit, rows)
    return len(rows) == _PAGE


async def own_book(store: Store, principal: Principal, account_id: int, number: int | None) -> Book:
    """The book that is meant: this one, or the default one of the account. Raises NotFound, Forbidden."""
    if number is None:
        number = await books.default_of(store.db, account_id)
    if number is None:
        raise NotFound("there is no address book")
    _, book = await books.writable(store.db, principal, number)
    if book.account_id != account_id:
        raise NotFound("no such address book")
    return book
