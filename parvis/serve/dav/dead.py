"""Dead properties: what clients set and we keep without knowing what it means. RFC 4918 §4.3

Kept by the node's id. A room calls `forget` when nodes are gone, `copy` when it has copied them and `give` when it
has moved them to another account, each in the unit of the change."""

from collections.abc import Iterator, Mapping, Sequence

from parvis.kernel.errors import TooLarge
from parvis.serve.dav.tree import Reader
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

MOST_OF_NODE = 200
LARGEST = 64_000
"""Bytes of one property's XML."""
_PAGE = 400


def _pages(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[place : place + _PAGE] for place in range(0, len(numbers), _PAGE))


async def of(db: Reader, node_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """The dead properties of a page of nodes: by id and name, the XML of the whole element."""
    found: dict[int, dict[str, str]] = {}
    for page in _pages(node_ids):
        rows = await db.rows(
            f"SELECT node_id, name, body FROM dead_property WHERE node_id IN {marks(len(page))}", *page
        )
        for node_id, name, body in rows:
            found.setdefault(node_id, {})[name] = body
    return found


async def patch(unit: Unit, account_id: int, node_id: int, changes: Mapping[str, str | None]) -> None:
    """Sets properties, or removes them (None). Raises TooLarge."""
    for name, body in changes.items():
        if body is None:
            await unit.run("DELETE FROM dead_property WHERE node_id = ? AND name = ?", node_id, name)
            continue
        if len(body.encode()) > LARGEST:
            raise TooLarge("the property is too large", limit=LARGEST)
        await unit.run(
            """INSERT INTO dead_property (node_id, name, account_id, body) VALUES (?, ?, ?, ?)
            ON CONFLICT (node_id, name) DO UPDATE SET body = excluded.body""",
            node_id,
            name,
            account_id,
            body,
        )
    if await unit.value("SELECT COUNT(*) FROM dead_property WHERE node_id = ?", node_id) > MOST_OF_NODE:
        raise TooLarge("there are too many properties", limit=MOST_OF_NODE)


async def forget(unit: Unit, node_ids: Sequence[int]) -> None:
    """Removes those of nodes that are gone."""
    for page in _pages(node_ids):
        await unit.run(f"DELETE FROM dead_property WHERE node_id IN {marks(len(page))}", *page)


async def copy(unit: Unit, account_id: int, pairs: Sequence[tuple[int, int]]) -> None:
    """Gives copies what their originals have; `pairs` are (original, copy), the copies in `account_id`."""
    copies = dict(pairs)
    rows = [
        (copies[node_id], name, account_id, body)
        for node_id, of_node in (await of(unit, list(copies))).items()
        for name, body in of_node.items()
    ]
    if rows:
        await unit.many("INSERT INTO dead_property (node_id, name, account_id, body) VALUES (?, ?, ?, ?)", rows)


async def give(unit: Unit, account_id: int, node_ids: Sequence[int]) -> None:
    """Says that nodes are another account's now."""
    for page in _pages(node_ids):
        await unit.run(
            f"UPDATE dead_property SET account_id = ? WHERE node_id IN {marks(len(page))}", account_id, *page
        )
