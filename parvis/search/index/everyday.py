"""What a model makes of everyday sentences, asked of it once: where each language stands in its space, and how the
languages are turned against each other."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from parvis.kernel.later import numpy as np
from parvis.search.embed.provider import Embedder
from parvis.search.index.calibration import calibration
from parvis.search.index.meaning import without
from parvis.search.index.turns import Floats, Turns


class Everyday(NamedTuple):
    """The vectors of everyday sentences as passages, by language, and the turns between the languages."""

    samples: dict[str, Floats]
    turns: Turns


_KNOWN: WeakKeyDictionary[Embedder, Everyday] = WeakKeyDictionary()


async def everyday(embedder: Embedder) -> Everyday:
    """Of a model. Raises `Unavailable` when it does not answer."""
    if embedder not in _KNOWN:
        languages, sentences = zip(*calibration(), strict=True)
        told, asked = await embedder.embed_passages(sentences), await embedder.embed_queries(sentences)
        of = {name: np.array(languages) == name for name in dict.fromkeys(languages)}
        samples = {name: told[here] for name, here in of.items()}
        both = {name: np.concatenate([told[here], asked[here]]) for name, here in of.items()}
        turns = Turns({name: without(both[name], sample) for name, sample in samples.items()})
        _KNOWN[embedder] = Everyday(samples, turns)
    return _KNOWN[embedder]
