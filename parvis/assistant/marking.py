"""Marking of text that a model wrote or helped to write: computed here, from what was generated and what is sent.

The mark is one header field, `AI-Content`, with a level that editing may lower only by really rewriting:
generated (most of it is a model's), assisted (a model corrected or translated the person's own text, or little of
it is left), none. trust.md TR-02, TR-03
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.assistant.turns import StoredTurn
from parvis.kernel import clock
from parvis.kernel.later import rapidfuzz

Level = Literal["none", "assisted", "generated"]
_TAKEN = 45.0
"""Partial similarity (0 to 100) from which a model's text counts as still being in what is sent."""
_UNTOUCHED = 75.0


@dataclass(frozen=True, slots=True)
class Mark:
    """The level of a text and the header's value; empty when there is nothing to mark."""

    level: Level
    header: str


def mark(text: str, turns: Sequence[StoredTurn]) -> Mark:
    """The mark of `text` into which the results of `turns` may have been taken."""
    level: Level = "none"
    source: StoredTurn | None = None
    for turn in turns:
        found = _level(text, turn)
        if found == "generated" or (found == "assisted" and level == "none"):
            level, source = found, turn
    if source is None:
        return Mark("none", "")
    model = source.answer.model.replace('"', "'")
    stamp = clock.utc_date(clock.now_ms())
    return Mark(level, f'level={level}; task={source.task}; model="{model}"; date="{stamp}"')


def _level(text: str, turn: StoredTurn) -> Level:
    if turn.answer.level == "none":
        return "none"
    written = [block for block in turn.answer.blocks if block.kind != "quote"]
    generated = " ".join(block.text or " ".join(claim.text for claim in block.claims) for block in written)
    if not generated.strip():
        return "none"
    left = (
        rapidfuzz.fuzz.partial_ratio(generated, text)
        if len(text) >= len(generated)
        else rapidfuzz.fuzz.token_set_ratio(generated, text)
    )
    if left < _TAKEN:
        return "none"
    return "generated" if turn.answer.level == "generated" and left >= _UNTOUCHED else "assisted"
