"""PROPPATCH: all of it or nothing. RFC 4918 §9.2"""

from parvis.kernel.errors import Forbidden, Invalid, ParvisError
from parvis.serve.dav import conditions, dead, multistatus, properties
from parvis.serve.dav.ask import Ask, writable
from parvis.serve.dav.refused import Refused, condition, status_of
from parvis.serve.dav.tree import Tree
from parvis.serve.http.exchange import Response
from parvis.store.unit import Unit
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import dav

Changes = dict[str, Element | None]
_MOST = 500


def changes_of(request: Element) -> Changes:
    """What a list of DAV:set and DAV:remove asks for; the last about a property counts. RFC 4918 §14.23, §14.26"""
    found: Changes = {}
    for step in request.children:
        prop = step.first(dav("prop"))
        if step.name not in (dav("set"), dav("remove")) or prop is None:
            continue
        for each in prop.children:
            found.pop(each.name, None)
            found[each.name] = each if step.name == dav("set") else None
    if not found or len(found) > _MOST:
        raise Invalid("the body names no properties, or too many")
    return found


def fixed(tree: Tree, name: str) -> bool:
    """Whether no client may set a property."""
    return not tree.live[name] if name in tree.live else properties.protected(name)


def split(tree: Tree, changes: Changes) -> tuple[Changes, dict[str, str | None]]:
    """Those that the tree knows, and the others as they are kept: written."""
    own = {name: value for name, value in changes.items() if name in tree.live}
    kept = {
        name: None if value is None else xml.written(value) for name, value in changes.items() if name not in own
    }
    return own, kept


async def run(ask: Ask) -> Response:
    """The method."""
    request = await ask.xml()
    if request is None or request.name != dav("propertyupdate"):
        raise Invalid("the body is no propertyupdate")
    changes = changes_of(request)
    resource = await ask.resource()
    tree, _ = resource.of_tree()
    if refused := {name for name in changes if fixed(tree, name)}:
        inside = xml.empty(dav("cannot-modify-protected-property"))
        return multistatus.whole(_failed(resource.href, changes, refused, 403, inside))
    try:
        await ask.write(lambda unit: _patched(ask, unit, changes))
    except ParvisError as error:
        field = error.fields.get("field")
        guilty = {str(field)} if field in changes else (set(changes) if len(changes) == 1 else set())
        if not guilty or isinstance(error, Refused | Forbidden):  # these are about the whole request
            raise
        return multistatus.whole(_failed(resource.href, changes, guilty, _code(error), condition(error)))
    if ask.preferences.returned == "minimal":
        return Response(200)
    return multistatus.whole(multistatus.properties(resource.href, xml.empty(*changes)))


def _code(error: ParvisError) -> int:
    return 409 if status_of(error) == 400 else status_of(error)


def _failed(href: str, changes: Changes, guilty: set[str], code: int, inside: str) -> str:
    """Which property was refused; the others fail with it. RFC 4918 §9.2.1"""
    error = f"<D:error>{inside}</D:error>" if inside else ""
    parts = [
        f"<D:propstat><D:prop>{xml.empty(*sorted(guilty))}</D:prop>{multistatus.line(code)}{error}</D:propstat>"
    ]
    if others := [name for name in changes if name not in guilty]:
        parts.append(f"<D:propstat><D:prop>{xml.empty(*others)}</D:prop>{multistatus.line(424)}</D:propstat>")
    return f"<D:response>{xml.href(href)}{''.join(parts)}</D:response>"


async def _patched(ask: Ask, unit: Unit, changes: Changes) -> None:
    resource = await ask.find(unit, ask.path)
    if resource is None:
        raise Forbidden("it is gone")
    tree, node = resource.of_tree()
    place = conditions.spot(resource) if tree.lockable else None
    await conditions.check(ask, unit, resource, place)
    await conditions.unlocked(ask, unit, place)
    own, kept = split(tree, changes)
    if own:
        await tree.patch(unit, ask.who, node, own)
    if kept:
        writable(node)
        await dead.patch(unit, node.account_id, node.id, kept)
