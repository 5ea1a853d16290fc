"""Vectors between the model and the index: neighbourhoods by code, and how a question meets each language."""

import apsw
import numpy as np
import pytest

from parvis.search.index.calibration import calibration
from parvis.search.index.codes import Codes
from parvis.search.index.meaning import Centres, Usual, packed, unpacked, without
from parvis.search.index.turns import Turns

DIMS = 128
rng = np.random.default_rng(3)
CORNERS = {name: rng.normal(size=DIMS) for name in ("fr", "vi", "en")}
MANY, FEW = 80, 12
NONE = Turns({})


def told(language: str, meanings: np.ndarray, corner: float = 2.0) -> np.ndarray:
    """Vectors as a model of several languages makes them: what is meant, and the corner of the language."""
    vectors = meanings + corner * CORNERS[language]
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def meanings(count: int) -> np.ndarray:
    return rng.normal(size=(count, DIMS))


def everyday() -> dict[str, np.ndarray]:
    same = meanings(40)
    return {name: told(name, same) for name in CORNERS}


def test_the_right_passage_of_another_language_beats_all_of_the_own_one() -> None:
    own = {name: told(name, meanings(MANY)) for name in ("vi", "en")}
    usual = Usual(everyday(), own, NONE)
    for meant in meanings(30):
        sides = usual.sides("vi", told("vi", meant))
        near, beside = told("en", meant + 0.5 * meanings(1)[0]), told("vi", meanings(200))
        assert told("vi", meant) @ near < (beside @ told("vi", meant)).max(), "the plain product prefers the own"
        right = deviations(sides["en"], near)
        wrong = max(deviations(sides["vi"], other) for other in beside)
        assert right > wrong


def cosine(side, passage: np.ndarray) -> float:
    shifted = passage - side.mean
    return float(shifted @ side.question / np.linalg.norm(shifted))


def deviations(side, passage: np.ndarray) -> float:
    return (cosine(side, passage) - side.level) / side.width


@pytest.mark.parametrize("language", ["vi", "und"])
def test_within_a_language_nothing_is_taken_away(language) -> None:
    question = told("vi", meanings(1)[0])
    side = Usual(everyday(), {}, NONE).sides(language, question)[language]
    assert (side.question == question).all()
    assert (side.shift, side.square) == (0.0, 0.0)


def test_means_are_those_of_the_store_once_both_languages_have_enough() -> None:
    question, before = told("vi", meanings(1)[0]), everyday()
    here = {"vi": told("vi", meanings(MANY) + 3), "en": told("en", meanings(MANY) + 3)}
    few = Usual(before, {**here, "vi": here["vi"][:FEW]}, NONE).sides("vi", question)["en"]
    enough = Usual(before, here, NONE).sides("vi", question)["en"]
    assert np.allclose(few.mean, 0.6 * before["en"].mean(axis=0))
    assert np.allclose(enough.mean, 0.6 * here["en"].mean(axis=0))


def test_a_language_nobody_taught_stands_in_the_middle() -> None:
    usual = Usual(everyday(), {}, NONE)
    question = told("vi", meanings(1)[0])
    assert usual.sides("xx", question)["fr"].shift == usual.sides("und", question)["fr"].shift


def test_the_database_computes_the_same_cosine() -> None:
    connection = apsw.Connection(":memory:")
    Codes().register(connection)
    side = Usual(everyday(), {}, NONE).sides("vi", told("vi", meanings(1)[0]))["en"]
    for passage in told("en", meanings(20)):
        stored = packed(passage)
        arguments = (stored, side.question.tobytes(), side.mean.tobytes(), side.shift, side.square)
        found = connection.execute("SELECT closeness(?, ?, ?, ?, ?)", arguments).fetchall()[0][0]
        assert found == pytest.approx(cosine(side, unpacked(stored)), abs=1e-3)
    assert connection.execute("SELECT closeness(NULL, ?, ?, 0, 0)", arguments[1:3]).fetchall() == [(None,)]


def test_everyday_sentences_are_the_same_in_each_language() -> None:
    languages = [language for language, _ in calibration()]
    assert [languages.count(name) for name in ("fr", "vi", "en")] == [40, 40, 40]
    assert len({sentence for _, sentence in calibration()}) == 120


def test_the_nearest_codes_are_found_in_every_block() -> None:
    codes, count = Codes(), 40_000
    centres = Centres({name: corner.astype(np.float32) for name, corner in CORNERS.items()})
    vectors = rng.normal(size=(count, DIMS)).astype(np.float32)
    languages = ["fr" if number % 3 else "vi" for number in range(count)]
    rows = [
        (number, 7 + number % 4, number, languages[number], centres.code(vectors[number], "fr"))
        for number in range(count)
    ]
    codes.add(rows[:3])
    codes.add(rows[3:])
    codes.drop([5, 9])
    asked = rows[9][4]
    bits = np.unpackbits(np.frombuffer(b"".join(row[4] for row in rows), np.uint8).reshape(count, -1), axis=1)
    distance = (bits != np.unpackbits(np.frombuffer(asked, np.uint8))).sum(axis=1)

    def least(language: bool, scopes: set[int], after: int, before: int) -> list[int]:
        seen = [
            n
            for n in range(after, before)
            if n not in (5, 9) and 7 + n % 4 in scopes and (languages[n] == "fr") == language
        ]
        return sorted(distance[seen])[:20]

    for scopes, after, before in (({7, 8, 9, 10}, 0, count), ({8}, 0, count), ({7, 9}, 30_000, 39_000)):
        found = codes.nearest(asked, "fr", [*scopes, 99], after, before, 40)
        assert list(distance[found]) == sorted(distance[found])
        for language in (True, False):
            side = [n for n in found if (languages[n] == "fr") == language]
            assert sorted(distance[side]) == least(language, scopes, after, before)
    assert codes.nearest(asked, "fr", [99], 0, count, 40) == []
    assert codes.nearest(asked[:8], "fr", [7], 0, count, 40) == []


def test_a_question_is_turned_towards_the_other_language() -> None:
    """One language's meanings stand a little turned from the other's, as far as the everyday sentences tell."""
    skew = np.linalg.qr(np.eye(DIMS) + 0.06 * rng.normal(size=(DIMS, DIMS)))[0]
    same = meanings(3 * DIMS)
    parallel = {"vi": told("vi", same @ skew), "en": told("en", same)}
    turns = Turns({name: without(vectors, vectors) for name, vectors in parallel.items()})
    meant = meanings(200)
    asked = without(told("vi", meant @ skew), parallel["vi"])
    passages = without(told("en", meant), parallel["en"])
    turned = np.stack([turns.turned(question, "vi", "en") for question in asked])
    assert np.allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-4)
    plain, better = (asked * passages).sum(1), (turned * passages).sum(1)
    assert better.mean() > plain.mean() + 0.1
    assert (turns.turned(asked[0], "xx", "en") == asked[0]).all()
    sides = [Usual(parallel, {}, some).sides("vi", told("vi", meant[0] @ skew)) for some in (NONE, turns)]
    assert (sides[0]["vi"].question == sides[1]["vi"].question).all()
    assert not np.allclose(sides[0]["en"].question, sides[1]["en"].question)
