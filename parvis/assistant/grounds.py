"""What an answer stands on: the sources a model was given, and which of them carries what it wrote."""

from dataclasses import dataclass

from parvis.assistant.claims import NOTHING, Written
from parvis.assistant.context import Context
from parvis.assistant.expected import ANYTHING, Expected
from parvis.assistant.support import Evidence, Support
from parvis.search.request import Hit


@dataclass(frozen=True, slots=True)
class Grounds:
    """The sources of one answer, and the kind of answer that was asked for."""

    context: Context
    support: Support
    wanted: Expected = ANYTHING

    def is_claim(self, written: Written) -> bool:
        """Whether a sentence claims anything that could be the answer."""
        return written.text.strip(" .").upper() != NOTHING and self.wanted.allows(written.text)

    async def evidence(self, written: Written) -> list[tuple[Hit, Evidence]]:
        """What carries a claim: a sentence that says it, or for a bare answer of the kind asked for (a time, an
        amount) the one in which it stands word for word."""
        indices = self.context.indices
        named = [indices[number - 1] for number in written.sources if 0 < number <= len(indices)]
        found = await self.support.find(written.text, named)
        if not found and any(self.wanted.fits(kind, written.text) for kind in self.wanted.kinds):
            found = self.support.quoted(written.text, named)
        return [(self.support.passages[one.index], one) for one in found]
