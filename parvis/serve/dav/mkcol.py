"""MKCOL, extended and not, and MKCALENDAR. RFC 4918 §9.3, RFC 5689 §4, RFC 4791 §5.3.1, RFC 6352 §6.3.1"""

from collections.abc import Mapping, Sequence

from parvis.kernel.errors import Invalid, ParvisError
from parvis.serve.dav import conditions, dead, multistatus, proppatch
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.get import ALLOWED
from parvis.serve.dav.joined import Joined, Side
from parvis.serve.dav.put import parent_of
from parvis.serve.dav.refused import XML, Refused, condition, status_of
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node, Precondition, Reader, Shape, Tree, unmounted
from parvis.serve.http.exchange import Response
from parvis.store.unit import Unit
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav, carddav, dav

_SHAPES: Mapping[str, Shape] = {caldav("calendar"): "calendar", carddav("addressbook"): "addressbook"}
_TYPE = dav("resourcetype")


async def run(ask: Ask) -> Response:
    """MKCOL."""
    if ask.request.headers.get("content-length", "0") != "0" and not _xml(ask):
        raise Refused(415, "the body of MKCOL is XML")
    request = await ask.xml()
    if request is None:
        return await _made(ask, dav("mkcol-response"), "folder", {})
    if request.name != dav("mkcol"):
        raise Refused(415, "the body is no mkcol")
    properties = _set(request)
    return await _made(ask, dav("mkcol-response"), _shape(properties.pop(_TYPE, None)), properties)


async def calendar(ask: Ask) -> Response:
    """MKCALENDAR."""
    request = await ask.xml()
    if request is not None and request.name != caldav("mkcalendar"):
        raise Refused(415, "the body is no mkcalendar")
    properties = _set(request) if request else {}
    properties.pop(_TYPE, None)
    return await _made(ask, caldav("mkcalendar-response"), "calendar", properties)


def _xml(ask: Ask) -> bool:
    media_type = (ask.header("content-type") or "application/xml").partition(";")[0].strip().lower()
    return media_type in ("application/xml", "text/xml")


def _set(request: Element) -> dict[str, Element]:
    if not any(prop.children for step in request.children for prop in step.all(dav("prop"))):
        return {}
    found = proppatch.changes_of(request)
    if any(value is None for value in found.values()):
        raise Invalid("a new collection has nothing to remove")
    return {name: value for name, value in found.items() if value is not None}


def _shape(given: Element | None) -> Shape:
    """RFC 5689 §3, RFC 4918 §14.3: DAV:collection must be among the types."""
    names = {child.name for child in given.children} if given else {dav("collection")}
    others = names - {dav("collection")}
    if dav("collection") not in names or len(others) > 1 or others - _SHAPES.keys():
        raise Precondition(dav("valid-resourcetype"), "there are no collections of this type")
    return _SHAPES[others.pop()] if others else "folder"


async def _made(ask: Ask, root: str, shape: Shape, properties: dict[str, Element]) -> Response:
    try:
        told = await ask.write(lambda unit: _make(ask, unit, shape, properties))
    except ParvisError as error:
        field = str(error.fields.get("field"))
        if field not in properties:
            raise
        return _refused(root, field, properties, error)
    return Response(201, b"", [("cache-control", "no-store"), *told])


def _refused(root: str, guilty: str, properties: Mapping[str, Element], error: ParvisError) -> Response:
    """Which property was in the way. RFC 5689 §3, RFC 4791 §5.3.1"""
    code = 409 if status_of(error) == 400 else status_of(error)
    inside = f"<D:error>{condition(error)}</D:error>" if condition(error) else ""
    body = f"<D:propstat><D:prop>{xml.empty(guilty)}</D:prop>{multistatus.line(code)}{inside}</D:propstat>"
    if others := [name for name in properties if name != guilty]:
        body += f"<D:propstat><D:prop>{xml.empty(*others)}</D:prop>{multistatus.line(424)}</D:propstat>"
    return Response(
        424 if root == dav("mkcol-response") else 207, xml.document(root, body), [("content-type", XML)]
    )


async def _make(ask: Ask, unit: Unit, shape: Shape, properties: Mapping[str, Element]) -> Sequence[tuple[str, str]]:
    if await ask.find(unit, ask.path) is not None:
        raise _taken(shape)
    parent = await parent_of(ask, unit, ask.path)
    tree, around = await _tree(ask, unit, parent, shape, properties)
    name = ask.path[-1]
    if around.shape == "home" and unmounted(name) is not None:
        raise Refused(403, "names of this form are for what others share")
    if refused := next((each for each in properties if proppatch.fixed(tree, each)), None):
        error = Precondition(dav("cannot-modify-protected-property"))
        error.fields["field"] = refused
        raise error
    place = conditions.below(parent, name) if tree.lockable else None
    await conditions.check(ask, unit, None, place)
    await conditions.unlocked(ask, unit, place, membership=True)
    own, kept = proppatch.split(tree, dict(properties))
    given = {each: value for each, value in own.items() if value is not None}
    number = await tree.make(unit, ask.who, around, name, shape, given)
    if kept:
        await dead.patch(unit, around.account_id, number, kept)
    return tree.headers(number)


def _taken(shape: Shape) -> ParvisError:
    if shape == "folder":
        return Refused(405, "something is there already", allow=ALLOWED)
    return Precondition(dav("resource-must-be-null"), "something is there already")


async def _tree(
    ask: Ask, db: Reader, parent: Resource, shape: Shape, properties: Mapping[str, Element]
) -> tuple[Tree, Node]:
    """The tree that makes it, with its own view of the collection around it. Calendars and address books are in
    homes, never in one another. RFC 4791 §4.2, RFC 6352 §5.2"""
    tree, around = parent.of_tree()
    if around.shape != "home" and tree.depth == "one":
        raise Precondition(caldav("calendar-collection-location-ok"), "collections are made in the home only")
    found: list[Side] = []
    for each in ask.trees.of(parent.path[0]) if around.shape == "home" else (tree,):
        if each.makes(shape, properties) and (each.joins or not found):
            node = around if each is tree else await each.find(db, ask.who, around.account_id, around.place)
            found += [(each, node)] if node is not None else []
    if not found:
        raise Precondition(dav("valid-resourcetype"), "there are no collections of this type here")
    if len(found) == 1:
        return found[0]
    joined = Joined(found[0], found[1])
    return joined, joined.node
