"""Names and addresses: components by kind in JSContact, by place in N and ADR of vCard; JSCOMPS says their order.
RFC 9555 §2.5.5, §2.6.1, §3.3.1, RFC 9554 §2"""

import re
from typing import NamedTuple

from parvis.wire.contentlines import join_structured, split_raw, split_structured, unescape

from .patch import Json


class Layout(NamedTuple):
    """Where the kinds of a structured value stand."""

    kinds: tuple[str, ...]
    """By place; an empty one is not read, as it repeats others."""
    old: int
    """Places before RFC 9554."""
    repeated: dict[str, int]
    """Kinds that RFC 9554 added, and where old readers look for their text."""


NAME = Layout(
    ("surname", "given", "given2", "title", "credential", "surname2", "generation"),
    5,
    {"surname2": 0, "generation": 4},
)
ADDRESS = Layout(
    (
        *("postOfficeBox", "", "", "locality", "region", "postcode", "country", "room", "apartment", "floor"),
        *("number", "name", "building", "block", "subdistrict", "district", "landmark", "direction"),
    ),
    7,
    {
        **dict.fromkeys(("room", "floor", "apartment", "building"), 1),
        **dict.fromkeys(("number", "name", "block", "direction", "landmark", "subdistrict", "district"), 2),
    },
)
_OLD_ADDRESS = {1: "apartment", 2: "name"}
_POSITION = re.compile(r"(\d{1,3})(?:,(\d{1,3}))?\Z")


class _Value(NamedTuple):
    kind: str
    text: str
    place: int
    at: int


def read_components(value: str, order: str | None, layout: Layout) -> Json:
    """`components`, and `isOrdered` and `defaultSeparator` when JSCOMPS gives a valid order; nothing when all is
    empty."""
    values = _values(split_structured(value), layout)
    if not values:
        return {}
    ordered = _in_order(values, order) if order is not None else None
    if ordered is not None:
        return ordered
    return {"components": [{"kind": each.kind, "value": each.text} for each in values]}


def _values(parts: list[list[str]], layout: Layout) -> list[_Value]:
    """What the places say, once each."""
    newer = {text for part in parts[layout.old :] for text in part if text}
    found = []
    for place, part in enumerate(parts[: len(layout.kinds)]):
        kind = layout.kinds[place]
        if not kind:
            if newer:
                continue
            kind = _OLD_ADDRESS[place]
        texts = _without_repeats(part, parts, place) if layout is NAME else part
        found += [_Value(kind, text, place, at) for at, text in enumerate(texts) if text]
    return found


def _without_repeats(part: list[str], parts: list[list[str]], place: int) -> list[str]:
    """The texts of a place of N, empty where one only repeats a new place."""
    texts = list(part)
    for kind, old in NAME.repeated.items():
        new = NAME.kinds.index(kind)
        for text in parts[new] if old == place and new < len(parts) else []:
            if text and text in texts:
                texts[len(texts) - 1 - texts[::-1].index(text)] = ""
    return texts


def _in_order(values: list[_Value], order: str) -> Json | None:
    """The components as JSCOMPS orders them; None when it is not valid. RFC 9555 §3.3.1"""
    first, *entries = split_raw(order, ";")
    by_place = {(each.place, each.at): each for each in values}
    used, components = 0, list[Json]()
    for entry in entries:
        if entry.startswith("s,"):
            components.append({"kind": "separator", "value": unescape(entry[2:])})
            continue
        match = _POSITION.match(entry)
        found = by_place.get((int(match[1]), int(match[2] or 0))) if match is not None else None
        if found is None:
            return None
        used += 1
        components.append({"kind": found.kind, "value": found.text})
    if used != len(values) or (first and not first.startswith("s,")):
        return None
    made: Json = {"components": components, "isOrdered": True}
    return {**made, "defaultSeparator": unescape(first[2:])} if first else made


def write_components(given: Json, layout: Layout) -> tuple[str, str | None]:
    """The structured value and, for ordered components, JSCOMPS."""
    parts: list[list[str]] = [[] for _ in layout.kinds]
    entries: list[str] = []
    components = components_of(given)
    for each in components:
        kind, text = each["kind"], each["value"]
        if kind == "separator":
            entries.append(_separator(text))
        elif kind in layout.kinds and text:
            place = layout.kinds.index(kind)
            parts[place].append(text)
            at = len(parts[place]) - 1
            entries.append(f"{place},{at}" if at else str(place))
    _repeat(components, parts, layout)
    order = None
    if given.get("isOrdered") is True and entries:
        separator = given.get("defaultSeparator")
        order = ";".join([_separator(separator) if isinstance(separator, str) else "", *entries])
    return join_structured(parts), order


def components_of(given: Json) -> list[dict[str, str]]:
    """The components that have a kind and a value."""
    found = given.get("components")
    return [
        each
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict) and isinstance(each.get("kind"), str) and isinstance(each.get("value"), str)
    ]


def spoken(given: Json) -> Json | None:
    """The name or address as it is pronounced; None when nothing says so."""
    components = [
        {**each, "value": each["phonetic"]}
        for each in components_of(given)
        if isinstance(each.get("phonetic"), str)
    ]
    return {"components": components} if components else None


def _separator(text: str) -> str:
    """An entry of JSCOMPS; line ends and quotes are left to the carets of RFC 6868."""
    return "s," + text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def _repeat(components: list[dict[str, str]], parts: list[list[str]], layout: Layout) -> None:
    """The text of the new places also where old readers look for it, as one text in an address."""
    for place in sorted(set(layout.repeated.values())):
        text, between, near = "", " ", False
        for each in components:
            mine = layout.repeated.get(each["kind"]) == place
            if mine and layout is NAME:
                parts[place].append(each["value"])
            elif mine:
                text += (between if text else "") + each["value"]
            between = each["value"] if each["kind"] == "separator" and near else " "
            near = mine
        if text:
            parts[place] = [text]


def full_name(name: Json) -> str:
    """The name as one text: as it is given, else of its components. RFC 9553 §2.2.1.1"""
    if isinstance(full := name.get("full"), str) and full:
        return full
    components = components_of(name)
    if name.get("isOrdered") is not True:
        order = ("title", "given", "given2", "surname", "surname2", "generation", "credential")
        by_kind = [e["value"] for kind in order for e in components if e["kind"] == kind]
        return " ".join(each for each in by_kind if each)
    text, between = "", ""
    separator = name.get("defaultSeparator")
    for each in components:
        if each["kind"] == "separator":
            between = each["value"]
        elif each["value"]:
            text += (between if text else "") + each["value"]
            between = separator if isinstance(separator, str) else " "
    return text
