"""Are the trees whole? Counts, links, parts and what an account weighs, computed anew without the statements that
keep them. Reads only."""

from collections import defaultdict

from parvis.store.check import Fault
from parvis.store.sql.contract import Database

_SECONDS = 600.0
_RULES = (
    (
        "tree",
        "node {0} lies in folder {1}, which is not there",
        """SELECT n.id, n.parent_id FROM file_node n LEFT JOIN file_node f ON f.id = n.parent_id
        AND f.account_id = n.account_id AND f.folder = 1 WHERE n.parent_id <> 0 AND f.id IS NULL""",
    ),
    (
        "part",
        "node {0} is in part {1}, and nothing says why",
        """SELECT n.id, n.scope_id FROM file_node n LEFT JOIN file_node f ON f.id = n.parent_id
        LEFT JOIN file_part p ON p.node_id = n.id LEFT JOIN file_account a ON a.account_id = n.account_id
        WHERE n.scope_id <> COALESCE(p.scope_id, f.scope_id, a.root_scope, 0)""",
    ),
    (
        "link",
        "the bytes {1} of node {0} are kept by nothing",
        """SELECT n.id, n.hash FROM file_node n WHERE n.folder = 0 AND NOT EXISTS (SELECT 1 FROM blob_link b
        WHERE b.hash = n.hash AND b.account_id = n.account_id AND b.object_id = n.id)""",
    ),
    (
        "link",
        "the bytes {1} of version {0} are kept by nothing",
        """SELECT v.id, v.hash FROM file_version v WHERE NOT EXISTS (SELECT 1 FROM blob_link b
        WHERE b.hash = v.hash AND b.account_id = v.account_id AND b.object_id = v.node_id)""",
    ),
    (
        "weight",
        "account {0} weighs {2}, and is said to weigh {1}",
        """SELECT a.account_id, a.used_bytes, COALESCE(n.size, 0) + COALESCE(v.size, 0) FROM file_account a
        LEFT JOIN (SELECT account_id, SUM(size) AS size FROM file_node GROUP BY account_id) n
        ON n.account_id = a.account_id
        LEFT JOIN (SELECT account_id, SUM(size) AS size FROM file_version GROUP BY account_id) v
        ON v.account_id = a.account_id WHERE a.used_bytes <> COALESCE(n.size, 0) + COALESCE(v.size, 0)""",
    ),
    (
        "about",
        "{0} {1} is about a node that is gone",
        """SELECT 'comment', c.id FROM file_comment c WHERE NOT EXISTS
        (SELECT 1 FROM file_node n WHERE n.id = c.node_id)
        UNION ALL SELECT 'link', l.id FROM file_link l WHERE NOT EXISTS
        (SELECT 1 FROM file_node n WHERE n.id = l.node_id)
        UNION ALL SELECT 'trash', t.node_id FROM file_trash t WHERE NOT EXISTS
        (SELECT 1 FROM file_node n WHERE n.id = t.node_id)""",
    ),
)


async def check(db: Database) -> list[Fault]:
    """All faults found."""
    faults = [
        Fault(code, sentence.format(*row))
        for code, sentence, sql in _RULES
        for row in await db.scan(sql, seconds=_SECONDS)
    ]
    return faults + await _counts(db)


async def _counts(db: Database) -> list[Fault]:
    """What each folder holds, by walking."""
    rows = await db.scan(
        """SELECT id, parent_id, folder, size, tree_bytes, tree_nodes, modseq, tree_modseq FROM file_node""",
        seconds=_SECONDS,
    )
    around = {row[0]: row[1] for row in rows}
    held: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    newest: dict[int, int] = defaultdict(int)
    for number, _, _, size, _, _, modseq, _ in rows:
        above, seen = around[number], {number}
        while above and above not in seen:
            held[above][0] += size
            held[above][1] += 1
            newest[above] = max(newest[above], modseq)
            seen.add(above)
            above = around.get(above, 0)
    faults = [
        Fault("count", f"folder {number} holds {held[number]}, and is said to hold {[octets, nodes]}")
        for number, _, folder, _, octets, nodes, _, _ in rows
        if folder and [octets, nodes] != held[number]
    ]
    return faults + [
        Fault("count", f"folder {number} does not know of change {newest[number]} below it")
        for number, _, folder, _, _, _, modseq, known in rows
        if folder and known < max(modseq, newest[number])
    ]
