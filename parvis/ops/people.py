"""Making people, groups and spaces with everything that belongs to them, for the command line and the demo."""

from collections.abc import Sequence

from parvis.access import directory, passwords
from parvis.access.principal import Kind, Principal
from parvis.kernel.errors import NotFound
from parvis.kernel.languages import Language
from parvis.serve.feature import Feature
from parvis.serve.newcomers import Newcomers
from parvis.store.store import Store
from parvis.store.unit import Unit


async def create(
    store: Store,
    features: Sequence[Feature],
    kind: Kind,
    name: str,
    address: str | None = None,
    *,
    language: Language = "en",
    administrator: bool = False,
    password: str | None = None,
) -> Principal:
    """Creates a principal, gives it what each feature gives a new one, and its password, in one unit. Raises
    Conflict when the address is taken, Invalid for a weak password or a bad address."""
    if password is not None:
        passwords.check(password, address or "")
    stored = await passwords.hashed(password) if password is not None else None

    async def work(unit: Unit) -> int:
        newcomers = Newcomers(features)
        number = await newcomers.create(unit, kind, name, address, language=language, administrator=administrator)
        if stored is not None:
            await passwords.keep(unit, number, stored)
        return number

    return await directory.by_id(store.db, await store.write(work))


async def find(store: Store, address: str) -> Principal:
    """The principal of an address. Raises NotFound when there is none or it is disabled."""
    found = await directory.by_address(store.db, address)
    if found is None:
        raise NotFound(f"nobody has the address {address}", address=address)
    return found
