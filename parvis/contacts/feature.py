"""Contacts as app.py wires them."""

from functools import partial

from parvis.access.principal import Kind as PrincipalKind
from parvis.contacts import books, erase, transfer
from parvis.contacts.collected import FOLLOWER as COLLECTING
from parvis.contacts.collected import Collector
from parvis.contacts.dav import AddressBooks
from parvis.contacts.directory import FOLLOWER as LISTING
from parvis.contacts.directory import Directory
from parvis.contacts.jmap import kinds
from parvis.contacts.source import ContactSource
from parvis.contacts.tools import ContactTools
from parvis.kernel.languages import LANGUAGES, Language
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_WITH_CONTACTS: frozenset[PrincipalKind] = frozenset({"person", "space"})
_PAGE = 200


def feature(context: Context) -> Feature:
    """Address books and cards; a first book for new people and spaces."""

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_CONTACTS:
            await books.provision(unit, account_id, await language_of(unit, account_id))

    own = Directory(context.store, context.settings.language)

    async def start() -> None:
        await first_books(context.store)
        await own.open()

    return Feature(
        name="contacts",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        blobs={transfer.LETTER: transfer.Books(context.store).resolve},
        shares=kinds.SHARES,
        trees=(AddressBooks(context.store),),
        blob_scopes=kinds.BLOB_SCOPES,
        followers={COLLECTING: Collector(context.store).follow, LISTING: own.follow},
        sources=(ContactSource(context.store),),
        tools=ContactTools(context.store).all(),
        erase=erase.contacts,
        provision=provision,
        start=start,
    )


async def first_books(store: Store) -> None:
    """Gives whoever was there before the room their first book."""
    while True:
        rows = await store.db.rows(
            f"""SELECT p.id FROM principal p WHERE p.disabled_ms IS NULL AND p.kind IN {marks(len(_WITH_CONTACTS))}
            AND NOT EXISTS (SELECT 1 FROM address_book b WHERE b.account_id = p.id AND b.is_default = 1)
            ORDER BY p.id LIMIT ?""",
            *sorted(_WITH_CONTACTS),
            _PAGE,
        )
        if not rows:
            return

        async def work(unit: Unit, numbers: list[int]) -> None:
            for number in numbers:
                await books.provision(unit, number, await language_of(unit, number))

        await store.write(partial(work, numbers=[row[0] for row in rows]))


async def language_of(unit: Unit, account_id: int) -> Language:
    """The language of a principal."""
    found = await unit.value("SELECT language FROM principal WHERE id = ?", account_id)
    return next((language for language in LANGUAGES if language == found), "en")
