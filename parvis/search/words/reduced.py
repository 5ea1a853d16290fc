"""The process that reads the library's model and dies: `python -m parvis.search.words.reduced LANGUAGE...`, with
the tables of these languages as its standard output."""

import sys
from typing import Any

import msgspec
import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from parvis.search.words.letters import Tables


def tables(model: Any) -> Tables:
    """What of the library's model its present languages need. Of its table of moves, 40 MB are let go that others
    of its rows tell."""
    rows = np.asarray(model.tk_nextmove).reshape(-1, 256)
    of_state = np.asarray(model.tk_row)
    first = rows[of_state[0]]
    back = np.zeros(len(of_state), np.uint32)
    near = level = np.unique(first[first != 0])
    edges = []
    while len(level):  # of the states so many letters away from the first
        mine, others = rows[of_state[level]], rows[of_state[back[level]]]
        place, letters = np.nonzero(mine != others)
        to = mine[place, letters]
        edges.append((level[place], letters, to))
        back[to], level = others[place, letters], np.unique(to)
    state, letters, to = map(np.concatenate, zip(*edges, strict=True))
    order = np.argsort(state, kind="stable")
    begin = np.searchsorted(state[order], np.arange(len(of_state) + 1)).astype(np.uint32)
    own = begin[1:] != begin[:-1]
    own[[0, *near]] = True
    live = np.where(own, np.arange(len(own), dtype=np.uint32), back)
    while not own[live].all():
        live = live[live]
    weights = model.nb_ptc.T.astype(np.float32)
    return Tables(
        languages=tuple(model.nb_classes),
        prior=tuple(float(each) for each in model.nb_pc[1:] - model.nb_pc[0]),
        weights=tuple(each.astype(np.float32).tobytes() for each in weights[1:] - weights[0]),
        near={int(each): rows[of_state[each]].astype(np.uint32).tobytes() for each in (0, *near)},
        letters=letters[order].astype(np.uint8).tobytes(),
        to=to[order].astype(np.uint32).tobytes(),
        begin=begin.tobytes(),
        back=live[back].astype(np.uint32).tobytes(),
        live=live.astype(np.uint32).tobytes(),
        feature=np.asarray(model.tk_output).astype(np.int32).tobytes(),
    )


def main() -> None:
    """Reads, reduces, writes."""
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(sys.argv[1:])
    sys.stdout.buffer.write(msgspec.msgpack.encode(tables(model)))


if __name__ == "__main__":
    main()
