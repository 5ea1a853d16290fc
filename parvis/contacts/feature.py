"""Contacts as app.py wires them."""

from parvis.access.principal import Kind as PrincipalKind
from parvis.contacts import books
from parvis.contacts.dav import AddressBooks
from parvis.contacts.jmap import kinds
from parvis.kernel.languages import LANGUAGES, Language
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.store.unit import Unit

_WITH_CONTACTS: frozenset[PrincipalKind] = frozenset({"person", "space"})


def feature(context: Context) -> Feature:
    """Address books and cards; a first book for new people and spaces."""

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_CONTACTS:
            await books.provision(unit, account_id, await language_of(unit, account_id))

    return Feature(
        name="contacts",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        shares=kinds.SHARES,
        trees=(AddressBooks(context.store),),
        blob_scopes=kinds.BLOB_SCOPES,
        provision=provision,
    )


async def language_of(unit: Unit, account_id: int) -> Language:
    """The language of a principal."""
    found = await unit.value("SELECT language FROM principal WHERE id = ?", account_id)
    return next((language for language in LANGUAGES if language == found), "en")
