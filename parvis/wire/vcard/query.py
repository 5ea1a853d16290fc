"""What a client of CardDAV asks of cards: filters that match them and the properties it wants of them.
RFC 6352 §8.6, §10.4, §10.5

The elements of XML become these records where DAV is spoken; nothing here reads XML."""

import unicodedata
from typing import Literal

import msgspec

from parvis.kernel.errors import Invalid
from parvis.wire.contentlines import Component, Property, unescape
from parvis.wire.mime.normal import nfc

Match = Literal["equals", "contains", "starts-with", "ends-with"]
COLLATIONS = frozenset({"i;ascii-casemap", "i;unicode-casemap", "i;octet"})
"""RFC 6352 §8.3, and `i;octet` of RFC 4790 §9.3."""


class TextMatch(msgspec.Struct, frozen=True):
    """CARDDAV:text-match. RFC 6352 §10.5.4"""

    text: str
    match: Match = "contains"
    collation: str = "i;unicode-casemap"
    negate: bool = False


class ParamFilter(msgspec.Struct, frozen=True):
    """CARDDAV:param-filter. RFC 6352 §10.5.2"""

    name: str
    defined: bool = True
    """False is CARDDAV:is-not-defined."""
    text: TextMatch | None = None


class PropFilter(msgspec.Struct, frozen=True):
    """CARDDAV:prop-filter. RFC 6352 §10.5.1"""

    name: str
    """It may have a group before it, as `X.EMAIL`."""
    defined: bool = True
    texts: tuple[TextMatch, ...] = ()
    params: tuple[ParamFilter, ...] = ()
    every: bool = False
    """`test="allof"`: all of the conditions, else any of them."""


class Filter(msgspec.Struct, frozen=True):
    """CARDDAV:filter; one without conditions matches every card. RFC 6352 §10.5"""

    props: tuple[PropFilter, ...] = ()
    every: bool = False


class Wanted(msgspec.Struct, frozen=True):
    """A CARDDAV:prop of CARDDAV:address-data. RFC 6352 §10.4.2"""

    name: str
    no_value: bool = False


def matches(card: Component, asked: Filter) -> bool:
    """Whether a card is one that is looked for. Raises UnknownCollation."""
    if not asked.props:
        return True
    found = (_matches_property(card, each) for each in asked.props)
    return all(found) if asked.every else any(found)


class UnknownCollation(Invalid):
    """CARDDAV:supported-collation is not met. RFC 6352 §8.3"""


def select(card: Component, wanted: tuple[Wanted, ...]) -> Component:
    """A card with the properties that are wanted, and those without which it is none. RFC 6352 §10.4.2"""
    if not wanted:
        return card
    asked = {each.name.upper(): each.no_value for each in wanted}
    properties = []
    for each in card.properties:
        name = _name_asked(each, asked)
        if name is None:
            continue
        properties.append(Property(each.name, "", each.params, each.group) if asked.get(name) else each)
    return Component(card.name, properties)


def _name_asked(given: Property, asked: dict[str, bool]) -> str | None:
    """By what name a property was asked for. VERSION, UID, FN and N belong to every card."""
    grouped = f"{given.group}.{given.name}".upper() if given.group else given.name
    if grouped in asked:
        return grouped
    return given.name if given.name in asked or given.name in ("VERSION", "UID", "FN", "N") else None


def _matches_property(card: Component, asked: PropFilter) -> bool:
    group, _, name = asked.name.upper().rpartition(".")
    found = [each for each in card.properties if each.name == name and (not group or each.group.upper() == group)]
    if not asked.defined:
        return not found
    conditions = len(asked.texts) + len(asked.params)
    if not conditions:
        return bool(found)
    combine = all if asked.every else any
    return any(
        combine(
            [
                *(matches_text(_plain(each), text) for text in asked.texts),
                *(_matches_param(each, param) for param in asked.params),
            ]
        )
        for each in found
    )


def _plain(given: Property) -> str:
    """The value without escapes; a structured one keeps the signs between its components."""
    return unescape(given.value)


def _matches_param(given: Property, asked: ParamFilter) -> bool:
    values = given.params.get(asked.name.upper())
    if not asked.defined:
        return values is None
    if values is None:
        return False
    text = asked.text
    if text is None:
        return True
    found = any(matches_text(value, msgspec.structs.replace(text, negate=False)) for value in values)
    return found != text.negate


def matches_text(value: str, asked: TextMatch) -> bool:
    """Whether a value matches. RFC 6352 §10.5.4"""
    has, wants = folded(value, asked.collation), folded(asked.text, asked.collation)
    found = {
        "equals": has == wants,
        "contains": wants in has,
        "starts-with": has.startswith(wants),
        "ends-with": has.endswith(wants),
    }[asked.match]
    return found != asked.negate


def folded(text: str, collation: str) -> str:
    """A text so that equal ones are equal under the collation. RFC 4790 §9, RFC 5051"""
    name = "i;unicode-casemap" if collation in ("", "default") else collation
    if name not in COLLATIONS:
        raise UnknownCollation(f"The collation {collation[:40]!r} is not known.", collation=collation)
    if name == "i;octet":
        return text
    if name == "i;ascii-casemap":
        return "".join(chr(ord(each) - 32) if "a" <= each <= "z" else each for each in text)
    # RFC 5051 takes the title case of each character; folded cases are equal for more that people take as equal
    return "".join(unicodedata.normalize("NFKD", each) for each in nfc(text.casefold()))
