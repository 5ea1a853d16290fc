"""SQLite's way: FTS5 for words, codes in memory and bytes on disk for vectors."""

from collections.abc import Sequence

import msgspec

from parvis.search.index.best import best
from parvis.search.index.codes import Codes
from parvis.search.index.conditions import FIRST_MS, IN_SIGHT, LAST_MS, SEEN, conditions
from parvis.search.index.engine import BODY, FORM, HEAD, Ask, PassageVector, PassageWords
from parvis.search.index.meaning import unpacked
from parvis.search.index.wording import Wording
from parvis.store.sql.contract import Database, marks
from parvis.store.unit import Unit

_PAGE = 50_000
_WALK = 10_000
_LEFT_OF_NEAREST = 8
_NEWEST, _FEW_TIMES = 20_000, 10
_ENOUGH = 50
"""A term that often among the newest is known well enough."""


class SqliteEngine:
    """See Engine. `codes` is shared with the functions registered on each connection."""

    has_vectors = True
    walk = _WALK

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    async def add_words(self, unit: Unit, rows: Sequence[PassageWords]) -> None:
        """See Engine."""
        await unit.many(
            "INSERT INTO search_text (rowid, head, body, form) VALUES (?, ?, ?, ?)",
            [(row.passage_id, " ".join(row.head), " ".join(row.body), " ".join(row.form)) for row in rows],
        )

    async def remove(self, unit: Unit, passages: Sequence[int]) -> None:
        """See Engine."""
        keys = [(passage,) for passage in passages]
        await unit.many("DELETE FROM search_text WHERE rowid = ?", keys)
        await unit.many("DELETE FROM search_vector WHERE passage_id = ?", keys)
        self.codes.drop(passages)

    async def add_vectors(self, unit: Unit, rows: Sequence[PassageVector]) -> None:
        """See Engine. The codes in memory follow after the commit: see `catch_up`."""
        await unit.many(
            """INSERT OR REPLACE INTO search_vector (passage_id, code, exact)
            SELECT id, ?, ? FROM search_passage WHERE id = ?""",
            [(row.code, row.exact, row.passage_id) for row in rows],
        )

    async def catch_up(self, db: Database, passages: Sequence[int] | None = None) -> None:
        """Reads codes from the database into memory: those of `passages`, or all."""
        which = f"AND v.passage_id IN {marks(len(passages))}" if passages is not None else "AND v.passage_id > ?"
        last = 0
        while True:
            rows = await db.scan(
                f"""SELECT v.passage_id, p.scope_id, p.time_ms, p.language, v.code FROM search_vector v
                JOIN search_passage p ON p.id = v.passage_id WHERE 1 = 1 {which}
                ORDER BY v.passage_id LIMIT {_PAGE}""",
                *(passages if passages is not None else [last]),
                seconds=60.0,
            )
            self.codes.add(rows)
            if passages is not None or len(rows) < _PAGE:
                return
            last = rows[-1][0]

    async def frequencies(self, db: Database, terms: Sequence[str]) -> dict[str, int]:
        """See Engine. FTS5 counts a term by walking over all its passages: in a large store, frequent terms are
        counted among the newest passages alone."""
        found: dict[str, int] = {}
        size = int(await db.value("SELECT MAX(id) FROM search_passage") or 0)
        if size > _FEW_TIMES * _NEWEST:
            rows = await db.scan(_AMONG_NEWEST, size - _NEWEST, msgspec.json.encode(list(terms)).decode())
            found = {term: count * size // _NEWEST for term, count in rows if count >= _ENOUGH}
        if rare := [term for term in terms if term not in found]:
            sql = f"SELECT term, doc FROM search_vocabulary WHERE term IN {marks(len(rare))}"
            for term, count in await db.scan(sql, *rare):
                found[term] = count
        return found

    async def measure(self, db: Database) -> tuple[int, float]:
        """See Engine. FTS5 knows the mean length itself."""
        count = await db.value("SELECT MAX(id) FROM search_passage")
        return int(count or 0), 1.0

    async def open_vectors(self, db: Database, dims: int) -> None:
        """See Engine. The table is there; memory is filled from it."""
        self.codes.clear()
        await self.catch_up(db)

    async def empty_vectors(self, db: Database) -> None:
        """See Engine."""
        await db.script("DELETE FROM search_vector; UPDATE search_passage SET embedded = 0 WHERE embedded <> 0")
        self.codes.clear()

    async def sample(self, db: Database, language: str, count: int) -> list[Sequence[float]]:
        """See Engine. The newest."""
        rows = await db.scan(
            """SELECT v.exact FROM search_passage p JOIN search_vector v ON v.passage_id = p.id
            WHERE p.language = ? ORDER BY p.id DESC LIMIT ?""",
            language,
            count,
        )
        return [unpacked(row[0]).tolist() for row in rows]

    def match(self, wording: Wording, skipped: frozenset[str], extra: dict[str, str], *, every: bool) -> str:
        """See Engine. FTS5's query language (sqlite.org/fts5.html §3); every word stands in quotes."""
        any_of = []
        for word in wording.words:
            forms = [form for form in (*wording.alternatives(word), *_just(extra.get(word))) if form not in skipped]
            if forms:
                any_of.append("(" + " OR ".join(_quoted(form) for form in forms) + ")")
        any_of += [f"{_quoted(beginning)} *" for beginning in wording.beginnings]
        if not every:
            any_of += [_quoted(pair) for pair in wording.joined if pair not in skipped]
        parts = [(" AND " if every else " OR ").join(any_of)] if any_of else []
        parts += [f"{{head body}} : {_quoted(' '.join(phrase))}" for phrase in wording.phrases]
        wanted = " AND ".join(f"({part})" for part in parts)
        without = " OR ".join(_quoted(" ".join(phrase)) for phrase in wording.excluded)
        return f"({wanted}) NOT ({without})" if wanted and without else wanted

    def statement(self, ask: Ask) -> tuple[str, list[object]]:
        """See Engine."""
        limits, values = conditions(ask.filters, ask.kinds, ask.accounts)
        steps, args = [SEEN], list[object](ask.rights)
        if ask.match:
            item = "JOIN search_item i ON i.id = p.item_id" if "i." in limits else ""
            steps.append(
                _WORDED.format(limits=limits, item=item, order="p.time_ms DESC" if ask.newest else "words DESC")
            )
            args += [ask.match, *values, ask.worded]
        if ask.question is not None:
            question = ask.question
            after = ask.filters.after_ms if ask.filters.after_ms is not None else FIRST_MS
            before = ask.filters.before_ms if ask.filters.before_ms is not None else LAST_MS
            steps.append(_NEAR.format(limits=limits))
            more = _LEFT_OF_NEAREST if values else 1
            args += [question.code, question.language, after, before, ask.near * more, *values, ask.near]
            steps.append(f"{_SIDES} AS (VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?)'] * len(question.sides))})")
            for language, side in question.sides.items():
                args += [language, side.question.tobytes(), side.mean.tobytes()]
                args += [side.shift, side.square, side.level, side.width]
        return best(ask, steps, args, "closeness(x.exact, s.question, s.mean, s.shift, s.square)")

    def subjects(self, beginning: Sequence[str]) -> tuple[str, list[object]]:
        """See Engine."""
        whole = [_quoted(word) for word in beginning[:-1]]
        match = " AND ".join(f"head : {term}" for term in [*whole, f"{_quoted(beginning[-1])} *"])
        newest = "SELECT rowid FROM search_text WHERE search_text MATCH ? ORDER BY rowid DESC LIMIT 2000"
        return f"p.id IN ({newest})", [match]


_AMONG_NEWEST = """SELECT t.value, (SELECT COUNT(*) FROM search_text
    WHERE search_text MATCH '"' || t.value || '"' AND rowid > ?) FROM json_each(?) t"""
_WORDED = f"""worded AS MATERIALIZED (SELECT id, words FROM (
    SELECT f.rowid AS id, -bm25(search_text, {HEAD}, {BODY}, {FORM}) AS words, p.time_ms
    FROM search_text f JOIN search_passage p ON p.id = f.rowid {{item}}
    WHERE search_text MATCH ? AND {IN_SIGHT} {{limits}}
    ORDER BY f.rowid DESC LIMIT {_WALK}) p ORDER BY {{order}} LIMIT ?)"""
_SIDES = "side (language, question, mean, shift, square, level, width)"
_NEAR = f"""near AS MATERIALIZED (
    SELECT p.id FROM json_each(nearest(?, ?, (SELECT json_group_array(scope_id) FROM seen), ?, ?, ?)) j
    JOIN search_passage p ON p.id = j.value JOIN search_item i ON i.id = p.item_id
    WHERE {IN_SIGHT} {{limits}} ORDER BY j.key LIMIT ?)"""


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "") + '"'


def _just(word: str | None) -> list[str]:
    return [word] if word else []
