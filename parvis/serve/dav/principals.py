"""Reports about people: who there is, whose a thing is. RFC 3744 §9, RFC 3253 §3.8"""

import re
from collections.abc import AsyncIterator, Callable, Sequence

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.kernel.later import html
from parvis.serve.dav import multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.properties import Reading, Wanted, wanted
from parvis.serve.dav.propfind import written
from parvis.serve.dav.refused import XML
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import PAGE
from parvis.serve.http.exchange import Response
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav, calendarserver, dav, split

_MOST_FOUND = 100
_OF_SEARCH = frozenset(map(dav, ("property-search", "prop", "apply-to-principal-collection-set")))
_MOST_EXPANDED = 500
_DEEPEST = 3
_HREF = re.compile(r"<D:href>([^<]*)</D:href>")
_SEARCHED: dict[str, tuple[str, Callable[[Principal], str]]] = {
    dav("displayname"): ("Name", lambda who: who.name),
    caldav("calendar-user-address-set"): ("Address", lambda who: f"mailto:{who.address}"),
    calendarserver("email-address-set"): ("Mail address", lambda who: who.address),
    caldav("calendar-user-type"): (
        "Kind",
        lambda who: {"group": "GROUP", "space": "GROUP", "resource": "RESOURCE"}.get(who.kind, "INDIVIDUAL"),
    ),
}
"""Properties that people are found by."""


async def searched(ask: Ask, request: Element, resource: Resource) -> Response:
    """principal-property-search. RFC 3744 §9.4

    python-caldav writes the properties that it wants beside an empty DAV:prop, and searches for nothing when it
    wants everybody: both are understood."""
    tests = [_test(each) for each in request.all(dav("property-search"))]
    prop = request.first(dav("prop"))
    if prop is not None and not prop.children:
        prop.children = [each for each in request.children if each.name not in _OF_SEARCH]
    joined = any if request.attributes.get("test") == "anyof" else all
    rows = await ask.store.db.scan(
        f"""SELECT {directory.COLUMNS} FROM principal p WHERE p.disabled_ms IS NULL AND p.kind <> 'external'
        ORDER BY p.name, p.id"""
    )
    everybody = map(directory.principal_of, rows)
    people = [who for who in everybody if not tests or joined(test(who) for test in tests)]
    return await _told(ask, request, [_resource(who) for who in people[:_MOST_FOUND]])


def _test(given: Element) -> Callable[[Principal], bool]:
    prop, match = given.first(dav("prop")), given.first(dav("match"))
    if prop is None or match is None or not prop.children:
        raise Invalid("a property-search has prop and match")
    values = [_SEARCHED[each.name][1] for each in prop.children if each.name in _SEARCHED]
    words = fold(match.words())
    kind = match.attributes.get("match-type", "contains")
    compare: Callable[[str], bool] = {
        "equals": lambda value: value == words,
        "starts-with": lambda value: value.startswith(words),
        "ends-with": lambda value: value.endswith(words),
    }.get(kind, lambda value: words in value)
    known = len(values) == len(prop.children)
    return lambda who: known and all(compare(fold(value(who))) for value in values)


def _resource(who: Principal) -> Resource:
    return Resource(path=("principals", ids.text(who.id)), kind="principal", who=who)


async def _told(ask: Ask, request: Element, found: Sequence[Resource]) -> Response:
    reading = Reading(ask, wanted(request))

    async def pages() -> AsyncIterator[str]:
        yield await written(ask, reading, found)

    return await multistatus.streamed(pages())


def searchable() -> Response:
    """principal-search-property-set. RFC 3744 §9.5"""
    inside = "".join(
        f"<D:principal-search-property><D:prop>{xml.empty(name)}</D:prop>"
        f'<D:description xml:lang="en">{words}</D:description></D:principal-search-property>'
        for name, (words, _) in _SEARCHED.items()
    )
    body = xml.document(dav("principal-search-property-set"), inside)
    return Response(200, body, [("content-type", XML)])


async def matched(ask: Ask, request: Element, resource: Resource) -> Response:
    """principal-match: oneself among the principals, or what is one's own in a collection. RFC 3744 §9.3"""
    if request.first(dav("self")) is not None:
        inside = resource.kind in ("root", "principals", "principal")
        return await _told(ask, request, [_resource(ask.who)] if inside else [])
    found: list[Resource] = []
    async for page in ask.trees.members(ask.store.db, ask.who, resource, PAGE):
        found += [each for each in page if each.node is None or each.node.account_id == ask.who.id]
        if len(found) >= _MOST_EXPANDED:
            break
    return await _told(ask, request, found[:_MOST_EXPANDED])


async def in_acl(ask: Ask, request: Element, resource: Resource) -> Response:
    """acl-principal-prop-set: those that DAV:acl names. RFC 3744 §9.2"""
    found = [_resource(ask.who)]
    if resource.node is not None and resource.node.account_id != ask.who.id:
        owner = await ask.find(ask.store.db, ("principals", ids.text(resource.node.account_id)))
        found = [owner, *found] if owner else found
    return await _told(ask, request, found)


async def expanded(ask: Ask, request: Element, resource: Resource) -> Response:
    """expand-property: properties of what properties point at. RFC 3253 §3.8"""
    left = [_MOST_EXPANDED]

    async def pages() -> AsyncIterator[str]:
        yield await _expanded(ask, request, resource, left, 0)

    return await multistatus.streamed(pages())


async def _expanded(ask: Ask, request: Element, resource: Resource, left: list[int], depth: int) -> str:
    asked = {_name(each): each for each in request.all(dav("property"))}
    reading = Reading(ask, Wanted(tuple(asked)))
    found, missing = "", list[str]()
    for name, body in (await reading.of(ask.store.db, resource)).items():
        below = asked[name] if asked[name].children and depth < _DEEPEST else None
        if body is None:
            missing.append(name)
        else:
            found += body if below is None else await _replaced(ask, below, name, body, left, depth)
    return multistatus.properties(resource.href, found, xml.empty(*missing))


async def _replaced(ask: Ask, request: Element, name: str, body: str, left: list[int], depth: int) -> str:
    """A property with what each of its hrefs leads to in the place of the href."""
    inside = ""
    for href in map(html.unescape, _HREF.findall(body)):
        left[0] -= 1
        path = ask.local(href) if left[0] >= 0 and href.startswith("/") else None
        target = await ask.find(ask.store.db, path) if path is not None else None
        if target is not None:
            inside += await _expanded(ask, request, target, left, depth + 1)
        else:
            inside += multistatus.status(href, 404) if href.startswith("/") else xml.href(href)
    return xml.wrapped(name, inside)


def _name(given: Element) -> str:
    space, local = given.attributes.get("namespace", "DAV:"), given.attributes.get("name", "")
    if not local or split(local) != ("", local):
        raise Invalid("a property has a name")
    return f"{{{space}}}{local}"
