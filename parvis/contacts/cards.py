"""The SQL of cards. Whoever calls has checked the right in the book."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.contacts import index
from parvis.contacts.draft import Draft, Stored, moment, packed
from parvis.contacts.model import CARD, MOST_BYTES, MOST_CARDS, Card
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound, OverQuota
from parvis.kernel.languages import fold
from parvis.serve.dav import dead
from parvis.serve.jmap.blobs import link, unlink
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Row:
    """Where a card is, without what is in it."""

    id: int
    account_id: int
    book_id: int
    uid: str
    name: str
    """The last segment of its path in CardDAV."""
    etag: str
    size: int
    created_ms: int
    modified_ms: int


ROW = "c.id, c.account_id, c.book_id, c.uid, c.name, c.etag, c.size, c.created_ms, c.modified_ms"


async def by_ids(db: Any, account_id: int, numbers: Sequence[int]) -> list[tuple[Row, Card]]:
    """These cards of an account, as JSON."""
    found = []
    for start in range(0, len(numbers), _PAGE):
        page = numbers[start : start + _PAGE]
        found += await db.rows(
            f"SELECT {ROW}, c.card FROM contact_card c WHERE c.account_id = ? AND c.id IN {marks(len(page))}",
            account_id,
            *page,
        )
    return [(Row(*row[:-1]), msgspec.json.decode(row[-1])) for row in found]


async def in_books(db: Any, book_ids: Sequence[int], limit: int) -> list[int]:
    """Ids of cards in some books, at most `limit`."""
    if not book_ids:
        return []
    rows = await db.rows(
        f"SELECT id FROM contact_card WHERE book_id IN {marks(len(book_ids))} ORDER BY id LIMIT ?", *book_ids, limit
    )
    return [row[0] for row in rows]


async def row_of(db: Any, account_id: int, number: int) -> Row:
    """One card. Raises NotFound."""
    row = await db.row(f"SELECT {ROW} FROM contact_card c WHERE c.id = ? AND c.account_id = ?", number, account_id)
    if row is None:
        raise NotFound("no such card")
    return Row(*row)


async def find(db: Any, account_id: int, number: int) -> Row | None:
    """One card, if it is there."""
    try:
        return await row_of(db, account_id, number)
    except NotFound:
        return None


async def with_members(db: Any, account_id: int, uids: Sequence[str], limit: int) -> list[int]:
    """Groups that have somebody as a member."""
    members = [uid.removeprefix("urn:uuid:")[:255] for uid in uids]
    rows = await db.rows(
        f"""SELECT DISTINCT card_id FROM contact_word WHERE account_id = ? AND field = 'member'
        AND word IN {marks(len(members))} ORDER BY card_id LIMIT ?""",
        account_id,
        *members,
        limit,
    )
    return [row[0] for row in rows]


async def named(
    db: Any, book_id: int, names: Sequence[str], content: bool = False
) -> list[tuple[Row, bytes | None]]:
    """The cards of a book with these names in CardDAV, with their octets when wanted."""
    if not names:
        return []
    data, joined = ("v.data", "JOIN contact_vcard v ON v.card_id = c.id") if content else ("NULL", "")
    rows = await db.rows(
        f"SELECT {ROW}, {data} FROM contact_card c {joined} WHERE c.book_id = ? AND c.name IN {marks(len(names))}",
        book_id,
        *names,
    )
    return [(Row(*row[:-1]), row[-1]) for row in rows]


async def matching(
    db: Any, book_id: int, where: str, parameters: Sequence[Any], above: int, limit: int
) -> list[tuple[Row, bytes]]:
    """Cards of a book for which a condition holds, by id, with their octets."""
    rows = await db.rows(
        f"""SELECT {ROW}, v.data FROM contact_card c JOIN contact_vcard v ON v.card_id = c.id
        WHERE c.book_id = ? AND c.id > ? AND {where} ORDER BY c.id LIMIT ?""",
        book_id,
        above,
        *parameters,
        limit,
    )
    return [(Row(*row[:-1]), bytes(row[-1])) for row in rows]


async def states(db: Any, book_ids: Sequence[int]) -> dict[int, int]:
    """The newest modseq of cards in each book."""
    if not book_ids:
        return {}
    rows = await db.rows(
        f"SELECT part, modseq FROM part_state WHERE kind = ? AND part IN {marks(len(book_ids))}", CARD, *book_ids
    )
    return dict(rows)


async def data_of(db: Any, number: int) -> bytes:
    """The octets of a card. Raises NotFound."""
    found = await db.value("SELECT data FROM contact_vcard WHERE card_id = ?", number)
    if found is None:
        raise NotFound("no such card")
    return bytes(found)


async def stored(db: Any, number: int) -> Stored:
    """A card to be changed. Raises NotFound."""
    row = await db.row(
        "SELECT c.card, v.data FROM contact_card c JOIN contact_vcard v ON v.card_id = c.id WHERE c.id = ?", number
    )
    if row is None:
        raise NotFound("no such card")
    return Stored.of(msgspec.json.decode(row[0]), bytes(row[1]))


async def by_uid(db: Any, account_id: int, uid: str) -> Row | None:
    """The card of this UID, which an account has once. RFC 9610 §3"""
    row = await db.row(f"SELECT {ROW} FROM contact_card c WHERE c.account_id = ? AND c.uid = ?", account_id, uid)
    return None if row is None else Row(*row)


async def insert(
    unit: Unit,
    account_id: int,
    book_id: int,
    draft: Draft,
    *,
    name: str = "",
    principal_id: int = 0,
    number: int = 0,
) -> int:
    """Keeps a new card. Returns its id. Raises OverQuota, and Conflict with `existing` when the account has its
    UID."""
    other = await by_uid(unit, account_id, draft.uid)
    if other is not None:
        raise Conflict("a card with this uid is there", field="uid", existing=other.id, row=other)
    await _count(unit, book_id, 1, len(draft.data))
    place = _Place(number or ids.new_id(), account_id, book_id, name, principal_id)
    await _insert(unit, [(place, draft)])
    return place.id


async def insert_new(unit: Unit, account_id: int, book_id: int, drafts: Sequence[Draft]) -> list[int]:
    """Keeps those of some cards whose UID the account has not, the first of each. Returns their ids. Raises
    OverQuota."""
    by_uid = {draft.uid: draft for draft in reversed(drafts)}
    uids, known = list(by_uid), set[str]()
    for start in range(0, len(uids), _PAGE):
        page = uids[start : start + _PAGE]
        rows = await unit.rows(
            f"SELECT uid FROM contact_card WHERE account_id = ? AND uid IN {marks(len(page))}", account_id, *page
        )
        known |= {row[0] for row in rows}
    fresh = [
        (_Place(ids.new_id(), account_id, book_id), draft)
        for draft in drafts
        if draft.uid not in known and by_uid[draft.uid] is draft
    ]
    await _count(unit, book_id, len(fresh), sum(len(draft.data) for _, draft in fresh))
    await _insert(unit, fresh)
    return [place.id for place, _ in fresh]


async def _count(unit: Unit, book_id: int, more: int, size: int) -> None:
    """Counts cards and bytes that come to a book or leave it. Raises OverQuota when these are too many."""
    row = await unit.row(
        "UPDATE address_book SET cards = cards + ?, bytes = bytes + ? WHERE id = ? RETURNING cards, bytes",
        more,
        size,
        book_id,
    )
    if row is None:
        raise NotFound("no such address book")
    if more > 0 and row[0] > MOST_CARDS:
        raise OverQuota(f"at most {MOST_CARDS} cards in an address book")
    if size > 0 and row[1] > MOST_BYTES:
        raise OverQuota(f"an address book has at most {MOST_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a new card comes."""

    id: int
    account_id: int
    book_id: int
    name: str = ""
    principal_id: int = 0

    @property
    def columns(self) -> tuple[Any, ...]:
        """As they are kept; one without a name has its id's."""
        name = self.name or f"{ids.text(self.id)}.vcf"
        return (self.id, self.account_id, self.book_id, name, self.principal_id)


