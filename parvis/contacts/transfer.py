"""Cards as a file: taken in whole or not at all, and given out as one .vcf. RFC 6350 §3.3"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.contacts import books, cards, draft, service
from parvis.contacts.draft import Draft
from parvis.contacts.model import LIMITS, SCOPE
from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.jmap.blobs import Blob, Library, part_of
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import contentlines, vcard
from parvis.wire.contentlines import BadContent, Component
from parvis.wire.vcard.cards import check

LETTER = "v"
"""Blob ids of whole books: `v` and the book's id."""
MOST = 5_000
"""Cards of one file."""
_FILE = contentlines.Limits(bytes=50_000_000, lines=1_500_000, properties=400_000, components=MOST + 1)
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    created: list[int]
    skipped: int
    """Cards whose UID the account has already."""


def read(data: bytes) -> list[Draft]:
    """The cards of a file. Raises BadContent with the line of the first thing that is wrong, TooLarge."""
    if len(data) > _FILE.bytes:
        raise TooLarge(f"a file has at most {_FILE.bytes} bytes", limit=_FILE.bytes)
    found = vcard.read(data, _FILE)
    if len(found) > MOST:
        raise TooLarge(f"a file has at most {MOST} cards", limit=MOST)
    return [_draft(each) for each in found]


def _draft(component: Component) -> Draft:
    line = component.properties[0].line if component.properties else 0
    try:
        check(component, LIMITS)
        made = draft.of_component(component)
    except BadContent as bad:
        raise BadContent(bad.line or line, bad.reason) from bad
    except (Invalid, TooLarge) as error:
        raise BadContent(line, error.sentence) from error
    if len(made.data) > LIMITS.bytes:
        raise BadContent(line, f"The card has more than {LIMITS.bytes} bytes.")
    return made


async def take_in(
    store: Store, principal: Principal, account_id: int, book_id: int | None, drafts: list[Draft]
) -> Imported:
    """Keeps the cards of a file in one unit; those that are there already stay as they are, so that the same file
    can come again. Raises NotFound, Forbidden, OverQuota."""
    book = await service.own_book(store, principal, account_id, book_id)
    await service.keep(store, drafts)

    async def work(unit: Unit) -> Imported:
        await books.writable(unit, principal, book.id)
        created = await cards.insert_new(unit, account_id, book.id, drafts)
        return Imported(created, len(drafts) - len(created))

    return await store.write(work)


class Books:
    """Whole books as blobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def resolve(self, library: Library, principal: Principal, account_id: int, given: str) -> Blob | None:
        """A book as a file, for whoever may read it."""
        access = await part_of(self._store.db, principal, account_id, given, SCOPE)
        if access is None:
            return None
        size, stream = await self.written(access.scope.id)
        return Blob(given, size, "text/vcard", stream)

    async def written(self, number: int) -> tuple[int, Callable[[int, int | None], AsyncIterator[bytes]]]:
        """How many bytes a book's cards have, and those of them from one place to another."""
        size = int(await self._store.db.value("SELECT bytes FROM address_book WHERE id = ?", number) or 0)

        def stream(start: int, end: int | None) -> AsyncIterator[bytes]:
            return _cut(_cards(self._store, number), start, size if end is None else min(end, size))

        return size, stream


async def _cards(store: Store, book_id: int) -> AsyncIterator[bytes]:
    last = 0
    while rows := await cards.matching(store.db, book_id, "1 = 1", [], last, _PAGE):
        for row, data in rows:
            last = row.id
            yield data


async def _cut(pieces: AsyncIterator[bytes], start: int, end: int) -> AsyncIterator[bytes]:
    place = 0
    async for piece in pieces:
        if place >= end:
            return
        if place + len(piece) > start:
            yield piece[max(0, start - place) : end - place]
        place += len(piece)
