"""Contacts as app.py wires them."""

from parvis.access import directory
from parvis.access.principal import Kind as PrincipalKind
from parvis.contacts import books, erase, transfer
from parvis.contacts.collected import FOLLOWER as COLLECTING
from parvis.contacts.collected import Collector
from parvis.contacts.dav import AddressBooks
from parvis.contacts.directory import FOLLOWER as LISTING
from parvis.contacts.directory import Directory
from parvis.contacts.freebusy import CardLinks
from parvis.contacts.jmap import kinds
from parvis.contacts.source import ContactSource
from parvis.contacts.tools import ContactTools
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.freebusy import FreeBusyLinks
from parvis.serve.newcomers import provide
from parvis.store.unit import Unit

_WITH_CONTACTS: frozenset[PrincipalKind] = frozenset({"person", "space"})
_PRESENT = "SELECT 1 FROM address_book b WHERE b.account_id = p.id AND b.is_default = 1"


def feature(context: Context) -> Feature:
    """Address books and cards; a first book for new people and spaces."""

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_CONTACTS:
            await books.provision(unit, account_id, await directory.language_of(unit, account_id))

    context.offer(CardLinks(context.store), under=FreeBusyLinks)
    own = Directory(context.store, context.settings.language)

    async def start() -> None:
        await provide(context.store, _WITH_CONTACTS, _PRESENT, provision)
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
