"""Making, changing and ending links: whoever may share a node may give links to it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.files import service
from parvis.files.links import store
from parvis.files.links.store import KIND, Link
from parvis.files.model import SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, OverQuota
from parvis.store.unit import Unit

MODES = ("view", "download", "upload")
MOST = 1000
"""Links of one account."""
_TEXT = 2000
_TOKEN_BYTES = 24


async def add(unit: Unit, principal: Principal, account_id: int, node_id: int, values: Mapping[str, Any]) -> Link:
    """Makes a link to a node; `values` may set what a Link has. Raises NotFound, Forbidden, Invalid, OverQuota."""
    node = await service.find(unit, principal, account_id, node_id, Right.SHARE)
    if node.role == "trash":
        raise Invalid("the trash is not shared", field="nodeId")
    if await unit.value("SELECT COUNT(*) FROM file_link WHERE account_id = ?", account_id) >= MOST:
        raise OverQuota(f"at most {MOST} links")
    link = Link(
        ids.new_id(), account_id, node_id, ids.token(_TOKEN_BYTES), "download", "", "", "", "", None, 0, 0, False,
        principal.id, clock.now_ms(),
    )  # fmt: skip
    link = replace(link, **values)
    _check(link, folder=node.folder)
    if link.expires_ms is not None and link.expires_ms <= clock.now_ms():
        raise Invalid("that is over already", field="expires")
    await store.add(unit, link)
    await unit.changed(account_id, KIND, link.id, "created", part=node.scope_id)
    return link


def _check(link: Link, *, folder: bool) -> None:
    if link.mode not in MODES:
        raise Invalid("no such mode", field="mode")
    if link.mode == "upload" and not folder:
        raise Invalid("files are put into a folder", field="mode")
    if link.most < 0:
        raise Invalid("a number of uses is not below 0", field="maxUses")
    if len(link.name) > _TEXT or len(link.message) > _TEXT:
        raise Invalid(f"at most {_TEXT} characters", field="message")


async def find(unit: Any, principal: Principal, account_id: int, link_id: int) -> tuple[Link, int]:
    """A link that a principal may change, and the part its node is in. Raises NotFound, Forbidden."""
    found = await store.several(unit, account_id, [link_id])
    if not found:
        raise NotFound("no such link")
    node = await service.find(unit, principal, account_id, found[0].node_id, Right.SHARE)
    return found[0], node.scope_id


async def change(
    unit: Unit, principal: Principal, account_id: int, link_id: int, values: Mapping[str, Any]
) -> None:
    """Changes a link; a time that is past ends it. Raises NotFound, Forbidden, Invalid."""
    link, part = await find(unit, principal, account_id, link_id)
    node = await service.find(unit, principal, account_id, link.node_id)
    fresh = replace(link, **values)
    _check(fresh, folder=node.folder)
    await store.save(unit, fresh)
    await unit.changed(account_id, KIND, link_id, "updated", part=part)


async def remove(unit: Unit, principal: Principal, account_id: int, link_id: int) -> None:
    """Ends a link: gone with the next request. Raises NotFound, Forbidden."""
    _, part = await find(unit, principal, account_id, link_id)
    await store.drop(unit, link_id)
    await unit.changed(account_id, KIND, link_id, "destroyed", part=part)
    await unit.left(account_id, KIND, link_id, part)


async def visible(db: Any, principal: Principal, links: list[Link]) -> list[Link]:
    """Those of some links of one account that a principal may see: who may share the node."""
    if not links:
        return []
    rows = await db.rows(
        f"SELECT id, scope_id FROM file_node WHERE id IN ({','.join('?' * len(links))})",
        *(link.node_id for link in links),
    )
    scopes = {row[0]: row[1] for row in rows}
    allowed = await parts.several(db, principal, SCOPE, sorted(set(scopes.values())), Right.SHARE)
    return [link for link in links if scopes.get(link.node_id) in allowed]
