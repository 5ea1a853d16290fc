"""The organisation's directory: one address book that everybody reads and nobody writes, kept as principals come,
change and go. It belongs to an account of its own, so that nobody has a copy."""

import contextlib
from collections.abc import Sequence

from parvis.access import directory, gate
from parvis.access.principal import Principal, Right
from parvis.contacts import books, cards, draft, words
from parvis.contacts.draft import Draft
from parvis.contacts.model import DIRECTORY, Card
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, NotFound
from parvis.kernel.events import Event
from parvis.kernel.languages import Language
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

FOLLOWER = "contacts-directory"
_ID = 1
_PAGE = 200
_LISTED = ("person", "group", "space", "resource")
_KINDS = {"person": "individual", "group": "group", "space": "group", "resource": "location"}

_UNLISTED = f"""SELECT p.id FROM principal p WHERE p.id > ? AND p.disabled_ms IS NULL
    AND p.kind IN ({", ".join(f"'{kind}'" for kind in _LISTED)}) AND (
    NOT EXISTS (SELECT 1 FROM contact_card c WHERE c.principal_id = p.id AND c.principal_id <> 0)
    OR (p.kind = 'person' AND NOT EXISTS (SELECT 1 FROM access_grant g WHERE g.principal_id = p.id
    AND g.scope_id = (SELECT d.book_id FROM contact_directory d WHERE d.id = ?)))) ORDER BY p.id LIMIT ?"""
"""Who is not in the book yet, or may not read it; what changes later is heard from the outbox."""


class Directory:
    """Keeps the book; follows the outbox."""

    def __init__(self, store: Store, language: Language) -> None:
        self._store, self._language = store, language

    async def open(self) -> None:
        """Makes the book when there is none, and lists who was there before it."""
        with contextlib.suppress(Conflict):  # another node made it
            await self._store.write(self._make)
        last = 0
        while rows := await self._store.db.rows(_UNLISTED, last, _ID, _PAGE):
            last = rows[-1][0]
            await self.refresh([row[0] for row in rows])

    async def _make(self, unit: Unit) -> None:
        if await unit.value("SELECT 1 FROM contact_directory WHERE id = ?", _ID) is not None:
            return
        name = words.DIRECTORY[self._language]
        account_id = await directory.create(unit, "external", name, language=self._language)
        book_id = await books.create(unit, account_id, name, role=DIRECTORY, slug="directory")
        await unit.run(
            "INSERT INTO contact_directory (id, account_id, book_id) VALUES (?, ?, ?)", _ID, account_id, book_id
        )

    async def follow(self, events: list[Event]) -> None:
        """Brings the cards of principals up to date that changed."""
        numbers = dict.fromkeys(
            number
            for event in events
            if event.kind == "changed" and event.body["kind"] == "Principal"
            for change in ("created", "updated", "destroyed")
            for number in event.body[change]
        )
        listed = list(numbers)
        for start in range(0, len(listed), _PAGE):
            await self.refresh(listed[start : start + _PAGE])

    async def refresh(self, numbers: Sequence[int]) -> None:
        """Brings the cards of some principals up to date, and lets new ones read the book."""
        place = await self._store.db.row("SELECT account_id, book_id FROM contact_directory WHERE id = ?", _ID)
        if place is None or not numbers:
            return
        account_id, book_id = place
        wanted = await self._wanted(numbers)
        present = {
            row[0]: (row[1], row[2])
            for row in await self._store.db.rows(
                f"""SELECT principal_id, id, etag FROM contact_card WHERE principal_id <> 0
                AND principal_id IN {marks(len(numbers))}""",
                *numbers,
            )
        }

        async def work(unit: Unit) -> None:
            for number, made in wanted.items():
                known = present.get(number)
                if known is None:
                    await cards.insert(
                        unit, account_id, book_id, made, name=f"{ids.text(number)}.vcf", principal_id=number
                    )
                elif known[1] != made.etag:
                    await cards.replace(unit, await cards.row_of(unit, account_id, known[0]), made)
            for number in present.keys() - wanted.keys():
                await cards.delete(unit, await cards.row_of(unit, account_id, present[number][0]))

        if any(present.get(number, (0, ""))[1] != made.etag for number, made in wanted.items()) or (
            present.keys() - wanted.keys()
        ):
            with contextlib.suppress(Conflict, NotFound):  # another node was first
                await self._store.write(work)
        await self._let_in(account_id, book_id, numbers)

    async def _wanted(self, numbers: Sequence[int]) -> dict[int, Draft]:
        rows = await self._store.db.rows(
            f"""SELECT p.id, p.kind, p.name, p.address, p.description FROM principal p
            WHERE p.disabled_ms IS NULL AND p.kind IN {marks(len(_LISTED))} AND p.id IN {marks(len(numbers))}""",
            *_LISTED,
            *numbers,
        )
        return {row[0]: _draft(*row) for row in rows}

    async def _let_in(self, account_id: int, book_id: int, numbers: Sequence[int]) -> None:
        """Each new person may read the book: a line about the right, no copy of what is in it."""
        rows = await self._store.db.rows(
            f"""SELECT p.id FROM principal p WHERE p.disabled_ms IS NULL AND p.kind = 'person'
            AND p.id IN {marks(len(numbers))} AND NOT EXISTS
            (SELECT 1 FROM access_grant g WHERE g.scope_id = ? AND g.principal_id = p.id)""",
            *numbers,
            book_id,
        )
        owner = Principal(account_id, "", "", "external")

        async def work(unit: Unit) -> None:
            for (number,) in rows:
                try:
                    await gate.give(unit, owner, book_id, number, Right.READ)
                except NotFound:  # disabled meanwhile
                    continue

        if rows:
            await self._store.write(work)


def _draft(number: int, kind: str, name: str, address: str | None, description: str | None) -> Draft:
    card: Card = {
        "@type": "Card",
        "version": "1.0",
        "uid": f"urn:parvis:principal:{ids.text(number)}",
        "kind": _KINDS[kind],
        "name": {"full": name or address or ids.text(number)},
    }
    if address and "@" in address:
        card["emails"] = {"e1": {"address": address, "contexts": {"work": True}}}
    if description:
        card["notes"] = {"n1": {"note": description[:2000]}}
    return draft.made(card, {})
