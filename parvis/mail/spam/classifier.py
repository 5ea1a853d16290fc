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
OWN_TIMES = 3
"""How many times more what somebody reported counts for them than for others."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages, or those with one token, that were learned as unwanted and as wanted."""

    spam: int = 0
    ham: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What everybody has learned, and the part of it that one account has, which counts more for that account."""

    everybody: Counts = Counts()
    own: Counts = Counts()

    @property
    def spam(self) -> int:
        """Unwanted messages, weighted."""
        return self.everybody.spam + OWN_TIMES * self.own.spam

    @property
    def ham(self) -> int:
        """Wanted messages, weighted."""
        return self.everybody.ham + OWN_TIMES * self.own.ham

    @property
    def number(self) -> int:
        """How many messages there really were."""
        return max(self.everybody.spam + self.everybody.ham, self.own.spam + self.own.ham)


@dataclass(frozen=True, slots=True)
class Score:
    """0 is wanted, 1 unwanted; the tokens that say so most, strongest first."""

    value: float
    reasons: tuple[str, ...] = ()


def is_ready(everybody: Counts) -> bool:
    """Whether enough was learned to judge by."""
    return everybody.spam >= LEAST_SPAM and everybody.ham >= LEAST_HAM


def score(total: Known, known: Mapping[str, Known]) -> Score | None:
    """The score of a message with these known tokens; None while too little was learned."""
    if not is_ready(total.everybody):
        return None
    telling = sorted(
        ((text, chance) for text, one in known.items() if abs((chance := _chance(total, one)) - 0.5) >= _TELLING),
        key=lambda one: (-abs(one[1] - 0.5), one[0]),
    )[:_MOST]
    if not telling:
        return Score(0.5)
    unwanted = _tail(1 - chance for _, chance in telling)
    wanted = _tail(chance for _, chance in telling)
    value = (1 + wanted - unwanted) / 2
    said = [text for text, chance in telling if (chance > 0.5) == (value >= 0.5)]
    return Score(value, tuple(said[:_REASONS]))


def _chance(total: Known, one: Known) -> float:
    """How likely a message with one token is unwanted, were both sorts as frequent."""
    spam, ham = one.spam / total.spam, one.ham / total.ham
    if spam + ham <= 0:
        return 0.5
    return (_DOUBT * 0.5 + one.number * spam / (spam + ham)) / (_DOUBT + one.number)


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
