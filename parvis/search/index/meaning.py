"""What is done to vectors between the model and the index.

Models of several languages put each language in a corner of its own, so that a French question finds any
French passage before the right Vietnamese one. Against that (measured in `bench/retrieval.py`):

- codes are signs after the language's mean is taken away, so that neighbourhoods reach across languages;
- a question meets passages of another language with three fifths of its language's mean taken away from it, and
of their language's mean from them; as long as the store has not enough of both, it is also turned towards that
language (`turns`);
- what counts is not the cosine itself but by how many standard deviations it exceeds what passages of that
language usually give for this question.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from parvis.kernel.later import numpy as np
from parvis.search.index.turns import Floats, Turns
from parvis.search.words.language import UNKNOWN

LANGUAGE_NUMBERS = {UNKNOWN: 0, "fr": 1, "vi": 2, "en": 3}
_ACROSS = 0.6
_STEPS = 127
_SIGMAS = 6.0
_MANY = 64
"""So many passages of a language tell where it stands here."""


def packed(vector: Floats) -> bytes:
    """One byte a number: the range is six standard deviations of a unit vector's numbers."""
    return bytes(np.clip(np.rint(vector / step(len(vector))), -_STEPS, _STEPS).astype(np.int8).tobytes())


def unpacked(stored: bytes) -> Floats:
    """The vector that `packed` stored."""
    numbers = np.frombuffer(stored, np.int8).astype(np.float32)
    return numbers * np.float32(step(len(numbers)))


def step(dims: int) -> float:
    """What one unit of a stored number stands for."""
    return _SIGMAS / math.sqrt(dims) / _STEPS


class Centres:
    """The mean of each language in one model's space; decided once for an index, because its codes depend on
    it."""

    def __init__(self, means: Mapping[str, Floats]) -> None:
        self._means = dict(means)
        self._middle: Floats = np.mean(np.stack(list(means.values())), axis=0)

    @classmethod
    def decode(cls, text: str) -> "Centres":
        """From the database."""
        return cls({name: np.array(mean, np.float32) for name, mean in msgspec.json.decode(text).items()})

    def encode(self) -> str:
        """For the database."""
        return msgspec.json.encode({name: mean.tolist() for name, mean in self._means.items()}).decode()

    def of(self, language: str) -> Floats:
        """The mean of a language; an unknown one stands in the middle of all."""
        return self._means.get(language, self._middle)

    def code(self, vector: Floats, language: str) -> bytes:
        """One bit a number, padded to whole 64-bit words."""
        bits = np.packbits(vector > self.of(language))
        return bits.tobytes() + bytes(-len(bits) % 8)


class Side(NamedTuple):
    """How a question meets the passages of one language: by the cosine of `question` and the passage without
    `mean`, which is usually `level`, give or take `width`."""

    question: Floats
    mean: Floats
    level: float
    width: float

    @property
    def shift(self) -> float:
        """The product of `mean` and `question`."""
        return float(self.mean @ self.question)

    @property
    def square(self) -> float:
        """The length of `mean`, squared."""
        return float(self.mean @ self.mean)

    def deviations(self, vectors: Floats) -> Floats:
        """By how many standard deviations each is nearer than usual."""
        found: Floats = (_of_length_one(vectors - self.mean) @ self.question - self.level) / self.width
        return found


class Usual:
    """What passages of each language usually give: `own`, a sample of those here, and as long as these are few
    `everyday`, the vectors of `calibration`; `turns` from those too."""

    def __init__(self, everyday: Mapping[str, Floats], own: Mapping[str, Floats], turns: Turns) -> None:
        self._turns = turns
        self._everyday = {**everyday, UNKNOWN: np.concatenate(list(everyday.values()))}
        self._own = {name: sample for name, sample in own.items() if len(sample) >= _MANY}
        few = {name: sample for name, sample in own.items() if name not in self._own}
        self._samples = {
            name: self._own.get(name, np.concatenate([sample, few.get(name, sample[:0])]))
            for name, sample in self._everyday.items()
        }

    def sides(self, language: str, question: Floats) -> dict[str, Side]:
        """How a question in `language` meets each language."""
        known = language if language in self._samples else UNKNOWN
        return {name: self._side(known, name, question) for name in self._samples}

    def _side(self, language: str, name: str, question: Floats) -> Side:
        mean: Floats = np.zeros_like(question)
        if name != language:
            # Both means from the same kind of text: otherwise their difference is not that of the languages.
            both = {language, name} <= self._own.keys()
            means = self._own if both else self._everyday
            mean = _ACROSS * means[name].mean(axis=0)
            question = without(question, means[language])
            if not both:  # to what a store's own means tell, turning adds nothing
                question = self._turns.turned(question, language, name)
        usual: Any = _of_length_one(self._samples[name] - mean) @ question
        return Side(question, mean, float(usual.mean()), float(max(usual.std(), 1e-3)))


def without(vectors: Floats, sample: Floats) -> Floats:
    """Vectors without their language, of which `sample` is, as it is met by another one; of length one."""
    return _of_length_one(vectors - _ACROSS * sample.mean(axis=0))


def _of_length_one(vectors: Floats) -> Floats:
    one: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return one
