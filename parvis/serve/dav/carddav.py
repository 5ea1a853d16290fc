"""The reports of CardDAV: addressbook-query and addressbook-multiget. RFC 6352 §8"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence

from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.dav import multiget, multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.candidates import looked_at
from parvis.serve.dav.properties import Added, Reading, wanted
from parvis.serve.dav.propfind import written
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node, Precondition, Search
from parvis.serve.http.exchange import Response
from parvis.wire import vcard
from parvis.wire.contentlines import BadContent
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import carddav, dav
from parvis.wire.vcard import query
from parvis.wire.vcard.query import Filter, Match, ParamFilter, PropFilter, TextMatch, Wanted

DATA = carddav("address-data")
_MOST_CONDITIONS = 100
_MOST = 10_000
_MOST_SEARCHES = 8
_VERSION = re.compile(rb"^VERSION:(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_MATCHES: Mapping[str, Match] = {
    "equals": "equals",
    "contains": "contains",
    "starts-with": "starts-with",
    "ends-with": "ends-with",
}


async def multigot(ask: Ask, request: Element, resource: Resource) -> Response:
    """addressbook-multiget. RFC 6352 §8.7"""
    reading = Reading(ask, wanted(request), _data(request))
    return await multistatus.streamed(multiget.pages(ask, reading, multiget.hrefs(request)))


def _data(request: Element) -> Added:
    """Gives address-data as it was asked for: in a version, which is 3.0 for who names none (Apple's programs read
    no other), whole or some of it. RFC 6352 §10.4"""
    prop = request.first(dav("prop"))
    given = prop.first(DATA) if prop is not None else None
    if given is None:
        return lambda _: {}
    version, media_type = given.attributes.get("version", "3.0"), given.attributes.get("content-type", "text/vcard")
    if media_type.lower() != "text/vcard" or version not in ("3.0", "4.0"):
        raise Precondition(carddav("supported-address-data"), "cards are vCard 3.0 or 4.0")
    some = tuple(
        Wanted(each.attributes.get("name", ""), each.attributes.get("novalue") == "yes")
        for each in given.all(carddav("prop"))
    )

    def added(resource: Resource) -> Mapping[str, str]:
        content = resource.node.content if resource.node else None
        if content is None:
            return {}
        shown = _shown(content, version, some) if some or not _is(content, version) else content
        return {DATA: xml.wrapped(DATA, xml.text(shown.decode("utf-8", "replace")))}

    return added


def _is(content: bytes, version: str) -> bool:
    found = _VERSION.search(content)
    return found is not None and found[1].decode("ascii", "replace") == version


def _shown(content: bytes, version: str, some: tuple[Wanted, ...]) -> bytes:
    """A card in a version, with some of its properties. One that cannot be read stays as it is."""
    try:
        card = vcard.read_one(content)
    except (BadContent, Invalid, TooLarge):
        return content
    converted = vcard.to_version(card, version)
    return content if converted is card and not some else vcard.write(query.select(converted, some))


async def queried(ask: Ask, request: Element, resource: Resource) -> Response:
    """addressbook-query. RFC 6352 §8.6"""
    if resource.node is None or resource.node.shape not in ("home", "addressbook", "resource"):
        raise Precondition(dav("supported-report"), "this is no address book")
    given = request.first(carddav("filter"))
    if given is None:
        raise Precondition(carddav("valid-filter"), "the report has no filter")
    asked = filter_of(given)
    reading = Reading(ask, wanted(request), _data(request))
    return await multistatus.streamed(_matching(ask, reading, resource, asked, _limit(request)))


def _limit(request: Element) -> int:
    """RFC 6352 §8.6.1, §10.6"""
    limit = request.first(carddav("limit"))
    number = limit.first(carddav("nresults")) if limit is not None else None
    words = number.words() if number is not None else str(_MOST)
    if not words.isdecimal():
        raise Invalid("nresults is a number")
    return min(int(words[:9]), _MOST)


async def _matching(ask: Ask, reading: Reading, resource: Resource, asked: Filter, most: int) -> AsyncIterator[str]:
    left, told = most, set[int]()
    for search in searches_of(asked):
        async for page in looked_at(ask, resource, search):
            fresh = {each.node.id: each for each in page if each.node and each.node.id not in told}
            found = await asyncio.to_thread(_matched, [each.node for each in fresh.values() if each.node], asked)
            told.update(node.id for node in found)
            yield await written(ask, reading, [fresh[node.id] for node in found[:left]])
            left -= len(found)
            if left < 0:
                error = xml.empty(dav("number-of-matches-within-limits"))
                yield multistatus.status(resource.href, 507, error)
                return


def _matched(nodes: Sequence[Node], asked: Filter) -> list[Node]:
    return [node for node in nodes if _matches(node.content or b"", asked)]


def _matches(content: bytes, asked: Filter) -> bool:
    try:
        return query.matches(vcard.read_one(content), asked)
    except (BadContent, Invalid, TooLarge):
        return False


def searches_of(asked: Filter) -> list[Search]:
    """What an index can use of a filter: a card that matches is found by one of these."""
    hints: list[Search] = []
    for prop in asked.props:
        texts = [each for each in prop.texts if not each.negate and each.text]
        if prop.defined and texts and (prop.every or len(prop.texts) + len(prop.params) == 1):
            hints.append(_hint(prop, texts[0]))
        elif not asked.every:
            return [Search()]  # any of the conditions is enough, and an index does not know this one
    if asked.every:
        return hints[:1] or [Search()]
    return hints if 0 < len(hints) <= _MOST_SEARCHES else [Search()]


def _hint(prop: PropFilter, text: TextMatch) -> Search:
    name = prop.name.upper().rpartition(".")[2]
    return Search(uid=text.text) if name == "UID" and text.match == "equals" else Search(text={name: text.text})


def filter_of(given: Element) -> Filter:
    """A CARDDAV:filter. Raises a Precondition. RFC 6352 §10.5"""
    props = tuple(_prop(each) for each in given.all(carddav("prop-filter")))
    if len(props) + sum(len(each.texts) + len(each.params) for each in props) > _MOST_CONDITIONS:
        raise Precondition(carddav("supported-filter"), f"a filter has at most {_MOST_CONDITIONS} conditions")
    return Filter(props, _all_of(given))


def _all_of(given: Element) -> bool:
    test = given.attributes.get("test", "anyof")
    if test not in ("anyof", "allof"):
        raise Precondition(carddav("valid-filter"), "test is anyof or allof")
    return test == "allof"


def _prop(given: Element) -> PropFilter:
    defined = given.first(carddav("is-not-defined")) is None
    if not defined and len(given.children) > 1:
        raise Precondition(carddav("valid-filter"), "is-not-defined stands alone")
    return PropFilter(
        _name(given),
        defined,
        tuple(_text(each) for each in given.all(carddav("text-match"))),
        tuple(_param(each) for each in given.all(carddav("param-filter"))),
        _all_of(given),
    )


def _param(given: Element) -> ParamFilter:
    text = given.first(carddav("text-match"))
    defined = given.first(carddav("is-not-defined")) is None
    return ParamFilter(_name(given), defined, _text(text) if text is not None else None)


def _name(given: Element) -> str:
    name = given.attributes.get("name", "").strip()
    if not name:
        raise Precondition(carddav("valid-filter"), "a filter needs a name")
    return name


def _text(given: Element) -> TextMatch:
    """RFC 6352 §10.5.4"""
    attributes = given.attributes
    collation = attributes.get("collation", "i;unicode-casemap")
    if collation not in query.COLLATIONS and collation != "default":
        raise Precondition(carddav("supported-collation"), "this collation is not known")
    match = _MATCHES.get(attributes.get("match-type", "contains"))
    if match is None or attributes.get("negate-condition", "no") not in ("yes", "no"):
        raise Precondition(carddav("valid-filter"), "this text-match is none")
    return TextMatch(given.text, match, collation, attributes.get("negate-condition") == "yes")
