"""DELETE, of a collection with all that is in it. RFC 4918 §9.6"""

from parvis.kernel.errors import NotFound
from parvis.serve.dav import conditions, locks
from parvis.serve.dav.ask import Ask, readable
from parvis.serve.dav.refused import Refused
from parvis.serve.http.exchange import Response
from parvis.store.unit import Unit
from parvis.wire.dav import headers


async def run(ask: Ask) -> Response:
    """The method."""
    if headers.depth(ask.header("depth"), headers.INFINITY) != headers.INFINITY:
        resource = await ask.resource()
        if resource.collection:
            raise Refused(400, "a collection is deleted with all that is in it")
    await ask.write(lambda unit: _deleted(ask, unit))
    return Response(204)


async def _deleted(ask: Ask, unit: Unit) -> None:
    resource = await ask.find(unit, ask.path)
    if resource is None:
        raise NotFound("there is nothing here")
    tree, node = resource.of_tree()
    readable(node)
    if not node.place:
        raise Refused(403, "a home cannot be deleted")
    place = conditions.spot(resource) if tree.lockable else None
    await conditions.check(ask, unit, resource, place)
    await conditions.unlocked(ask, unit, place, membership=True, subtree=node.collection)
    await tree.delete(unit, ask.who, node, reply=(ask.header("schedule-reply") or "T").strip().upper() != "F")
    if place is not None:
        await locks.forget(unit, place)
