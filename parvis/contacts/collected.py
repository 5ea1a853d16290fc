"""Those to whom somebody writes, in a book of its own: each once, never oneself, never whom one has already."""

from collections.abc import Sequence
from typing import Any

from parvis.access import directory
from parvis.contacts import books, cards, draft, words
from parvis.contacts.draft import Draft
from parvis.contacts.model import COLLECTED, Card
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, OverQuota
from parvis.kernel.events import Event
from parvis.kernel.languages import fold
from parvis.serve.jmap.preferences import chosen
from parvis.serve.post import WRITTEN
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

FOLLOWER = "contacts-collected"
_PAGE = 200
MOST = 2_000
"""Collected cards of an account; the ones that were made first go."""
Person = tuple[str, str]
"""Name and address."""


class Collector:
    """Follows the outbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def follow(self, events: list[Event]) -> None:
        """Keeps whom letters were written to. An event that comes twice adds nothing."""
        for event in events:
            if event.kind == WRITTEN:
                people = [(str(name), str(address)) for name, address in event.body["to"]]
                await self._collect(event.account_id, people)

    async def _collect(self, account_id: int, people: Sequence[Person]) -> None:
        db = self._store.db
        wanted = await _unknown(db, account_id, people)
        if not wanted or not (await chosen(db, account_id)).collect_contacts:
            return
        made = [_draft(*person) for person in wanted]

        async def work(unit: Unit) -> None:
            kind = await unit.value("SELECT kind FROM principal WHERE id = ?", account_id)
            if kind not in ("person", "space"):
                return
            book_id = await _book(unit, account_id)
            known = await _unknown(unit, account_id, wanted)
            for person, card in zip(wanted, made, strict=True):
                if person in known:
                    await cards.insert(unit, account_id, book_id, card)
            await _prune(unit, book_id)

        try:
            await self._store.write(work)
        except (NotFound, OverQuota):
            return


async def _unknown(reader: Any, account_id: int, people: Sequence[Person]) -> list[Person]:
    """Those whose address neither a card of the account has nor anybody of the organisation."""
    by_address: dict[str, Person] = {}
    for name, address in people:
        try:
            by_address.setdefault(directory.normal(address), (name, address))
        except Invalid:
            continue
    if not by_address:
        return []
    here = await reader.rows(f"SELECT address FROM address WHERE address IN {marks(len(by_address))}", *by_address)
    held = await cards.holds(reader, account_id, [fold(address)[:60] for address in by_address])
    known = {row[0] for row in here}
    known |= {address for address in by_address if fold(address)[:60] in held}
    return [person for address, person in by_address.items() if address not in known]


def _draft(name: str, address: str) -> Draft:
    plain = " ".join(name.split())
    now = clock.utc_date(clock.now_ms())
    card: Card = {
        "@type": "Card",
        "version": "1.0",
        "uid": f"urn:uuid:{ids.uuid()}",
        "created": now,
        "updated": now,
        "name": {"full": plain[:200] if plain and fold(plain) != fold(address) else address},
        "emails": {"e1": {"address": address}},
    }
    return draft.made(card, {})


async def _book(unit: Unit, account_id: int) -> int:
    present = await books.by_role(unit, account_id, COLLECTED)
    if present is not None:
        return present
    language = await directory.language_of(unit, account_id)
    return await books.create(unit, account_id, words.COLLECTED[language], role=COLLECTED, sort_order=1000)


async def _prune(unit: Unit, book_id: int) -> None:
    count = await unit.value("SELECT cards FROM address_book WHERE id = ?", book_id)
    if count > MOST:
        await cards.delete_all(unit, await cards.page_of(unit, book_id, min(count - MOST, _PAGE)))
