"""COPY and MOVE, each in one transaction; who may do what follows from where the thing comes to. RFC 4918 §9.8,
§9.9, RFC 3744 §7.3, §7.4"""

from dataclasses import dataclass

from parvis.kernel.errors import NotFound
from parvis.serve.dav import conditions, locks
from parvis.serve.dav.ask import Ask, readable
from parvis.serve.dav.joined import Joined
from parvis.serve.dav.put import parent_of
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.resource import Path, Resource
from parvis.serve.dav.tree import unmounted
from parvis.serve.http.exchange import Response
from parvis.store.unit import Unit
from parvis.wire.dav import headers


@dataclass(frozen=True, slots=True)
class _Way:
    """From where to where, as it is inside of the unit."""

    source: Resource
    parent: Resource
    name: str
    replaced: Resource | None


async def copy(ask: Ask) -> Response:
    """COPY."""
    depth = headers.depth(ask.header("depth"), headers.INFINITY)
    if depth == 1:
        raise Refused(400, "a collection is copied alone or with all that is in it")
    deep = depth == headers.INFINITY
    destination = ask.destination()
    replaced = await ask.write(lambda unit: _copied(ask, unit, destination, deep=deep))
    return _answer(ask, destination, replaced)


async def move(ask: Ask) -> Response:
    """MOVE."""
    if headers.depth(ask.header("depth"), headers.INFINITY) != headers.INFINITY:
        resource = await ask.resource()
        if resource.collection:
            raise Refused(400, "a collection is moved with all that is in it")
    destination = ask.destination()
    replaced = await ask.write(lambda unit: _moved(ask, unit, destination))
    return _answer(ask, destination, replaced)


def _answer(ask: Ask, destination: Path, replaced: bool) -> Response:
    """RFC 4918 §9.8.5"""
    if replaced:
        return Response(204)
    return Response(201, b"", [("location", ask.base.href(destination))])


async def _way(ask: Ask, unit: Unit, destination: Path) -> _Way:
    """Finds both ends and refuses what cannot be."""
    source = await ask.find(unit, ask.path)
    if source is None:
        raise NotFound("there is nothing here")
    tree, node = source.of_tree()
    readable(node)
    if not node.place:
        raise Refused(403, "a home stays where it is")
    parent = await parent_of(ask, unit, destination)
    into, around = parent.of_tree()
    if into is not tree and (same := await _same(ask, unit, source, parent)) is not None:
        parent, (into, around) = same, same.of_tree()
    replaced = await ask.find(unit, destination)
    if into is not tree or (replaced is not None and replaced.tree is not tree):
        raise Refused(403, "this cannot be kept there")
    if around.shape == "home" and unmounted(destination[-1]) is not None:
        raise Refused(403, "names of this form are for what others share")
    inside = around.place[: len(node.place)] == node.place and around.account_id == node.account_id
    if inside or (replaced is not None and replaced.node is not None and replaced.node.id == node.id):
        raise Refused(403, "a thing cannot be put into itself, nor where it is")
    if replaced is not None and not headers.overwrite(ask.header("overwrite")):
        raise Refused(412, "something is there already")
    return _Way(source, parent, destination[-1], replaced)


async def _same(ask: Ask, unit: Unit, source: Resource, parent: Resource) -> Resource | None:
    """The collection as the tree of the source sees it, where several trees share one."""
    tree, _ = source.of_tree()
    _, around = parent.of_tree()
    if tree.home != parent.path[0] or isinstance(tree, Joined):
        return None
    node = await tree.find(unit, ask.who, around.account_id, around.place)
    return Resource(path=parent.path, kind="node", node=node, tree=tree) if node else None


async def _free(ask: Ask, unit: Unit, way: _Way) -> None:
    """Conditions of the request, and locks at the destination."""
    lockable = way.parent.of_tree()[0].lockable
    await conditions.check(ask, unit, way.source, conditions.spot(way.source) if lockable else None)
    if lockable:
        place = conditions.below(way.parent, way.name)
        subtree = way.replaced is not None and way.replaced.collection
        await conditions.unlocked(ask, unit, place, membership=True, subtree=subtree)
        if way.replaced is not None:
            await locks.forget(unit, place)


async def _copied(ask: Ask, unit: Unit, destination: Path, *, deep: bool) -> bool:
    way = await _way(ask, unit, destination)
    await _free(ask, unit, way)
    tree, node = way.source.of_tree()
    _, around = way.parent.of_tree()
    old = way.replaced.node if way.replaced else None
    await tree.copy(unit, ask.who, node, around, way.name, old, deep=deep)
    return way.replaced is not None


async def _moved(ask: Ask, unit: Unit, destination: Path) -> bool:
    way = await _way(ask, unit, destination)
    tree, node = way.source.of_tree()
    _, around = way.parent.of_tree()
    place = conditions.spot(way.source) if tree.lockable else None
    await conditions.unlocked(ask, unit, place, membership=True, subtree=node.collection)
    await _free(ask, unit, way)
    await tree.move(unit, ask.who, node, around, way.name, way.replaced.node if way.replaced else None)
    if place is not None:  # locks stay with the path, so they end. RFC 4918 §9.9
        await locks.forget(unit, place)
    return way.replaced is not None
