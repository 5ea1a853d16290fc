"""Making principals with everything that the features give a new one, and giving to those who were there before a
feature was what it gives new ones."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from parvis.access import directory
from parvis.access.principal import Kind
from parvis.kernel.errors import Conflict
from parvis.kernel.languages import Language
from parvis.serve.feature import Feature, Provision
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Knows the features of the program; app.py offers it in the context."""

    features: Sequence[Feature]

    async def create(
        self,
        unit: Unit,
        kind: Kind,
        name: str,
        address: str | None = None,
        *,
        language: Language = "en",
        administrator: bool = False,
    ) -> int:
        """Creates a principal and gives it what each feature gives a new one. Returns its id. Raises Conflict when
        the address is taken, Invalid for a bad one."""
        number = await directory.create(unit, kind, name, address, language=language, administrator=administrator)
        for feature in self.features:
            if feature.provision is not None:
                await feature.provision(unit, number, kind)
        return number


async def provide(store: Store, kinds: frozenset[Kind], present: str, provision: Provision) -> None:
    """Gives what a feature gives to new principals of some kinds to those who were there before it. `present` is a
    statement that finds something for who has it, of a principal `p`. `provision` does nothing for who has it:
    several nodes may start at once. Who is switched off has it at the first start after that ended."""
    while rows := await store.db.rows(
        f"""SELECT p.id, p.kind FROM principal p WHERE p.disabled_ms IS NULL AND p.kind IN {marks(len(kinds))}
        AND NOT EXISTS ({present}) ORDER BY p.id LIMIT ?""",
        *sorted(kinds),
        _PAGE,
    ):
        with contextlib.suppress(Conflict):  # another node was first
            await store.write(partial(_provide, rows, provision))


async def _provide(rows: Sequence[tuple[int, Kind]], provision: Provision, unit: Unit) -> None:
    for number, kind in rows:
        await provision(unit, number, kind)
