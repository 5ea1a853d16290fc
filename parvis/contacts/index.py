"""The words by which a card is found, without accents or capitals, and what it is sorted by."""

import re
from collections.abc import Iterator
from typing import Any

from parvis.contacts.model import Card
from parvis.kernel.languages import fold
from parvis.wire.jscontact.structured import components_of, full_name

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
LONGEST = 60
_MOST = 300
"""Words of a card."""
MOST_TEXT = 4000
NATIONAL = 9
"""Digits at the end of a telephone number that are the same with and without the code of the country."""
FIELDS = frozenset(
    {
        *("name", "given", "surname", "surname2", "nickname", "organization", "email", "phone"),
        *("onlineService", "address", "note", "uid", "member"),
    }
)
_PHRASE = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(\S+)")


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return [word[:LONGEST] for word in _WORD.findall(fold(text[:MOST_TEXT]))]


def entries(card: Card) -> set[tuple[str, str]]:
    """(field, word) of a card, at most some hundred."""
    found: dict[tuple[str, str], None] = {}
    for field, text in texts(card):
        words = [text.removeprefix("urn:uuid:")[:255]] if field == "member" else _words_in(field, text)
        for word in words:
            if word:
                found[field, word] = None
            if len(found) >= _MOST:
                return set(found)
    return set(found)


def _words_in(field: str, text: str) -> list[str]:
    words = words_of(text)
    if field == "email":
        return [*words, fold(text.strip())[:LONGEST]]
    if field == "phone":
        return [*words, number := digits(text)[:LONGEST], number[-NATIONAL:]]
    return words


def digits(number: str) -> str:
    """A telephone number as its digits."""
    return "".join(_DIGITS.findall(number.partition(";")[0]))


def texts(card: Card) -> Iterator[tuple[str, str]]:
    """(field, text) of everything that a card is found by. RFC 9610 §3.3.1"""
    name = card.get("name")
    if isinstance(name, dict):
        yield "name", full_name(name)
        for each in components_of(name):
            if each["kind"] in ("given", "surname", "surname2"):
                yield each["kind"], each["value"]
            if each["kind"] != "separator":
                yield "name", each["value"]
    for field, collection, named in _COLLECTIONS:
        for each in objects(card, collection):
            yield from ((field, each[member]) for member in named if isinstance(each.get(member), str))
    for each in objects(card, "addresses"):
        yield from (("address", part["value"]) for part in components_of(each) if part["kind"] != "separator")
    for each in objects(card, "organizations"):
        units: Any = each.get("units")
        for unit in units if isinstance(units, list) else []:
            if isinstance(unit, dict) and isinstance(unit.get("name"), str):
                yield "organization", unit["name"]
    for field, collection in (("note", "keywords"), ("member", "members")):
        found = card.get(collection)
        yield from ((field, word) for word in (found if isinstance(found, dict) else {}))


_COLLECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("nickname", "nicknames", ("name",)),
    ("organization", "organizations", ("name",)),
    ("email", "emails", ("address", "label")),
    ("phone", "phones", ("number", "label")),
    ("onlineService", "onlineServices", ("service", "uri", "user", "label")),
    ("address", "addresses", ("full",)),
    ("note", "titles", ("name",)),
    ("note", "notes", ("note",)),
)


def objects(card: Card, collection: str) -> list[dict[str, Any]]:
    """The objects of a map of a card."""
    found = card.get(collection)
    return [each for each in found.values() if isinstance(each, dict)] if isinstance(found, dict) else []


def title_of(card: Card) -> str:
    """What a card is called: its name, else its organization, else its first address."""
    name = card.get("name")
    if isinstance(name, dict) and (full := full_name(name).strip()):
        return full[:500]
    for collection, member in (("nicknames", "name"), ("organizations", "name"), ("emails", "address")):
        for each in objects(card, collection):
            if isinstance(text := each.get(member), str) and text.strip():
                return text.strip()[:500]
    return ""


def sort_keys(card: Card) -> tuple[str, str, str]:
    """What a card is sorted by: given name, surname, second surname. RFC 9610 §3.3.2"""
    name = card.get("name") if isinstance(card.get("name"), dict) else {}
    assert isinstance(name, dict)
    sort_as = name.get("sortAs") if isinstance(name.get("sortAs"), dict) else {}
    found = []
    for kind in ("given", "surname", "surname2"):
        first = next((each["value"] for each in components_of(name) if each["kind"] == kind), "")
        found.append(fold(str(sort_as.get(kind) or first))[:200] if isinstance(sort_as, dict) else "")
    return found[0], found[1], found[2]


def searchable(card: Card) -> str:
    """The folded text of a card, one line a value, for what is looked for inside of words."""
    lines = (f"{field} {fold(text[:MOST_TEXT])}" for field, text in texts(card) if field != "member")
    return "\n".join(lines)[:MOST_TEXT]


def phrases(asked: str) -> list[list[str]]:
    """What a text of a filter asks for: each a row of words that stand together. RFC 9610 §3.3.1"""
    found = []
    for double, single, bare in _PHRASE.findall(asked[:500]):
        quoted = double or single
        words = words_of(re.sub(r"\\(.)", r"\1", quoted)) if quoted else words_of(bare)
        if words:
            found.append(words)
    return found[:20]
