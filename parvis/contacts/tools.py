"""What the assistant may do with contacts, on a person's behalf and under that person's rights: find, make and
change cards. trust.md SE-02"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from parvis.access import parts
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal, Right
from parvis.contacts import cards, draft, service
from parvis.contacts.jmap.card_query import ANY, words
from parvis.contacts.model import SCOPE, Card
from parvis.contacts.source import words as shown
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.knowledge import Tool
from parvis.store.store import Store
from parvis.store.unit import Unit

_MOST = 20


class FindContact(msgspec.Struct, kw_only=True, rename="camel"):
    """Words of a name, an address, a number, an organization."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]


class CreateContact(msgspec.Struct, kw_only=True, rename="camel"):
    """A new card; without a book it goes into the default one."""

    account_id: str
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    emails: Annotated[list[str], Meta(max_length=20)] = msgspec.field(default_factory=list)
    phones: Annotated[list[str], Meta(max_length=20)] = msgspec.field(default_factory=list)
    organization: str = ""
    note: Annotated[str, Meta(max_length=5000)] = ""
    address_book_id: str = ""


class ChangeContact(msgspec.Struct, kw_only=True, rename="camel"):
    """What is added to a card; what is in it stays."""

    account_id: str
    card_id: str
    add_emails: Annotated[list[str], Meta(max_length=20)] = msgspec.field(default_factory=list)
    add_phones: Annotated[list[str], Meta(max_length=20)] = msgspec.field(default_factory=list)
    add_note: Annotated[str, Meta(max_length=5000)] = ""


class ContactTools:
    """The tools over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("contacts.find", "Find people", FindContact, "read", self.find),
            Tool("contacts.create", "Add a contact", CreateContact, "change", self.create),
            Tool("contacts.change", "Add to a contact", ChangeContact, "change", self.change),
        )

    async def find(self, principal: Principal, given: FindContact) -> list[dict[str, Any]]:
        """Cards of all books that the person may read, by name."""
        # the index of words is by account
        accounts = {each.scope.account_id for each in await parts.readable(self._store.db, principal, None, SCOPE)}
        found = []
        for account_id in sorted(accounts, key=lambda number: number != principal.id)[:_MOST]:
            where, parameters = words(account_id, ANY, given.text)
            rows = await self._store.db.rows(
                f"""SELECT c.id FROM contact_card c WHERE c.account_id = ? AND c.book_id IN {VISIBLE} AND {where}
                ORDER BY c.folded, c.id LIMIT {_MOST}""",
                account_id,
                *visible(principal),
                *parameters,
            )
            found += [
                {"accountId": ids.text(account_id), "cardId": ids.text(row.id), "text": shown(card)[:2000]}
                for row, card in await cards.by_ids(self._store.db, account_id, [row[0] for row in rows])
            ]
        return found[:_MOST]

    async def create(self, principal: Principal, given: CreateContact) -> dict[str, str]:
        """Makes a card. Raises NotFound, Forbidden, Invalid, OverQuota."""
        account_id = _number(given.account_id)
        book_id = _number(given.address_book_id) if given.address_book_id else None
        book = await service.own_book(self._store, principal, account_id, book_id)
        now = clock.utc_date(clock.now_ms())
        card: Card = {
            "@type": "Card",
            "version": "1.0",
            "uid": f"urn:uuid:{ids.uuid()}",
            "created": now,
            "updated": now,
            "name": {"full": given.name},
            "emails": {f"e{at}": {"address": each} for at, each in enumerate(given.emails)},
            "phones": {f"p{at}": {"number": each} for at, each in enumerate(given.phones)},
        }
        if given.organization:
            card["organizations"] = {"o1": {"name": given.organization}}
        if given.note:
            card["notes"] = {"n1": {"note": given.note}}
        made = draft.made({name: value for name, value in card.items() if value}, {})
        number = await self._store.write(lambda unit: service.create(unit, principal, book.id, made))
        return {"cardId": ids.text(number)}

    async def change(self, principal: Principal, given: ChangeContact) -> dict[str, str]:
        """Adds to a card. Raises NotFound, Forbidden, Invalid."""
        account_id, number = _number(given.account_id), _number(given.card_id)

        async def work(unit: Unit) -> None:
            row = await service.visible(unit, principal, account_id, number, Right.WRITE)
            before = await cards.stored(unit, number)
            card = {**before.card, "updated": clock.utc_date(clock.now_ms())}
            for collection, member, values in (
                ("emails", "address", given.add_emails),
                ("phones", "number", given.add_phones),
                ("notes", "note", [given.add_note] if given.add_note else []),
            ):
                if values:
                    card[collection] = _added(card.get(collection), member, values)
            await service.replace(unit, principal, row, draft.made(card, {}, before))

        await self._store.write(work)
        return {"cardId": given.card_id}


def _added(present: Any, member: str, values: Sequence[str]) -> dict[str, Any]:
    made = dict(present) if isinstance(present, dict) else {}
    known = {str(each.get(member, "")).lower() for each in made.values() if isinstance(each, dict)}
    for value in values:
        if value.lower() not in known:
            number = len(made) + 1
            while f"{member}{number}" in made:
                number += 1
            made[f"{member}{number}"] = {member: value}
    return made


def _number(given: str) -> int:
    found = ids.parse(given)
    if found is None:
        raise NotFound("no such id")
    return found
