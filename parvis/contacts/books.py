"""Address books: making, changing, destroying and finding them. RFC 9610 §2, RFC 6352 §5.2"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.access.scopes import part_name
from parvis.contacts import words
from parvis.contacts.model import BOOK, COLLECTED, DEFAULT, DIRECTORY, MOST_BOOKS, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, NotFound, OverQuota
from parvis.kernel.languages import Language, fold
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_COLUMNS = "b.id, b.account_id, b.slug, b.description, b.sort_order, b.role, b.is_default, b.created_ms, s.name"
_FROM = "address_book b JOIN scope s ON s.id = b.id"
_SLUG = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Book:
    """An address book as it is stored."""

    id: int
    account_id: int
    slug: str
    """The last segment of its path in CardDAV."""
    description: str
    sort_order: int
    role: str
    is_default: bool
    created_ms: int
    name: str


def _book(row: Sequence[Any]) -> Book:
    number, account_id, slug, description, sort_order, role, is_default, created_ms, name = row
    return Book(number, account_id, slug, description, sort_order, role, bool(is_default), created_ms, name)


async def by_ids(db: Any, numbers: Sequence[int]) -> dict[int, Book]:
    """These books, by id."""
    if not numbers:
        return {}
    rows = await db.rows(f"SELECT {_COLUMNS} FROM {_FROM} WHERE b.id IN {marks(len(numbers))}", *numbers)
    return {row[0]: _book(row) for row in rows}


async def by_slug(db: Any, account_id: int, slug: str) -> Book | None:
    """The book of this path in an account."""
    row = await db.row(f"SELECT {_COLUMNS} FROM {_FROM} WHERE b.account_id = ? AND b.slug = ?", account_id, slug)
    return None if row is None else _book(row)


async def by_role(db: Any, account_id: int, role: str) -> int | None:
    """The book of an account that the room itself made for something."""
    found = await db.value("SELECT id FROM address_book WHERE account_id = ? AND role = ?", account_id, role)
    return None if found is None else int(found)


async def default_of(db: Any, account_id: int) -> int | None:
    """The book that new cards go into."""
    found = await db.value("SELECT id FROM address_book WHERE account_id = ? AND is_default = 1", account_id)
    return None if found is None else int(found)


async def provision(unit: Unit, account_id: int, language: Language) -> int:
    """Gives an account the book that it begins with, unless it has one. Returns its id."""
    present = await default_of(unit, account_id)
    if present is not None:
        return present
    return await create(unit, account_id, words.BOOK[language], role=DEFAULT, is_default=True, slug="contacts")


async def create(
    unit: Unit,
    account_id: int,
    name: str,
    *,
    description: str = "",
    sort_order: int = 0,
    role: str = "",
    is_default: bool = False,
    slug: str = "",
) -> int:
    """Makes a book, which is a part of the account. Returns its id. Raises OverQuota, and Conflict when its path is
    taken."""
    count = await unit.value("SELECT COUNT(*) FROM address_book WHERE account_id = ?", account_id)
    if count >= MOST_BOOKS:
        raise OverQuota(f"at most {MOST_BOOKS} address books")
    if slug and await by_slug(unit, account_id, slug) is not None:
        raise Conflict("an address book is there", field="name")
    number = await gate.create_scope(unit, account_id, SCOPE, part_name(name))
    await unit.run(
        """INSERT INTO address_book (id, account_id, slug, description, sort_order, role, is_default, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        account_id,
        slug or await _free_slug(unit, account_id, name),
        description,
        sort_order,
        role,
        int(is_default),
        clock.now_ms(),
    )
    await unit.changed(account_id, BOOK, number, "created", part=number)
    return number


async def _free_slug(unit: Unit, account_id: int, name: str) -> str:
    slug = "-".join(_SLUG.findall(fold(name)))[:60] or "book"
    taken = await by_slug(unit, account_id, slug)
    return slug if taken is None else f"{slug}-{ids.text(ids.new_id())}"


async def change(unit: Unit, book: Book, values: Mapping[str, Any]) -> None:
    """Sets `name`, `description` or `sort_order`. Whoever calls has checked the right."""
    if "name" in values:
        await gate.rename_scope(unit, book.id, part_name(values["name"]))
    await unit.run(
        "UPDATE address_book SET description = ?, sort_order = ? WHERE id = ?",
        values.get("description", book.description) or "",
        values.get("sort_order", book.sort_order),
        book.id,
    )
    await unit.changed(book.account_id, BOOK, book.id, "updated", part=book.id)


async def make_default(unit: Unit, account_id: int, number: int) -> list[int]:
    """Lets new cards go into this book. Returns the books for which that changed; nothing for one that cannot be.
    RFC 9610 §2.3"""
    book = (await by_ids(unit, [number])).get(number)
    before = await default_of(unit, account_id)
    if book is None or book.account_id != account_id or book.role in (COLLECTED, DIRECTORY) or before == number:
        return []
    await unit.run(
        "UPDATE address_book SET is_default = CASE WHEN id = ? THEN 1 ELSE 0 END WHERE account_id = ?",
        number,
        account_id,
    )
    changed = [number, *([before] if before is not None else [])]
    for each in changed:
        await unit.changed(account_id, BOOK, each, "updated", part=each)
    return changed


async def subscribe(unit: Unit, book: Book, principal_id: int, subscribed: bool) -> None:
    """Notes whether a person wants to see a book; each person's own choice."""
    await unit.run(
        """INSERT INTO address_book_person (book_id, principal_id, subscribed) VALUES (?, ?, ?)
        ON CONFLICT (book_id, principal_id) DO UPDATE SET subscribed = excluded.subscribed""",
        book.id,
        principal_id,
        int(subscribed),
    )
    await unit.changed(book.account_id, BOOK, book.id, "updated", part=book.id)


async def subscriptions(db: Any, numbers: Sequence[int], principal_id: int) -> dict[int, bool]:
    """What a person chose for these books."""
    if not numbers:
        return {}
    rows = await db.rows(
        f"""SELECT book_id, subscribed FROM address_book_person WHERE principal_id = ?
        AND book_id IN {marks(len(numbers))}""",
        principal_id,
        *numbers,
    )
    return {number: bool(subscribed) for number, subscribed in rows}


async def writable(unit: Any, principal: Principal, number: int, right: Right = Right.WRITE) -> tuple[Access, Book]:
    """Proves that cards of a book may be made or changed. Raises NotFound, Forbidden: what is in the directory
    comes from the administration."""
    access = await parts.part(unit, principal, number, SCOPE, right)
    book = (await by_ids(unit, [number])).get(number)
    if book is None:
        raise NotFound("no such address book")
    if book.role == DIRECTORY:
        raise Forbidden("the directory is kept by the administration")
    return access, book


async def destroy(unit: Unit, principal: Principal, number: int) -> None:
    """Removes an empty book. Raises NotFound, Forbidden, and Conflict for the one that new cards go into."""
    _, book = await writable(unit, principal, number, Right.DELETE | Right.SHARE)
    if book.is_default:
        raise Conflict("new cards go into this address book; choose another for them first", field="isDefault")
    if await unit.value("SELECT cards FROM address_book WHERE id = ?", number):
        raise Conflict("the address book has cards in it", reason="addressBookHasContents")
    await unit.run("DELETE FROM address_book_person WHERE book_id = ?", number)
    await unit.run("DELETE FROM address_book WHERE id = ?", number)
    await gate.remove_scope(unit, number, principal)
    await unit.changed(book.account_id, BOOK, number, "destroyed", part=number)
