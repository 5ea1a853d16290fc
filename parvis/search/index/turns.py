"""Turning a question towards another language. Taking the languages' means away leaves a model's space a little
turned from one language to the next; how far is seen in sentences that say the same in each (`calibration`), read
as passages and as questions. The turn is the rotation that brings the one's vectors nearest to the other's
(orthogonal Procrustes), held near to none where these few sentences say nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from parvis.kernel.later import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float32]"
_STAY = 3.0
"""So much pulls towards no turn at all. Chosen by `bench/retrieval.py` on one half of its questions."""


class Turns:
    """The turns between all pairs of languages; `parallel` has the vectors of the same sentences in each, their
    language taken away, of length one."""

    def __init__(self, parallel: Mapping[str, Floats]) -> None:
        self._turns = {
            (one, other): _turn(parallel[one], parallel[other])
            for one in parallel
            for other in parallel
            if one != other
        }

    def turned(self, question: Floats, language: str, towards: str) -> Floats:
        """A question without its language, as `towards` would tell it; as it is when a language is not known."""
        if (language, towards) not in self._turns:
            return question
        space, change = self._turns[language, towards]
        turned: Floats = (question + ((question @ space) @ change) @ space.T).astype(np.float32)
        return turned


def _turn(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """A basis of what the sentences reach, and what turning changes within it."""
    space: Floats = np.linalg.qr(np.concatenate([one, other]).T)[0].astype(np.float32)
    within = (one @ space).T @ (other @ space)
    left, _, right = np.linalg.svd(within + _STAY * np.eye(len(within), dtype=np.float32))
    change: Floats = (left @ right - np.eye(len(within))).astype(np.float32)
    return space, change
