"""What is one person's own about a node: whether it is a favourite, when they opened it, whether they want to see
it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access.principal import Principal
from parvis.files.model import KIND, Node
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Own:
    """One person's own."""

    favourite: bool = False
    opened_ms: int = 0
    subscribed: bool = True


NOTHING = Own()
_PAGE = 500


async def of(db: Any, principal: Principal, numbers: Sequence[int]) -> dict[int, Own]:
    """What a principal noted about some nodes."""
    found: dict[int, Own] = {}
    for start in range(0, len(numbers), _PAGE):
        page = numbers[start : start + _PAGE]
        for node_id, favourite, opened_ms, subscribed in await db.rows(
            f"""SELECT node_id, favourite, opened_ms, subscribed FROM file_person
            WHERE principal_id = ? AND node_id IN {marks(len(page))}""",
            principal.id,
            *page,
        ):
            found[node_id] = Own(bool(favourite), opened_ms, bool(subscribed))
    return found


async def note(unit: Unit, principal: Principal, node: Node, values: Mapping[str, Any]) -> None:
    """Sets `favourite`, `opened_ms` or `subscribed` of a node that the principal may read."""
    before = (await of(unit, principal, [node.id])).get(node.id, NOTHING)
    await unit.run(
        """INSERT INTO file_person (principal_id, node_id, account_id, favourite, opened_ms, subscribed)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (principal_id, node_id) DO UPDATE SET favourite = excluded.favourite,
        opened_ms = excluded.opened_ms, subscribed = excluded.subscribed""",
        principal.id,
        node.id,
        node.account_id,
        int(values.get("favourite", before.favourite)),
        values.get("opened_ms", before.opened_ms),
        int(values.get("subscribed", before.subscribed)),
    )
    await unit.changed(node.account_id, KIND, node.id, "updated", part=node.scope_id)