async def _insert(unit: Unit, fresh: Sequence[tuple[_Place, Draft]]) -> None:
    now = clock.now_ms()
    await unit.many(
        f"""INSERT INTO contact_card (id, account_id, book_id, name, principal_id, uid, modified_ms, {_CONTENT})
        VALUES {marks(7 + len(_VALUES))}""",
        [(*at.columns, draft.uid, now, *_values(draft, now)) for at, draft in fresh],
    )
    await unit.many(
        "INSERT INTO contact_vcard (card_id, data) VALUES (?, ?)", [(at.id, draft.data) for at, draft in fresh]
    )
    await _index(unit, [(at.account_id, at.id, draft) for at, draft in fresh])
    for at, _ in fresh:
        await unit.changed(at.account_id, CARD, at.id, "created", part=at.book_id)


_VALUES = (
    *("kind", "title", "folded", "given", "surname", "surname2", "text", "card", "etag", "size"),
    *("created_ms", "updated_ms"),
)
_CONTENT = ", ".join(_VALUES)


def _values(draft: Draft, now: int) -> tuple[Any, ...]:
    card = draft.card
    title, created, updated = index.title_of(card), moment(card, "created"), moment(card, "updated")
    return (
        str(card.get("kind", "individual"))[:50],
        title,
        fold(title),
        *index.sort_keys(card),
        index.searchable(card),
        packed(card),
        draft.etag,
        len(draft.data),
        now if created is None else created,
        now if updated is None else updated,
    )


