"""How rare words are: what ranking weighs them by, and which are too frequent to be walked over."""

import math
from collections.abc import Sequence

from parvis.kernel import clock
from parvis.search.index.engine import Engine, Terms
from parvis.search.index.wording import Wording
from parvis.store.sql.contract import Database

_KEPT_SECONDS = 120.0
_LEAST = 1e-6


class Frequencies:
    """In how many passages each term is, remembered for two minutes: ranking needs no more."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, int] = {}
        self._size = (0, 1.0)
        self._until = 0.0

    async def terms(self, db: Database, wording: Wording, extra: Sequence[str] = ()) -> Terms:
        """The terms of a search, weighed."""
        if clock.monotonic() >= self._until:
            self._known.clear()
            self._size = await self._engine.measure(db)
            self._until = clock.monotonic() + _KEPT_SECONDS if self._size[0] > self._engine.walk else 0.0
        asked = [*wording.terms(), *extra]
        if missing := [term for term in asked if term not in self._known]:
            found = await self._engine.frequencies(db, missing)
            self._known.update({term: found.get(term, 0) for term in missing})
        return self._weighed(asked)

    def _weighed(self, asked: Sequence[str]) -> Terms:
        passages, length = self._size
        counts = {term: self._known[term] for term in asked}
        weights = {
            term: max(_LEAST, math.log((passages - counts[term] + 0.5) / (counts[term] + 0.5)) if passages else 0.0)
            for term in asked
        }
        skipped = self._skipped(counts)
        walked = sum(count for term, count in counts.items() if term not in skipped)
        return Terms(weights, skipped, walked, passages, length)

    def _skipped(self, counts: dict[str, int]) -> frozenset[str]:
        """All terms beyond those, from the rarest, that together stay within the engine's walk; never the
        rarest."""
        room = self._engine.walk
        skipped = set()
        for place, (term, count) in enumerate(sorted(counts.items(), key=lambda entry: entry[1])):
            room -= count
            if room < 0 and place and count:
                skipped.add(term)
        return frozenset(skipped)
