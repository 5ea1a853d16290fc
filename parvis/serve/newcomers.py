"""Making principals with everything that the features give a new one, in the caller's unit."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access import directory
from parvis.access.principal import Kind
from parvis.kernel.languages import Language
from parvis.serve.feature import Feature
from parvis.store.unit import Unit


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
