"""The statistical model that tells the language of a text by its letters, as much of it as our languages need."""

import math
import subprocess
import sys
import unicodedata
from array import array
from collections import Counter
from operator import mul

import msgspec


class Tables(msgspec.Struct, frozen=True):
    """The model as it is handed over: numbers of 32 bits, in the machine's order.

    An automaton finds the model's features in a text (Aho and Corasick, Communications of the ACM 18, 1975). The
    library's table has a row of 256 moves for each state. Of these nearly all are those of the state that the end
    of the same letters leads to, one letter less: only others are kept, and the way back to that state. A state
    without any is left for that one at once; those after the first letter have whole rows, as they are met most."""

    languages: tuple[str, ...]
    prior: tuple[float, ...]
    """For each language but the first, the logarithm of how much likelier it is than the first, before anything is
    read."""
    weights: tuple[bytes, ...]
    """What each feature adds to these."""
    near: dict[int, bytes]
    """Whole rows, by state."""
    letters: bytes
    """Letters of the other moves, one state's after another's."""
    to: bytes
    """Where each of these leads."""
    begin: bytes
    """Where each state's begin."""
    back: bytes
    live: bytes
    feature: bytes
    """What each state has found, negative for nothing."""


class Letters:
    """The model, to be asked."""

    def __init__(self, tables: Tables) -> None:
        self._languages, self._prior = tables.languages, tables.prior
        self._weights = [array("f", each) for each in tables.weights]
        self._near = {state: array("I", row) for state, row in tables.near.items()}
        self._letters, self._to, self._begin = tables.letters, array("I", tables.to), array("I", tables.begin)
        self._back, self._live = array("I", tables.back), array("I", tables.live)
        self._feature = array("i", tables.feature)

    def classify(self, text: str) -> tuple[str, float]:
        """The language that a text is most likely in, and how likely that is, from 0 to 1, as the library has it:
        the square root of the length keeps long texts from being too sure."""
        normal = unicodedata.normalize("NFC", text.lower() if text.isupper() else text)
        data = normal.encode("utf-8", "surrogatepass")
        found = self.features(data)
        times = [math.log1p(each) for each in found.values()]
        scores = [0.0] + [
            prior + sum(map(mul, times, map(weights.__getitem__, found)))
            for prior, weights in zip(self._prior, self._weights, strict=True)
        ]
        if not found:
            return self._languages[0], 1 / len(scores)
        best, spread = max(scores), math.sqrt(len(data))
        likely = [math.exp((score - best) / spread) for score in scores]
        return self._languages[scores.index(best)], 1 / sum(likely)

    def features(self, text: bytes) -> Counter[int]:
        """How often each is in a text."""
        state, found = 0, list[int]()
        near, letters, to, begin, back, live, feature = (
            self._near.get, self._letters.find, self._to, self._begin, self._back, self._live, self._feature,
        )  # fmt: skip
        for letter in text:
            while (row := near(state)) is None:
                if (at := letters(letter, begin[state], begin[state + 1])) >= 0:
                    state = to[at]
                    break
                state = back[state]
            else:
                state = row[letter]
            if (one := feature[state]) >= 0:
                found.append(one)
            state = live[state]
        return Counter(found)


def load(languages: tuple[str, ...]) -> Letters:
    """Has the model made, which takes more than a second, in a process of its own: reading and reducing it takes
    100 MB, and libraries that nothing else here may need."""
    made = subprocess.run(  # noqa: S603 - the arguments are ours
        [sys.executable, "-m", "parvis.search.words.reduced", *languages],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
    )
    return Letters(msgspec.msgpack.decode(made.stdout, type=Tables))
