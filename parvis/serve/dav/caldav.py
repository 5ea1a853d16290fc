"""The reports of CalDAV: calendar-query, calendar-multiget, free-busy-query. RFC 4791 §7"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from parvis.access import directory
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid
from parvis.serve.dav import multiget, multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.candidates import candidates, inside, looked_at
from parvis.serve.dav.properties import Added, Reading, wanted
from parvis.serve.dav.propfind import written
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node, Nodes, Precondition, Search
from parvis.serve.http.exchange import Response
from parvis.wire.contentlines import BadContent
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav, dav
from parvis.wire.ical import calendar, freebusy, query, subset
from parvis.wire.ical.calendar import series_of
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.moments import Zones
from parvis.wire.ical.query import BadFilter, CompFilter
from parvis.wire.ical.span import Span
from parvis.wire.ical.span import read as read_span
from parvis.wire.ical.zones import MAX_MS, MIN_MS, UTC, Zone, zone

DATA = caldav("calendar-data")
_MOST_BUSY = 20_000
"""Objects that one free-busy looks at."""
_SURE_UID = 16
"""A UID of so many characters is in no other UID."""


async def multigot(ask: Ask, request: Element, resource: Resource) -> Response:
    """calendar-multiget. RFC 4791 §7.9"""
    reading = Reading(ask, wanted(request), _data(request, UTC))
    return await multistatus.streamed(multiget.pages(ask, reading, multiget.hrefs(request)))


def _data(request: Element, floating: Zone) -> Added:
    """Gives calendar-data as it was asked for: whole as it is kept, or a part of it. RFC 4791 §9.6"""
    prop = request.first(dav("prop"))
    given = prop.first(DATA) if prop is not None else None
    if given is None:
        return lambda _: {}
    try:
        asked = subset.parse(given)
    except BadCalendar as error:
        raise Precondition(caldav("supported-calendar-data"), error.sentence) from error
    whole = asked == subset.Wanted()

    def added(resource: Resource) -> Mapping[str, str]:
        content = resource.node.content if resource.node else None
        if content is None:
            return {}
        try:
            shown = content if whole else calendar.write(subset.subset(calendar.read(content), asked, floating))
        except (BadCalendar, BadContent):
            return {}
        return {DATA: xml.wrapped(DATA, xml.text(shown.decode("utf-8", "replace")))}

    return added


async def queried(ask: Ask, request: Element, resource: Resource) -> Response:
    """calendar-query. RFC 4791 §7.8"""
    if resource.node is None or resource.node.shape not in ("home", "calendar", "inbox", "outbox", "resource"):
        raise Precondition(dav("supported-report"), "this is no calendar")
    given = request.first(caldav("filter"))
    if given is None:
        raise Precondition(caldav("valid-filter"), "the report has no filter")
    try:
        condition = query.parse(given)
    except BadFilter as error:
        raise Precondition(caldav(error.condition), error.sentence) from error
    floating = await _floating(ask, request, resource)
    reading = Reading(ask, wanted(request), _data(request, floating))
    return await multistatus.streamed(_matching(ask, reading, resource, condition, floating))


async def _matching(
    ask: Ask, reading: Reading, resource: Resource, condition: CompFilter, floating: Zone
) -> AsyncIterator[str]:
    said = searched_wholly(condition)
    async for page in looked_at(ask, resource, search_of(condition)):
        nodes = {each.node.id: each for each in page if each.node}
        found = [each.node for each in page if each.node]
        if not said or not all(node.sure for node in found):
            found = await asyncio.to_thread(_matched, found, condition, floating)
        yield await written(ask, reading, [nodes[node.id] for node in found])


def _matched(nodes: Sequence[Node], condition: CompFilter, floating: Zone) -> list[Node]:
    """Off the loop: rules that recur may take their time."""
    return [node for node in nodes if _matches(node.content or b"", condition, floating)]


def _matches(content: bytes, condition: CompFilter, floating: Zone) -> bool:
    try:
        return query.matches(calendar.read(content), condition, floating)
    except (BadCalendar, BadContent):
        return False


def searched_wholly(condition: CompFilter) -> bool:
    """Whether a filter says no more than a Search can: a kind of component and a window, as most programs ask."""
    if condition.props or condition.span is not None or len(condition.comps) != 1:
        return False
    (inner,) = condition.comps
    return not (inner.absent or inner.props or inner.comps)


def search_of(condition: CompFilter) -> Search:
    """What an index can use of a filter."""
    kinds, span = query.window(condition)
    inner = [each for each in condition.comps if not each.absent]
    text: dict[str, str] = {}
    uid = ""
    for prop in (prop for comp in inner for prop in comp.props):
        match = prop.text
        if prop.absent or match is None or match.negate or not match.text:
            continue
        if prop.name == "UID" and (match.match == "equals" or len(match.text) >= _SURE_UID):
            uid = match.text
        else:
            text.setdefault(prop.name, match.text)
    return Search(
        component=kinds.copy().pop() if kinds and len(kinds) == 1 else "",
        start_ms=span.start_ms if span and span.start_ms > MIN_MS else None,
        end_ms=span.end_ms if span and span.end_ms < MAX_MS else None,
        uid=uid,
        text=text,
    )


async def _floating(ask: Ask, request: Element, resource: Resource) -> Zone:
    """The zone of days and floating times: the query's, else the calendar's. RFC 4791 §7.3, RFC 7809 §5.2"""
    if (name := request.first(caldav("timezone-id"))) is not None:
        found = zone(name.words())
        if found is None:
            raise Precondition(caldav("valid-timezone"), "this zone is not known")
        return found
    if (given := request.first(caldav("timezone"))) is not None:
        return _zone_of(given.text, strict=True)
    tree, node = resource.of_tree()
    if node.shape not in ("calendar", "inbox"):
        return UTC
    name_of_zone = caldav("calendar-timezone")
    if name_of_zone not in tree.live:
        return UTC
    values = await tree.properties(ask.store.db, ask.who, Nodes([node]), frozenset({name_of_zone}))
    (kept,) = values.get(name_of_zone, (None,))
    return _zone_of(kept, strict=False) if isinstance(kept, str) and kept.strip() else UTC


def _zone_of(text: str, *, strict: bool) -> Zone:
    """The zone of an iCalendar object with one VTIMEZONE. RFC 4791 §9.8"""
    try:
        read = calendar.read(text.strip().encode())
        names = [each.value("TZID") for each in read.components if each.name == "VTIMEZONE"]
        found = Zones(read).of(names[0]) if names else None
    except (BadCalendar, BadContent):
        found = None
    if found is None and strict:
        raise Precondition(caldav("valid-calendar-data"), "the time zone is none")
    return found or UTC


async def free_busy(ask: Ask, request: Element, resource: Resource) -> Response:
    """free-busy-query: for who may read, or see when somebody is busy. RFC 4791 §7.10"""
    if resource.node is None or resource.node.shape not in ("home", "calendar"):
        raise Precondition(dav("supported-report"), "this is no calendar")
    if not resource.node.access.rights & (Right.READ | Right.FREE_BUSY):
        raise Forbidden("this needs the right to see when somebody is busy")
    span = _span(request)
    addresses = await directory.addresses(ask.store.db, resource.node.account_id)
    mine = frozenset(f"mailto:{each.lower()}" for each in addresses)
    found: list[freebusy.Busy] = []
    budget, seen = Budget(), 0
    async for each in _calendars(ask, resource):
        floating = await _floating(ask, request, each)
        async for page in candidates(ask, each, Search(start_ms=span.start_ms, end_ms=span.end_ms)):
            seen += len(page)
            if seen > _MOST_BUSY:
                raise Precondition(dav("number-of-matches-within-limits"), "there is too much in this time")
            found += await asyncio.to_thread(_busy, page, span, floating, mine, budget)
    made = freebusy.component(found, span, clock.now_ms(), ids.text(ids.new_id()))
    body = calendar.write(calendar.new([made]))
    return Response(200, body, [("content-type", "text/calendar; charset=utf-8"), ("cache-control", "no-store")])


async def _calendars(ask: Ask, resource: Resource) -> AsyncIterator[Resource]:
    """The calendars that a free-busy is about: this one, or those of a home."""
    if resource.node is not None and resource.node.shape == "calendar":
        yield resource
        return
    async for each in inside(ask, resource):
        if each.node is not None and each.node.account_id == ask.who.id:
            yield each


def _span(request: Element) -> Span:
    given = request.first(caldav("time-range"))
    if given is None:
        raise Invalid("the report has no time-range")
    return read_span(given.attributes.get("start", ""), given.attributes.get("end", ""), both=True)


def _busy(
    nodes: Sequence[Node], span: Span, floating: Zone, mine: frozenset[str], budget: Budget
) -> list[freebusy.Busy]:
    found: list[freebusy.Busy] = []
    for node in nodes:
        try:
            for series in series_of(calendar.read(node.content or b"")).values():
                found += freebusy.busy(series, span, floating, mine, budget=budget)
        except (BadCalendar, BadContent):
            continue
    return found
