"""How likely a message is unwanted, from how often its tokens stood in wanted and unwanted ones.

Each known token has a probability, drawn to one half while it is rare (Robinson); those that say something are
combined by Fisher's method, once as evidence for and once against. The numbers behind it: docs/decisions/0009."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEAST_SPAM, LEAST_HAM = 10, 20
"""Fewer learned messages than these say nothing."""
_DOUBT, _TELLING, _MOST = 0.1, 0.1, 300
_ALIKE = 0.7
"""Words of one message do not come independently; their evidence counts for this part."""
_REASONS = 8


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages, or those with one token, that were learned as unwanted and as wanted."""

    spam: int = 0
    ham: int = 0

    def plus(self, other: "Counts", times: int = 1) -> "Counts":
        """The sum, `other` counted so many times."""
        return Counts(self.spam + times * other.spam, self.ham + times * other.ham)


@dataclass(frozen=True, slots=True)
class Score:
    """0 is wanted, 1 unwanted; the tokens that say so most, strongest first."""

    value: float
    reasons: tuple[str, ...] = ()


def is_ready(total: Counts) -> bool:
    """Whether enough was learned to judge by."""
    return total.spam >= LEAST_SPAM and total.ham >= LEAST_HAM


def score(total: Counts, known: Mapping[str, Counts]) -> Score | None:
    """The score of a message with these known tokens; None while too little was learned."""
    if not is_ready(total):
        return None
    telling = sorted(
        (
            (text, chance)
            for text, counts in known.items()
            if abs((chance := _chance(total, counts)) - 0.5) >= _TELLING
        ),
        key=lambda one: (-abs(one[1] - 0.5), one[0]),
    )[:_MOST]
    if not telling:
        return Score(0.5)
    unwanted = _tail(1 - chance for _, chance in telling)
    wanted = _tail(chance for _, chance in telling)
    value = (1 + wanted - unwanted) / 2
    said = [text for text, chance in telling if (chance > 0.5) == (value >= 0.5)]
    return Score(value, tuple(said[:_REASONS]))


def _chance(total: Counts, counts: Counts) -> float:
    """How likely a message with one token is unwanted, were both sorts as frequent."""
    spam, ham = counts.spam / total.spam, counts.ham / total.ham
    number = counts.spam + counts.ham
    if spam + ham <= 0:
        return 0.5
    return (_DOUBT * 0.5 + number * spam / (spam + ham)) / (_DOUBT + number)


def _tail(chances: Iterable[float]) -> float:
    """Fisher: how likely chances as small as these are, were they drawn at random."""
    logs = [math.log(max(chance, 1e-12)) for chance in chances]
    return _chi2(-2 * _ALIKE * sum(logs), 2 * len(logs))


def _chi2(value: float, freedom: int) -> float:
    """The upper tail of the chi-square distribution for an even number of degrees of freedom."""
    half = value / 2
    if half <= 0:
        return 1.0
    terms = [-half]
    for step in range(1, freedom // 2):
        terms.append(terms[-1] + math.log(half / step))
    most = max(terms)
    return min(1.0, math.exp(most) * sum(math.exp(term - most) for term in terms))
