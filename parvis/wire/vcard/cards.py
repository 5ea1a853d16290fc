"""vCards as they come and go: what must hold of one, and what is asked of it most. A card is the component VCARD of
its content lines. RFC 6350 §3, RFC 2426 §2"""

import msgspec

from parvis.wire import contentlines
from parvis.wire.contentlines import BadContent, Component, Property

VERSIONS = ("2.1", "3.0", "4.0")
_ONCE = ("VERSION", "UID", "N", "KIND")
"""At most once, alternatives of one ALTID not counted (RFC 6350 §3.3, cardinality *1). Of other such names one is
read when there are several, which is kinder than to refuse the card."""


class CardLimits(msgspec.Struct, frozen=True):
    """How large a card may be."""

    bytes: int = 2_000_000
    """Of one card, its photo as base64 included."""
    properties: int = 2_000
    value: int = 100_000
    """Characters of one value that is not a photo, logo, sound or key."""
    uid: int = 1_000


LIMITS = CardLimits()
_LARGE = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})


def read(data: bytes, limits: contentlines.Limits = contentlines.LIMITS) -> list[Component]:
    """The cards of a file in their order; one within another (RFC 2426 §3.5.4) belongs to it. Raises BadContent."""
    cards = contentlines.parse(data, limits)
    for card in cards:
        if card.name != "VCARD":
            raise BadContent(0, f"{card.name[:40]} is no vCard.")
    return cards


def read_one(data: bytes, limits: CardLimits = LIMITS, *, ended: bool = False) -> Component:
    """The only card of a resource, checked. Raises BadContent. RFC 6352 §5.1"""
    most = contentlines.Limits(bytes=limits.bytes, properties=limits.properties, components=20, ended=ended)
    cards = read(data, most)
    if len(cards) != 1:
        raise BadContent(0, f"There are {len(cards)} cards where one belongs.")
    check(cards[0], limits)
    return cards[0]


def check(card: Component, limits: CardLimits = LIMITS) -> None:
    """Raises BadContent where a card breaks what every reader relies on."""
    if version_of(card) not in VERSIONS:
        raise BadContent(0, f"VERSION {version_of(card)[:10]!r} is none of {', '.join(VERSIONS)}.")
    if len(card.properties) > limits.properties:
        raise BadContent(0, f"It has more than {limits.properties} properties.")
    if card.first("FN") is None and card.first("N") is None:
        raise BadContent(0, "It has no FN.")
    for name in _ONCE:
        found = card.every(name)
        if len(found) > 1 and len({each.param("ALTID") or str(at) for at, each in enumerate(found)}) > 1:
            raise BadContent(found[1].line, f"{name} stands there more than once.")
    if len(card.value("UID")) > limits.uid:
        raise BadContent(0, f"UID is longer than {limits.uid} characters.")
    for each in card.properties:
        if len(each.value) > limits.value and each.name not in _LARGE:
            raise BadContent(each.line, f"{each.name} is longer than {limits.value} characters.")


def write(card: Component) -> bytes:
    """A card as octets, VERSION first where it was not read so. RFC 6350 §6.7.9"""
    return contentlines.write(card)


def version_of(card: Component) -> str:
    """The version that a card says it has; one that says nothing is read as 3.0."""
    return card.value("VERSION").strip() or "3.0"


def types_of(given: Property) -> list[str]:
    """The values of TYPE in lower case, also where several stand in one pair of quotes. RFC 6350 §5.6"""
    return [piece.strip().lower() for each in given.params.get("TYPE", []) for piece in each.split(",") if piece]


def kind_of(card: Component) -> str:
    """KIND in lower case, also as Apple writes it in vCard 3.0. RFC 6350 §6.1.4"""
    return (card.value("KIND") or card.value("X-ADDRESSBOOKSERVER-KIND")).strip().lower() or "individual"


def members_of(card: Component) -> list[str]:
    """The URIs of the members of a group. RFC 6350 §6.6.5"""
    return [each.value.strip() for each in card.every("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")]
