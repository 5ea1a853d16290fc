"""PostgreSQL's way: tsvector with GIN for words, pgvector (when the server has it) for meaning."""

import logging
from collections.abc import Sequence

from parvis.kernel.errors import ParvisError
from parvis.search.index.best import best
from parvis.search.index.conditions import IN_SIGHT, SEEN, conditions
from parvis.search.index.engine import BODY, FORM, HEAD, LENGTH, SATURATION, Ask, PassageVector, PassageWords
from parvis.search.index.wording import Wording
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

_log = logging.getLogger(__name__)
_LAST_POSITION = 16_383
_POSITIONS = 255
_WALK = 8_000
_LARGE = 100_000


class PostgresEngine:
    """See Engine. `has_vectors` turns true when `open_vectors` finds pgvector."""

    walk = _WALK

    def __init__(self) -> None:
        self.has_vectors = False
        self._is_large = False

    async def add_words(self, unit: Unit, rows: Sequence[PassageWords]) -> None:
        """See Engine. The tsvector is written out, because PostgreSQL's parser would cut words its own way."""
        await unit.many(
            "INSERT INTO search_text (passage_id, length, words) VALUES (?, ?, CAST(CAST(? AS text) AS tsvector))",
            [(row.passage_id, len(row.head) + len(row.body) + len(row.form), _tsvector(row)) for row in rows],
        )

    async def remove(self, unit: Unit, passages: Sequence[int]) -> None:
        """See Engine."""
        await unit.run("DELETE FROM search_text WHERE passage_id = ANY(CAST(? AS bigint[]))", list(passages))
        if self.has_vectors:
            await unit.run("DELETE FROM search_vector WHERE passage_id = ANY(CAST(? AS bigint[]))", list(passages))

    async def add_vectors(self, unit: Unit, rows: Sequence[PassageVector]) -> None:
        """See Engine."""
        await unit.many(
            """INSERT INTO search_vector (passage_id, scope_id, language, exact, centred)
            SELECT id, scope_id, language, CAST(CAST(? AS text) AS halfvec), CAST(CAST(? AS text) AS halfvec)
            FROM search_passage WHERE id = ?
            ON CONFLICT (passage_id) DO UPDATE SET exact = excluded.exact, centred = excluded.centred""",
            [(_written(row.vector), _written(row.centred), row.passage_id) for row in rows],
        )

    async def frequencies(self, db: Database, terms: Sequence[str]) -> dict[str, int]:
        """See Engine. In a large store, frequent terms are known from PostgreSQL's own statistics; the others are
        counted, each by a plan of its own."""
        found: dict[str, int] = {}
        for term, count in await db.scan(_COMMON, list(terms)) if self._is_large else ():
            found[term] = count
        if rare := [term for term in terms if term not in found]:
            rows = await db.scan(f"SELECT {', '.join([_COUNT] * len(rare))}", *map(_quoted, rare))
            found.update({term: count for term, count in zip(rare, rows[0], strict=True) if count})
        return found

    async def measure(self, db: Database) -> tuple[int, float]:
        """See Engine. Beyond what fits a moment, PostgreSQL's own estimate."""
        estimate = await db.value(
            "SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = 'search_text'::regclass"
        )
        self._is_large = estimate > _LARGE
        if self._is_large:
            mean = await db.value("SELECT AVG(length) FROM search_text TABLESAMPLE SYSTEM (0.2)")
            return int(estimate), float(mean or 1)
        count, mean = await db.row("SELECT COUNT(*), AVG(length) FROM search_text") or (0, 1)
        return int(count), float(mean or 1)

    async def open_vectors(self, db: Database, dims: int) -> None:
        """See Engine. Without the extension (or the right to create it) there is no search by meaning."""
        try:
            await db.script(_VECTORS.replace("{dims}", str(dims)))
        except ParvisError:
            raise
        except Exception as fault:  # the driver's own error: extension missing, or not allowed
            _log.warning("no search by meaning: PostgreSQL has no pgvector (%s)", fault)
            return
        self.has_vectors = True

    async def empty_vectors(self, db: Database) -> None:
        """See Engine. The table goes with the size of its vectors; `open_vectors` makes it anew."""
        await db.script(
            "DROP TABLE IF EXISTS search_vector; UPDATE search_passage SET embedded = 0 WHERE embedded <> 0"
        )

    async def sample(self, db: Database, language: str, count: int) -> list[Sequence[float]]:
        """See Engine. The newest."""
        rows = await db.scan(
            """SELECT CAST(CAST(exact AS vector) AS real[]) FROM search_vector WHERE language = ?
            ORDER BY passage_id DESC LIMIT ?""",
            language,
            count,
        )
        return [row[0] for row in rows]

    def match(self, wording: Wording, skipped: frozenset[str], extra: dict[str, str], *, every: bool) -> str:
        """See Engine. PostgreSQL's tsquery; every word stands in quotes."""
        any_of = []
        for word in wording.words:
            forms = [
                form for form in (*wording.alternatives(word), extra.get(word)) if form and form not in skipped
            ]
            if forms:
                any_of.append("(" + " | ".join(_quoted(form) for form in forms) + ")")
        any_of += [f"{_quoted(beginning)}:*" for beginning in wording.beginnings]
        if not every:
            any_of += [_quoted(pair) for pair in wording.joined if pair not in skipped]
        parts = [(" & " if every else " | ").join(any_of)] if any_of else []
        parts += [_phrase(phrase) for phrase in wording.phrases]
        wanted = " & ".join(f"({part})" for part in parts)
        without = "".join(f" & !{_phrase(phrase)}" for phrase in wording.excluded)
        return wanted + without if wanted else ""

    def statement(self, ask: Ask) -> tuple[str, list[object]]:
        """See Engine."""
        limits, values = conditions(ask.filters, ask.kinds, ask.accounts)
        steps, args = [SEEN], list[object](ask.rights)
        if ask.match:
            rank = "w.time_ms" if ask.newest else f"ts_rank(t.words, {_QUERY})"
            steps.append(_WORDED.format(limits=limits, rank=rank, item=_ITEM if "i." in limits else ""))
            weights = ask.terms.weights
            args += [list(weights), list(weights.values()), ask.match, *values]
            args += [*([] if ask.newest else [ask.match]), ask.worded, ask.terms.length]
        if ask.question is not None:
            question = ask.question
            item = f"JOIN search_passage p ON p.id = x.passage_id {_ITEM}" if limits else ""
            steps.append(_NEAR.format(limits=limits, item=item))
            centred = _written(question.centred)
            for _ in range(2):
                args += [question.language, *values, centred, ask.near // 2]
            steps.append(f"{_SIDES} AS MATERIALIZED (VALUES {', '.join([_OF_SIDES] * len(question.sides))})")
            for language, side in question.sides.items():
                args += [language, _written(side.question.tolist()), _written(side.mean.tolist())]
                args += [side.shift, side.square, side.level, side.width]
        return best(ask, steps, args, _COSINE)

    def subjects(self, beginning: Sequence[str]) -> tuple[str, list[object]]:
        """See Engine."""
        query = " & ".join([*(f"{_quoted(word)}:A" for word in beginning[:-1]), f"{_quoted(beginning[-1])}:*A"])
        newest = """SELECT passage_id FROM search_text WHERE words @@ CAST(CAST(? AS text) AS tsquery)
            ORDER BY passage_id DESC LIMIT 2000"""
        return f"p.id IN ({newest})", [query]


_HALF = "CAST(CAST(? AS text) AS halfvec)"
_NUMBER = "CAST(? AS float8)"
_SIDES = "side (language, question, mean, shift, square, level, width)"
_OF_SIDES = f"(?, {_HALF}, {_HALF}, {_NUMBER}, {_NUMBER}, {_NUMBER}, {_NUMBER})"
# See `meaning.Side`: the cosine of a passage without the mean of its language.
_COSINE = "(-(x.exact <#> s.question) - s.shift) / sqrt(1 + s.square + 2 * (x.exact <#> s.mean))"
_VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS search_vector (
    passage_id BIGINT PRIMARY KEY,
    scope_id BIGINT NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    exact HALFVEC({dims}) NOT NULL,
    centred HALFVEC({dims}) NOT NULL
);
CREATE INDEX IF NOT EXISTS search_vector_by_scope ON search_vector (scope_id);
CREATE INDEX IF NOT EXISTS search_vector_near ON search_vector USING hnsw (centred halfvec_cosine_ops);
DO $$ BEGIN
    -- Filters by rights are applied while the graph is walked, and the walk goes on until there are enough.
    EXECUTE format('ALTER DATABASE %I SET hnsw.iterative_scan = relaxed_order', current_database());
    EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 200', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""
_QUERY = "CAST(CAST(? AS text) AS tsquery)"
_COUNT = f"(SELECT COUNT(*) FROM search_text WHERE words @@ {_QUERY})"
_COMMON = """SELECT e.term, CAST(e.share * c.reltuples AS bigint) FROM pg_class c
    JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = c.relname AND s.attname = 'words',
    unnest(CAST(CAST(s.most_common_elems AS text) AS text[]), s.most_common_elem_freqs) AS e(term, share)
    WHERE c.oid = 'search_text'::regclass AND e.term = ANY(CAST(? AS text[]))"""
# BM25 as FTS5 computes it, over the few hundred passages that PostgreSQL's own rank puts first.
_WORDED = f"""asked AS MATERIALIZED (
    SELECT a.term, a.weight FROM unnest(CAST(? AS text[]), CAST(? AS float8[])) AS a(term, weight)),
anywhere AS MATERIALIZED (SELECT t.passage_id FROM search_text t WHERE t.words @@ {_QUERY}),
matched AS MATERIALIZED (
    SELECT t.passage_id, t.length, t.words FROM (
        SELECT h.passage_id, p.time_ms FROM anywhere h JOIN search_passage p ON p.id = h.passage_id {{item}}
        WHERE {IN_SIGHT} {{limits}} ORDER BY h.passage_id DESC LIMIT {_WALK}) w
    JOIN search_text t ON t.passage_id = w.passage_id ORDER BY {{rank}} DESC LIMIT ?),
worded AS MATERIALIZED (
    SELECT m.passage_id AS id, COALESCE((
        SELECT SUM(a.weight * n.uses * {SATURATION + 1}
            / (n.uses + {SATURATION} * ({1 - LENGTH} + {LENGTH} * m.length / g.mean)))
        FROM unnest(m.words) u JOIN asked a ON a.term = u.lexeme CROSS JOIN LATERAL (
            SELECT CAST(SUM(CASE w WHEN 'A' THEN {HEAD} WHEN 'B' THEN {BODY} ELSE {FORM} END) AS float8) AS uses
            FROM unnest(u.weights) w) n
    ), 0) AS words FROM matched m, (SELECT CAST(? AS float8) AS mean) g)"""
_ITEM = "JOIN search_item i ON i.id = p.item_id"
_SIDE = """(SELECT x.passage_id AS id FROM search_vector x {{item}}
    WHERE x.scope_id IN (SELECT scope_id FROM seen) AND x.language {side} ?
    {{limits}} ORDER BY x.centred <=> {half} LIMIT ?)"""
_NEAR = f"""near AS MATERIALIZED (
    {_SIDE.format(side="=", half=_HALF)} UNION ALL {_SIDE.format(side="<>", half=_HALF)})"""


def _tsvector(row: PassageWords) -> str:
    """The text form of a tsvector: each word with its positions and weight."""
    places: dict[str, list[str]] = {}
    position = 0
    for found, weight in ((row.head, "A"), (row.body, "B"), (row.form, "D")):
        for word in found:
            position = min(position + 1, _LAST_POSITION)
            held = places.setdefault(word, [])
            if len(held) < _POSITIONS:
                held.append(f"{position}{weight}")
        position = min(position + 2, _LAST_POSITION)  # no phrase reaches from one part into the next
    return " ".join(f"{_quoted(word)}:{','.join(held)}" for word, held in places.items())


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "").replace("\\", "") + "'"


def _phrase(words: Sequence[str]) -> str:
    return "(" + " <-> ".join(f"{_quoted(word)}:AB" for word in words) + ")"


def _written(numbers: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.5g}" for number in numbers) + "]"
