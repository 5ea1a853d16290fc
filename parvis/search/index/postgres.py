"""PostgreSQL's way: tsvector with GIN for words, pgvector (when the server has it) for meaning."""

import logging
from collections.abc import Sequence

from parvis.kernel.errors import ParvisError
from parvis.search.index.best import best
from parvis.search.index.conditions import SEEN, conditions
from parvis.search.index.engine import BODY, FORM, HEAD, LENGTH, SATURATION, Ask, PassageVector, PassageWords
from parvis.search.index.wording import Wording
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

_log = logging.getLogger(__name__)
_LAST_POSITION = 16_383
_POSITIONS = 255
_WALK = 8_000
_LARGE = _WALK
_OPENED = 4_000
"""So many passages, of those walked over, have their words opened; half of it when more terms than these tell them
apart already."""
_ALIKE = 2
_COMPARED = 100_000
"""Who sees no more passages than these may have the codes of all compared."""
_WORTH = 30_000
"""To compare n of m passages costs as n, to walk the graph as this times m / n."""


class PostgresEngine:
    """See Engine. `has_vectors` turns true when `open_vectors` finds pgvector."""

    walk = _WALK

    def __init__(self) -> None:
        self.has_vectors = False
        self._is_large = False

    async def add_words(self, unit: Unit, rows: Sequence[PassageWords]) -> None:
        """See Engine. The tsvector is written out, because PostgreSQL's parser would cut words its own way."""
        await unit.many(
            """INSERT INTO search_text (passage_id, scope_id, time_ms, length, words)
            SELECT id, scope_id, time_ms, CAST(? AS bigint), CAST(CAST(? AS text) AS tsvector)
            FROM search_passage WHERE id = ?""",
            [(len(row.head) + len(row.body) + len(row.form), _tsvector(row), row.passage_id) for row in rows],
        )

    async def remove(self, unit: Unit, passages: Sequence[int]) -> None:
        """See Engine."""
        await unit.run("DELETE FROM search_text WHERE passage_id = ANY(CAST(? AS bigint[]))", list(passages))
        if self.has_vectors:
            await unit.run("DELETE FROM search_vector WHERE passage_id = ANY(CAST(? AS bigint[]))", list(passages))

    async def add_vectors(self, unit: Unit, rows: Sequence[PassageVector]) -> None:
        """See Engine."""
        await unit.many(
            f"""INSERT INTO search_vector (passage_id, scope_id, language, code, exact)
            SELECT id, scope_id, language, {_CODE}, {_HALF} FROM search_passage WHERE id = ?
            ON CONFLICT (passage_id) DO UPDATE SET code = excluded.code, exact = excluded.exact""",
            [(_bits(row.code), _written(row.vector), row.passage_id) for row in rows],
        )

    async def frequencies(self, db: Database, terms: Sequence[str]) -> dict[str, int]:
        """See Engine. In a large store, frequent terms are known from PostgreSQL's own statistics; the others are
        counted, up to the walk."""
        found: dict[str, int] = dict(await db.scan(_COMMON, list(terms)) if self._is_large else ())
        if rare := [term for term in terms if term not in found]:
            counts = await db.scan(_COUNTS, [_quoted(term) for term in rare])
            found.update({term: count for term, (count,) in zip(rare, counts, strict=True) if count})
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
            await db.script(_VECTORS.format(dims=dims, bits=-(-dims // 64) * 64))
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
            worded, its = _worded(ask, limits, values)
            steps += worded
            args += its
        if ask.question is not None:
            question, half = ask.question, ask.near // 2
            item = f"JOIN search_passage p ON p.id = x.passage_id {_ITEM}" if limits else ""
            steps.append(_NEAR.format(limits=limits, item=item))
            code = _bits(question.code)
            args += [code, question.language, *values, half] * 2 + [question.language, *values, code, half] * 2
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
_CODE = "CAST(CAST(? AS text) AS bit varying)"
_VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS search_vector (
    passage_id BIGINT PRIMARY KEY,
    scope_id BIGINT NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    code BIT({bits}) NOT NULL,
    exact HALFVEC({dims}) NOT NULL
);
CREATE INDEX IF NOT EXISTS search_vector_by_scope ON search_vector (scope_id, language) INCLUDE (passage_id, code);
CREATE INDEX IF NOT EXISTS search_vector_near ON search_vector USING hnsw (code bit_hamming_ops);
DO $$ BEGIN
    -- Filters by rights are applied while the graph is walked, and the walk goes on until there are enough.
    EXECUTE format('ALTER DATABASE %I SET hnsw.iterative_scan = relaxed_order', current_database());
    EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 200', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""
_QUERY = "CAST(CAST(? AS text) AS tsquery)"
_COUNTS = f"""SELECT (SELECT COUNT(*) FROM (
    SELECT 1 FROM search_text t WHERE t.words @@ CAST(a.term AS tsquery) LIMIT {_WALK}) n)
    FROM unnest(CAST(? AS text[])) WITH ORDINALITY AS a(term, place) ORDER BY a.place"""
_COMMON = """SELECT e.term, CAST(e.share * c.reltuples AS bigint) FROM pg_class c
    JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = c.relname AND s.attname = 'words',
    unnest(CAST(CAST(s.most_common_elems AS text) AS text[]), s.most_common_elem_freqs) AS e(term, share)
    WHERE c.oid = 'search_text'::regclass AND e.term = ANY(CAST(? AS text[]))"""
# A query that comes out of a table is not known while the statement is planned. For one that is, and that many
# passages answer, PostgreSQL would read the words of all of them, not knowing what it costs to open each.
_WANTED = f"""asked AS MATERIALIZED (
    SELECT a.term, a.weight, CAST(a.query AS tsquery) AS query
    FROM unnest(CAST(? AS text[]), CAST(? AS float8[]), CAST(? AS text[])) AS a(term, weight, query)),
wanted AS MATERIALIZED (SELECT {_QUERY} AS query)"""
_HELD = """SELECT t.passage_id, t.time_ms, t.length FROM search_text t {joined}
    WHERE t.words @@ w.query AND t.scope_id IN (SELECT scope_id FROM seen) {limits}"""
# With `+ 0` no plan walks over the newest passages one by one to see whether they have the words.
_WALKED = f"""walked AS MATERIALIZED (SELECT h.* FROM wanted w CROSS JOIN LATERAL (
    {_HELD} ORDER BY t.passage_id + 0 DESC LIMIT {_WALK}) h)"""
# Era after era, from the newest, until there are enough.
_ERAS_WALKED = f"""walked AS MATERIALIZED (SELECT h.* FROM wanted w
    CROSS JOIN (SELECT generate_series((SELECT MAX(passage_id) >> 14 FROM search_text), 0, -1) AS number) era
    CROSS JOIN LATERAL (
        {_HELD} AND ARRAY[t.passage_id >> 14] @> ARRAY[era.number] ORDER BY t.passage_id + 0 DESC LIMIT {_OPENED}) h
    LIMIT {_OPENED})"""
# What the terms of each passage are worth together, known from the index alone.
_GAINED = """gained AS (SELECT w.passage_id, w.length, COUNT(h.weight) AS terms, COALESCE(SUM(h.weight), 0) AS gain
    FROM walked w LEFT JOIN (SELECT t.passage_id, a.weight FROM asked a CROSS JOIN LATERAL (
        SELECT t.passage_id FROM search_text t WHERE t.words @@ a.query OFFSET 0) t) h
    ON h.passage_id = w.passage_id GROUP BY w.passage_id, w.length)"""
_GAINED_ALIKE = "gained AS (SELECT w.passage_id, w.length, 1 AS terms, 1 AS gain FROM walked w)"
_SIZE = f"({1 - LENGTH} + {LENGTH} * t.length / g.mean)"
# Of those that gain most, the best by what is nearly BM25: PostgreSQL's rank of a term is 0.61 when it is there
# once, and rises to 1 as BM25 rises from 1 to 2.2. A form counts 0.88 there to count FORM here; no weight may be
# less than that of a later place, else the rank of both together is more than 1.
_BEST = f"""best AS MATERIALIZED (SELECT t.passage_id
    FROM (SELECT * FROM gained ORDER BY gain DESC, passage_id DESC LIMIT ?) w
    JOIN search_text t ON t.passage_id = w.passage_id
    CROSS JOIN (SELECT CAST(? AS float8) AS mean, {_QUERY} AS query, CAST(? AS float8) AS terms) g
    ORDER BY w.gain / (1 + {SATURATION} * {_SIZE}) * (
        ts_rank('{{0.88, 1, 1, 1}}', t.words, g.query) * g.terms / GREATEST(w.terms, 1) - 0.23
    ) DESC, t.passage_id DESC LIMIT ?)"""
_NEWEST = "best AS MATERIALIZED (SELECT passage_id FROM walked ORDER BY time_ms DESC LIMIT ?)"
# BM25 as FTS5 computes it.
_WORDED = f"""worded AS MATERIALIZED (
    SELECT t.passage_id AS id, COALESCE((
        SELECT SUM(a.weight * n.uses * {SATURATION + 1} / (n.uses + {SATURATION} * {_SIZE}))
        FROM unnest(t.words) u JOIN asked a ON a.term = u.lexeme CROSS JOIN LATERAL (
            SELECT CAST(SUM(CASE w WHEN 'A' THEN {HEAD} WHEN 'B' THEN {BODY} ELSE {FORM} END) AS float8) AS uses
            FROM unnest(u.weights) w) n
    ), 0) AS words
    FROM best b JOIN search_text t ON t.passage_id = b.passage_id, (SELECT CAST(? AS float8) AS mean) g)"""
_ITEM = "JOIN search_item i ON i.id = p.item_id"
# Who sees few has all of them compared; else the graph is walked, the longer the fewer of what there is are seen.
# How many are seen is known from PostgreSQL's own statistics: of frequent scopes each, of the others on average.
_FEW = f"""frequent AS MATERIALIZED (
    SELECT u.* FROM pg_stats t, unnest(CAST(CAST(t.most_common_vals AS text) AS bigint[]), t.most_common_freqs)
        AS u(scope_id, share)
    WHERE t.schemaname = current_schema() AND t.tablename = 'search_vector' AND t.attname = 'scope_id'),
rare AS MATERIALIZED (
    SELECT GREATEST(c.reltuples, 0) AS known, GREATEST(0, 1 - f.shares) / GREATEST(1, CASE
        WHEN t.n_distinct < 0 THEN -t.n_distinct * c.reltuples ELSE t.n_distinct END - f.scopes) AS share
    FROM (SELECT COALESCE(SUM(share), 0) AS shares, COUNT(*) AS scopes FROM frequent) f, pg_class c
    JOIN pg_stats t ON t.schemaname = current_schema() AND t.tablename = c.relname AND t.attname = 'scope_id'
    WHERE c.oid = 'search_vector'::regclass),
few AS MATERIALIZED (SELECT n.seen <= {_COMPARED} AND n.seen * n.seen <= {_WORTH} * n.known AS are_few FROM (
    SELECT r.known, r.known * SUM(COALESCE(f.share, r.share)) AS seen
    FROM rare r CROSS JOIN seen s LEFT JOIN frequent f ON f.scope_id = s.scope_id GROUP BY r.known) n)"""
_COMPARE = f"""(SELECT h.id FROM seen s CROSS JOIN LATERAL (
        SELECT x.passage_id AS id, x.code <~> {_CODE} AS distance FROM search_vector x {{item}}
        WHERE x.scope_id = s.scope_id AND x.language {{side}} ? {{limits}} OFFSET 0) h
    WHERE COALESCE((SELECT are_few FROM few), TRUE) ORDER BY h.distance LIMIT ?)"""
_GRAPH = f"""(SELECT x.passage_id AS id FROM search_vector x {{item}}
    WHERE NOT COALESCE((SELECT are_few FROM few), TRUE) AND (x.scope_id IN (SELECT scope_id FROM seen)) IS TRUE
    AND x.language {{side}} ? {{limits}} ORDER BY x.code <~> {_CODE} LIMIT ?)"""
_WAYS = [way.replace("{side}", side) for way in (_COMPARE, _GRAPH) for side in ("=", "<>")]
_NEAR = f"{_FEW}, near AS MATERIALIZED ({' UNION ALL '.join(_WAYS)})"


def _worded(ask: Ask, limits: str, values: Sequence[object]) -> tuple[list[str], list[object]]:
    """The steps from `seen` to `worded`, with their arguments: who has the words, newest first when they are too
    many; what their terms are worth; of those worth most, the best."""
    terms, is_deep = ask.terms, ask.terms.walked > _WALK
    queries = [None if term in terms.skipped else _quoted(term) for term in terms.weights]
    walked = [query for query in queries if query]
    limits = limits.replace("p.time_ms", "t.time_ms")
    joined = "JOIN search_passage p ON p.id = t.passage_id " if "p." in limits or "i." in limits else ""
    joined += _ITEM if "i." in limits else ""
    steps = [_WANTED, (_ERAS_WALKED if is_deep else _WALKED).format(joined=joined, limits=limits)]
    args: list[object] = [list(terms.weights), list(terms.weights.values()), queries, ask.match, *values]
    if ask.newest:
        steps += [_NEWEST, _WORDED]
    else:
        steps += [_GAINED_ALIKE if is_deep else _GAINED, _BEST, _WORDED]
        opened = _OPENED if len(walked) <= _ALIKE else _OPENED // 2
        args += [opened, terms.length, " | ".join(walked), len(walked)]
    return steps, [*args, ask.worded, terms.length]


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


def _bits(code: bytes) -> str:
    """A code as PostgreSQL reads it."""
    return f"{int.from_bytes(code):0{len(code) * 8}b}"


def _written(numbers: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.5g}" for number in numbers) + "]"
