"""Contacts as search and the assistant read them: each card is an item with one text."""

from collections.abc import AsyncIterator

from parvis.contacts import cards, index
from parvis.contacts.index import objects
from parvis.contacts.model import CARD, Card
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.search.newest import newest
from parvis.store.store import Store
from parvis.wire.jscontact.structured import components_of

_MOST_PEOPLE = 50


class ContactSource:
    """Implements kernel.knowledge.Source."""

    kind = CARD

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The card, or None when it is gone."""
        found = await cards.by_ids(self._store.db, account_id, [object_id])
        if not found:
            return None
        row, card = found[0]
        title = index.title_of(card)
        text = words(card)
        origin: Origin = "colleague" if await self._is_directory(account_id) else "own"
        document = Document.written("card", title, text)
        return Item(
            account_id=account_id,
            scope_id=row.book_id,
            kind=CARD,
            object_id=object_id,
            title=title,
            time_ms=row.modified_ms,
            origin=origin,
            author="",
            people=_people(title, card),
            facets={"kind": card.get("kind", "individual")},
            documents=(document,),
        )

    async def _is_directory(self, account_id: int) -> bool:
        sql = "SELECT 1 FROM contact_directory WHERE account_id = ?"
        return await self._store.db.value(sql, account_id) is not None

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All cards of an account, newest first."""
        return newest(self._store.db, "contact_card", account_id)


def _people(title: str, card: Card) -> tuple[str, ...]:
    addresses = [each["address"] for each in objects(card, "emails") if isinstance(each.get("address"), str)]
    return tuple(f"{title} <{address}>" for address in addresses[:_MOST_PEOPLE]) or ((title,) if title else ())


def words(card: Card) -> str:
    """A card as lines that a person can read."""
    lines = [index.title_of(card)]
    for collection, member in (
        ("nicknames", "name"),
        ("titles", "name"),
        ("emails", "address"),
        ("phones", "number"),
        ("onlineServices", "uri"),
        ("onlineServices", "user"),
        ("links", "uri"),
        ("notes", "note"),
    ):
        lines += [each[member] for each in objects(card, collection) if isinstance(each.get(member), str)]
    for each in objects(card, "organizations"):
        units = [unit.get("name") for unit in each.get("units") or [] if isinstance(unit, dict)]
        lines.append(", ".join(str(part) for part in (each.get("name"), *units) if part))
    for each in objects(card, "addresses"):
        parts = [part["value"] for part in components_of(each) if part["kind"] != "separator"]
        lines.append(each["full"] if isinstance(each.get("full"), str) else ", ".join(parts))
    for each in objects(card, "anniversaries"):
        if isinstance(date := each.get("date"), dict):
            day = "-".join(
                f"{date[name]:02}" for name in ("year", "month", "day") if isinstance(date.get(name), int)
            )
            lines.append(f"{each.get('kind', '')}: {day or date.get('utc', '')}")
    return "\n".join(line for line in lines if line)[:20_000]
