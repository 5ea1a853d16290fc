"""Names and subjects: spelling repaired, words completed. Only from scopes that the asker sees."""

from collections import Counter
from collections.abc import Iterable, Sequence

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.kernel.languages import fold
from parvis.kernel.later import rapidfuzz
from parvis.search.words.tokens import words
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

_MOST_WORDS = 20_000
_SHORTEST = 4
_LONG = 7
_LAST = "\U0010ffff"


async def add(unit: Unit, scope_id: int, title: str, people: Sequence[str]) -> None:
    """Counts the words and people of an item."""
    await unit.many(
        """INSERT INTO search_word (scope_id, word, uses) VALUES (?, ?, 1)
        ON CONFLICT (scope_id, word) DO UPDATE SET uses = search_word.uses + 1""",
        [(scope_id, word) for word in _words(title, people)],
    )
    for person in dict.fromkeys(people):
        folded = fold(person)
        added = await unit.value(
            """INSERT INTO search_person (scope_id, folded, shown, uses) VALUES (?, ?, ?, 1)
            ON CONFLICT (scope_id, folded) DO UPDATE SET uses = search_person.uses + 1 RETURNING uses""",
            scope_id,
            folded,
            person,
        )
        if added == 1:
            await unit.many(
                "INSERT INTO search_person_word (scope_id, word, folded) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(scope_id, word, folded) for word in sorted(set(words(person)))],
            )


async def remove(unit: Unit, scope_id: int, title: str, people: Sequence[str]) -> None:
    """Takes back what `add` counted; what is nowhere any more is forgotten."""
    counted = [(scope_id, word) for word in _words(title, people)]
    await unit.many("UPDATE search_word SET uses = uses - 1 WHERE scope_id = ? AND word = ?", counted)
    await unit.many("DELETE FROM search_word WHERE scope_id = ? AND word = ? AND uses <= 0", counted)
    for person in dict.fromkeys(people):
        key = scope_id, fold(person)
        await unit.run("UPDATE search_person SET uses = uses - 1 WHERE scope_id = ? AND folded = ?", *key)
        if await unit.run("DELETE FROM search_person WHERE scope_id = ? AND folded = ? AND uses <= 0", *key):
            await unit.run("DELETE FROM search_person_word WHERE scope_id = ? AND folded = ?", *key)


def _words(title: str, people: Sequence[str]) -> list[str]:
    return sorted({*words(title), *(word for person in people for word in words(person))})


async def corrections(db: Database, principal: Principal, asked: Iterable[str]) -> dict[str, str]:
    """For each word the nearest one in names and subjects that the asker sees: one letter wrong, two in long
    words. A word that is there itself has none."""
    found: dict[str, str] = {}
    for word in asked:
        if len(word) >= _SHORTEST and word.isalpha() and (near := await _nearest(db, principal, word)):
            found[word] = near
    return found


async def _nearest(db: Database, principal: Principal, word: str) -> str | None:
    allowed = 2 if len(word) >= _LONG else 1
    uses: Counter[str] = Counter()
    for first in {word[0], word[1]}:
        rows = await db.scan(
            f"""SELECT w.word, w.uses FROM search_word w
            WHERE w.scope_id IN {VISIBLE} AND w.word >= ? AND w.word < ?
            AND LENGTH(w.word) BETWEEN ? AND ? LIMIT {_MOST_WORDS}""",
            *visible(principal),
            first,
            first + _LAST,
            len(word) - allowed,
            len(word) + allowed,
        )
        for near, count in rows:
            uses[near] += count
    if word in uses:
        return None
    measured = [
        (distance, -count, near)
        for near, count in uses.items()
        if (distance := rapidfuzz.distance.DamerauLevenshtein.distance(word, near, score_cutoff=allowed)) <= allowed
    ]
    return min(measured)[2] if measured else None


async def people(db: Database, principal: Principal, beginning: str, limit: int) -> list[str]:
    """People as shown, of whom each word typed begins a word; the most frequent first."""
    typed = words(beginning)
    if not typed:
        return []
    having = "".join(" AND (' ' || p.folded) LIKE ?" for _ in typed[:-1])
    rows = await db.scan(
        f"""SELECT MIN(p.shown), SUM(p.uses) FROM search_person_word w
        JOIN search_person p ON p.scope_id = w.scope_id AND p.folded = w.folded
        WHERE w.scope_id IN {VISIBLE} AND w.word >= ? AND w.word < ? {having}
        GROUP BY p.folded ORDER BY 2 DESC, 1 LIMIT ?""",
        *visible(principal),
        typed[-1],
        typed[-1] + _LAST,
        *(f"%{word}%" for word in typed[:-1]),
        limit,
    )
    return [row[0] for row in rows]
