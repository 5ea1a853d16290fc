"""A vCard after its card of JSContact was changed: what did not change keeps its octets."""

from collections import defaultdict

from parvis.wire import contentlines, vcard
from parvis.wire.contentlines import Component, Property

from .patch import Json
from .reading import from_vcard
from .writing import to_vcard

_TOGETHER = (
    ("ADR", "GEO", "TZ", "LABEL"),
    ("BDAY", "BIRTHPLACE"),
    ("DEATHDATE", "DEATHPLACE"),
    ("N", "SORT-STRING"),
)
"""Names whose properties are one object in JSContact."""


def merge(original: Component, card: Json) -> Component:
    """The original with what the card says differently, in the version of the original. Properties of a name change
    together, with all that share a group or an object with them; the others stay as they came."""
    version = vcard.version_of(original)
    version = version if version in ("3.0", "4.0") else "3.0"
    kept = vcard.to_version(original, version)
    before = to_vcard(from_vcard(original), version)
    after = to_vcard(card, version)
    changed = _changed(kept, before, after)
    result: list[Property] = []
    fresh = _by_name([each for each in after.properties if each.name in changed])
    reusable = {_key(each): each for each in kept.properties}
    for each in kept.properties:
        if each.name not in changed:
            result.append(each)
        elif each.name in fresh:
            result += [reusable.get(_key(new), new) for new in fresh.pop(each.name)]
    result += [new for name in fresh for new in fresh[name]]
    return Component(kept.name, result, kept.components)


def _changed(kept: Component, before: Component, after: Component) -> set[str]:
    """The names of properties that have to be written anew."""
    old, new = _by_name(before.properties), _by_name(after.properties)
    changed = {
        name
        for name in old.keys() | new.keys()
        if name != "VERSION" and [_key(each) for each in old[name]] != [_key(each) for each in new[name]]
    }
    together = [set(names) for names in _TOGETHER]
    for card in (kept, before, after):
        groups: dict[str, set[str]] = defaultdict(set)
        for each in card.properties:
            if each.group:
                groups[each.group.lower()].add(each.name)
        together += groups.values()
    grown = True
    while grown:
        found = {name for names in together if names & changed for name in names} - changed
        changed |= found
        grown = bool(found)
    return changed


def _by_name(properties: list[Property]) -> dict[str, list[Property]]:
    found: dict[str, list[Property]] = defaultdict(list)
    for each in properties:
        found[each.name].append(each)
    return found


def _key(given: Property) -> bytes:
    """What two properties have alike that say the same, PROP-ID included: JSPROP may point to what has it."""
    params = {name: given.params[name] for name in sorted(given.params)}
    return contentlines.write_property(Property(given.name, given.value, params, given.group))
