"""The second half of the one statement, the same on both databases: from candidates by words and by meaning to
the best passages. Only of those are titles and texts read, each of which costs a large store a visit to the disk.

Words count as the share of what could be had: the BM25 score over that of a text that holds every term of the
search many times. A name that stands in a text of another language so counts as the small share it is. Meaning
counts in standard deviations (`meaning.Side`). `WORDS` was chosen by `bench/retrieval.py` on one half of its
questions.
"""

from collections.abc import Sequence

from parvis.search.index.conditions import COLUMNS, IN_SIGHT
from parvis.search.index.engine import SATURATION, Ask

WORDS = 5.0
"""So many standard deviations is a text worth that has every word."""
NEAR_ENOUGH = 1.0
"""A passage with none of the words must be this near in meaning to be a hit at all."""
_ANY = 1 << 30


def best(ask: Ask, steps: Sequence[str], args: list[object], cosine: str) -> tuple[str, list[object]]:
    """The whole statement: rows of COLUMNS, share of the words, deviations and score, best first.

    `steps` are common tables with their `args`: `seen`, and `worded` (id, words) when words were asked for, `near`
    (id) and `side` when a question was. `cosine` is the product of `x.exact` with `s`, a row of `side`."""
    meant = ask.question is not None
    found = ["SELECT id, words FROM worded"] if ask.match else []
    found += ["SELECT id, CAST(NULL AS float8) AS words FROM near"] if meant else []
    near = f"({cosine} - s.level) / s.width" if meant else "CAST(NULL AS float8)"
    order = "r.time_ms DESC" if ask.newest else "r.score DESC, r.id DESC"
    most = sum(ask.terms.weights.values()) * (SATURATION + 1)
    return (
        f"""WITH {", ".join(steps)}, found AS MATERIALIZED (
            SELECT u.id, p.item_id, p.time_ms, CASE WHEN u.words > m.most THEN 1 WHEN u.words < 0 THEN 0
                ELSE u.words / m.most END AS share, {near} AS near
            FROM (SELECT id, MAX(words) AS words FROM ({" UNION ALL ".join(found)}) n GROUP BY id) u
            JOIN search_passage p ON p.id = u.id {_SIDES if meant else ""}
            CROSS JOIN (SELECT CAST(? AS float8) AS most) m
            WHERE {IN_SIGHT}),
        scored AS (
            SELECT f.*, {WORDS} * COALESCE(f.share, 0) + COALESCE(f.near, 0) AS score FROM found f
            WHERE f.share IS NOT NULL OR f.near >= {NEAR_ENOUGH}),
        placed AS (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY r.item_id ORDER BY {order}) AS place FROM scored r)
        SELECT {COLUMNS}, r.share, r.near, r.score
        FROM (SELECT r.* FROM placed r WHERE r.place <= ? ORDER BY {order} LIMIT ?) r
        JOIN search_passage p ON p.id = r.id JOIN search_item i ON i.id = r.item_id
        JOIN search_content c ON c.passage_id = r.id ORDER BY {order}""",
        [*args, most if most > 0 else float(_ANY), ask.per_object or _ANY, ask.shown],
    )


_SIDES = "LEFT JOIN search_vector x ON x.passage_id = p.id LEFT JOIN side s ON s.language = p.language"