async def _index(unit: Unit, found: Sequence[tuple[int, int, Draft]]) -> None:
    await unit.many(
        "INSERT INTO contact_word (account_id, field, word, card_id) VALUES (?, ?, ?, ?)",
        [
            (account_id, field, word, number)
            for account_id, number, draft in found
            for field, word in sorted(index.entries(draft.card))
        ],
    )
    for account_id, number, draft in found:
        for photo in draft.photos.values():
            await link(unit, photo.digest, account_id, CARD, number, len(photo.content), photo.media_type)


async def replace(unit: Unit, row: Row, draft: Draft) -> None:
    """Gives a card another content. Raises Conflict when the account has the new UID elsewhere."""
    if draft.uid != row.uid:
        other = await by_uid(unit, row.account_id, draft.uid)
        if other is not None:
            raise Conflict("a card with this uid is there", field="uid", existing=other.id, row=other)
    now = clock.now_ms()
    sets = ", ".join(f"{name} = ?" for name in _VALUES)
    values = list(_values(draft, now))
    if moment(draft.card, "created") is None:
        values[_VALUES.index("created_ms")] = row.created_ms
    await unit.run(
        f"UPDATE contact_card SET uid = ?, modified_ms = ?, {sets} WHERE id = ?", draft.uid, now, *values, row.id
    )
    await _count(unit, row.book_id, 0, len(draft.data) - row.size)
    await unit.run("UPDATE contact_vcard SET data = ? WHERE card_id = ?", draft.data, row.id)
    await unit.run("DELETE FROM contact_word WHERE card_id = ?", row.id)
    await unlink(unit, row.account_id, CARD, row.id)
    await _index(unit, [(row.account_id, row.id, draft)])
    await unit.changed(row.account_id, CARD, row.id, "updated", part=row.book_id)


async def move(unit: Unit, row: Row, book_id: int, name: str = "") -> None:
    """Puts a card into another book of its account, or under another name."""
    await unit.run("UPDATE contact_card SET book_id = ?, name = ? WHERE id = ?", book_id, name or row.name, row.id)
    if book_id != row.book_id:
        await _count(unit, row.book_id, -1, -row.size)
        await _count(unit, book_id, 1, row.size)
    await unit.changed(row.account_id, CARD, row.id, "updated", part=book_id)
    await unit.left(row.account_id, CARD, row.id, row.book_id, row.name)


async def delete(unit: Unit, row: Row) -> None:
    """Removes a card."""
    await delete_all(unit, [row])


async def delete_all(unit: Unit, rows: Sequence[Row]) -> None:
    """Removes cards of one book, at most some hundred."""
    if not rows:
        return
    account_id, book_id = rows[0].account_id, rows[0].book_id
    numbers = [row.id for row in rows]
    listed = marks(len(numbers))
    for table, column in (("contact_word", "card_id"), ("contact_vcard", "card_id"), ("contact_card", "id")):
        await unit.run(f"DELETE FROM {table} WHERE {column} IN {listed}", *numbers)
    await unit.run(
        f"DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id IN {listed}",
        account_id,
        CARD,
        *numbers,
    )
    await _count(unit, book_id, -len(rows), -sum(row.size for row in rows))
    await dead.forget(unit, numbers)
    for row in rows:
        await unit.changed(account_id, CARD, row.id, "destroyed", part=book_id)
        await unit.left(account_id, CARD, row.id, book_id, row.name)


async def page_of(unit: Unit, book_id: int, limit: int) -> list[Row]:
    """The first cards of a book."""
    rows = await unit.rows(
        f"SELECT {ROW} FROM contact_card c WHERE c.book_id = ? ORDER BY c.id LIMIT ?", book_id, limit
    )
    return [Row(*row) for row in rows]


async def holds(db: Any, account_id: int, addresses: Sequence[str]) -> set[str]:
    """Those of some addresses (folded) that a card of the account has."""
    if not addresses:
        return set()
    rows = await db.rows(
        f"""SELECT DISTINCT word FROM contact_word WHERE account_id = ? AND field = 'email'
        AND word IN {marks(len(addresses))}""",
        account_id,
        *addresses,
    )
    return {row[0] for row in rows}
