"""What a card has to look like: the types of RFC 9553, within limits. What is not defined there stays as it is:
members that nobody knows, of vendors, values of enumerations that are new.
RFC 9553 §1.7.2, §1.7.4, §1.7.5, §1.8.1, §1.8.2"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from parvis.kernel.errors import Invalid

from .patch import Json, apply_patch, path_of

Faults = Iterator[tuple[list[str], str]]
Check = Callable[[Any, list[str]], Faults]

# RFC 9553 §1.4.1, §1.4.5, §1.5.3, §1.6.2
ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_UTC = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{0,8}[1-9])?Z"
)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\]+@[^\s@<>,;:\"()\\]+|\"[^\"\r\n]*\"@[^\s@]+")
_SAFE = 2**53 - 1
_LANGUAGES = 50


class ShapeLimits(msgspec.Struct, frozen=True):
    """How large a card may be."""

    depth: int = 12
    entries: int = 4_000
    """Members of all objects and arrays together."""
    text: int = 100_000
    """Characters of one string that is no `data:` URI."""
    data: int = 2_000_000
    """Characters of one `data:` URI."""


LIMITS = ShapeLimits()


class BadCard(Invalid):
    """A card that is not as RFC 9553 says; `properties` are the paths of what is wrong, `reason` the first's."""

    def __init__(self, faults: list[tuple[list[str], str]]) -> None:
        self.properties = [path_of(path) for path, _ in faults]
        self.reason = faults[0][1]
        sentence = f"{self.properties[0] or 'The card'}: {self.reason}"
        super().__init__(sentence, field=self.properties[0], properties=self.properties, reason=self.reason)


def check(card: Any, before: Json | None = None, limits: ShapeLimits = LIMITS) -> None:
    """Raises BadCard with what is wrong. What was already wrong `before` is let be: a card that came by another way
    may have an address that is none, and is changed elsewhere all the same."""
    if not isinstance(card, dict):
        raise BadCard([([], "It is no object.")])
    faults = list(_too_large(card, limits))
    if not faults:
        old = list(_faults(before)) if before is not None else []
        faults = [fault for fault in _faults(card) if fault not in old]
    if faults:
        raise BadCard(faults[:50])


def _faults(card: Json) -> Faults:
    """What is wrong with a card, and in each language that it is localized to. RFC 9553 §2.7.1"""
    found = list(_CARD(card, []))
    yield from found
    patches = card.get("localizations")
    if isinstance(patches, dict) and len(patches) > _LANGUAGES:
        yield ["localizations"], f"There are more than {_LANGUAGES} languages."
        return
    for language, patch in patches.items() if isinstance(patches, dict) else ():
        if not isinstance(patch, dict):
            continue
        path = ["localizations", language]
        try:
            localized = apply_patch({key: each for key, each in card.items() if key != "localizations"}, patch)
        except Invalid as refused:
            yield [*path, str(refused.fields.get("field", ""))], refused.sentence
            continue
        if "localizations" in localized:
            yield path, "A localization localizes none."
        for at, reason in _CARD(localized, []):
            if (at, reason) not in found:
                yield [*path, path_of(at)], reason


def _too_large(card: Json, limits: ShapeLimits) -> Faults:
    entries, waiting = 0, list[tuple[Any, list[str]]]([(card, [])])
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, str):
            most = limits.data if value[:5].lower() == "data:" else limits.text
            if len(value) > most:
                yield path, f"It is longer than {most} characters."
        elif isinstance(value, dict | list):
            if len(path) >= limits.depth:
                yield path, f"It is deeper than {limits.depth}."
                return
            inner = value.items() if isinstance(value, dict) else ((str(at), each) for at, each in enumerate(value))
            waiting += [(each, [*path, str(key)]) for key, each in inner]
            entries += len(value)
            if entries > limits.entries:
                yield [], f"It has more than {limits.entries} entries."
                return


def _matching(pattern: re.Pattern[str], reason: str) -> Check:
    def check_it(value: Any, path: list[str]) -> Faults:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            yield path, reason

    return check_it


def _text(value: Any, path: list[str]) -> Faults:
    if not isinstance(value, str):
        yield path, "It is no string."


def _boolean(value: Any, path: list[str]) -> Faults:
    if not isinstance(value, bool):
        yield path, "It is no boolean."


def _between(least: int, most: int) -> Check:
    def check_it(value: Any, path: list[str]) -> Faults:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            yield path, f"It is no integer from {least} to {most}."

    return check_it


def _map(inner: Check, keys: re.Pattern[str] | None = None) -> Check:
    def check_it(value: Any, path: list[str]) -> Faults:
        if not isinstance(value, dict):
            yield path, "It is no object."
            return
        for key, each in value.items():
            if keys is not None and keys.fullmatch(key) is None:
                yield [*path, key], "The key is not valid."
            yield from inner(each, [*path, key])

    return check_it


def _list(inner: Check, least: int = 0) -> Check:
    def check_it(value: Any, path: list[str]) -> Faults:
        if not isinstance(value, list) or len(value) < least:
            yield path, f"It is no array of at least {least}." if least else "It is no array."
            return
        for at, each in enumerate(value):
            yield from inner(each, [*path, str(at)])

    return check_it


def _true(value: Any, path: list[str]) -> Faults:
    if value is not True:
        yield path, "It is not true."


def _object(name: str, needed: str = "", any_of: str = "", /, **members: Check) -> Check:
    """An object of a type: what it must have, of which it must have one, and its members. RFC 9553 §1.3.1, §1.3.3,
    §1.3.4"""
    least, some = needed.split(), any_of.split()
    spelled = {"@type", *(each.lower() for each in members)}

    def check_it(value: Any, path: list[str]) -> Faults:
        if not isinstance(value, dict):
            yield path, "It is no object."
            return
        if value.get("@type", name) != name:
            yield [*path, "@type"], f"It is not {name}."
        for each in least:
            if each not in value:
                yield [*path, each], "It is missing."
        if some and not any(each in value for each in some):
            yield path, f"It has none of {', '.join(some)}."
        for key, each in value.items():
            if (inner := members.get(key)) is not None:
                yield from inner(each, [*path, key])
            elif key == "extra" or (key != "@type" and key.lower() in spelled):
                # RFC 9553 §1.7.1, §1.7.3: reserved, or written in other capitals than the name it looks like
                yield [*path, key], "There is no such property."

    return check_it


_uri = _matching(_URI, "It is no URI.")
_utc = _matching(_UTC, "It is no date and time in UTC.")
_id = _matching(ID, "It is no Id.")
_language = _matching(_LANGUAGE, "It is no language tag.")
_set = _map(_true)
_pref = _between(1, 100)
_place = _between(1, _SAFE)


def _ids(inner: Check) -> Check:
    return _map(inner, ID)


def _resource(name: str, needed: str = "uri", **more: Check) -> Check:
    """RFC 9553 §1.4.4"""
    return _object(
        name, needed, uri=_uri, kind=_text, mediaType=_text, contexts=_set, pref=_pref, label=_text, **more
    )


def _media(value: Any, path: list[str]) -> Faults:
    """RFC 9553 §2.6.4; `blobId` may stand for the URI (RFC 9610 §3)."""
    yield from _resource("Media", "kind", blobId=_text)(value, path)
    if isinstance(value, dict) and "uri" not in value and "blobId" not in value:
        yield [*path, "uri"], "It is missing."


def _components(name: str) -> Check:
    """RFC 9553 §1.5.4, §2.2.1.2, §2.5.1.2"""
    inner = _list(_object(name, "value kind", value=_text, kind=_text, phonetic=_text), 1)

    def check_it(value: Any, path: list[str]) -> Faults:
        yield from inner(value, path)
        if isinstance(value, list):
            kinds = [each.get("kind") for each in value if isinstance(each, dict)]
            if value and set(kinds) <= {"separator"}:
                yield path, "It has nothing but separators."
            if any(one == other == "separator" for one, other in pairwise(kinds)):
                yield path, "Two separators follow each other."

    return check_it


def _ordered(inner: Check) -> Check:
    """What only ordered components may have. RFC 9553 §2.2.1.1, §2.5.1.1"""

    def check_it(value: Any, path: list[str]) -> Faults:
        yield from inner(value, path)
        if not isinstance(value, dict) or value.get("isOrdered") is True:
            return
        if "defaultSeparator" in value:
            yield [*path, "defaultSeparator"], "Only ordered components have one."
        found = value.get("components")
        if isinstance(found, list) and any(isinstance(e, dict) and e.get("kind") == "separator" for e in found):
            yield [*path, "components"], "Only ordered components have separators."

    return check_it


_SEQUENCE: dict[str, Check] = {
    "isOrdered": _boolean,
    "defaultSeparator": _text,
    "full": _text,
    "phoneticScript": _text,
    "phoneticSystem": _text,
}
_name = _ordered(
    _object(
        "Name",
        "",
        "components full",
        components=_components("NameComponent"),
        sortAs=_map(_text),
        **_SEQUENCE,
    )
)
_address = _ordered(
    _object(
        "Address",
        "",
        "components coordinates countryCode full timeZone",
        components=_components("AddressComponent"),
        countryCode=_matching(_COUNTRY, "It is no code of a country."),
        coordinates=_uri,
        timeZone=_text,
        contexts=_set,
        pref=_pref,
        **_SEQUENCE,
    )
)


def _date(value: Any, path: list[str]) -> Faults:
    """PartialDate or Timestamp. RFC 9553 §2.8.1"""
    if isinstance(value, dict) and value.get("@type") == "Timestamp":
        yield from _object("Timestamp", "utc", utc=_utc)(value, path)
        return
    yield from _object(
        "PartialDate",
        "",
        "year month day",
        year=_between(0, 9999),
        month=_between(1, 12),
        day=_between(1, 31),
        calendarScale=_text,
    )(value, path)
    if isinstance(value, dict):
        if "day" in value and "month" not in value:
            yield [*path, "month"], "A day needs its month."
        elif "month" in value and "year" not in value and "day" not in value:
            yield path, "A month needs its year or a day."


# RFC 9553 §2.1, §2.2, §2.3, §2.4, §2.5, §2.6, §2.7, §2.8
_CARD = _object(
    "Card",
    "version uid",
    version=_matching(re.compile(r"1\.0"), "This version of JSContact is not known."),
    uid=_matching(re.compile(r"[^\x00-\x1f\x7f]{1,1000}"), "It is no unique identifier."),
    created=_utc,
    updated=_utc,
    kind=_text,
    language=_language,
    members=_set,
    prodId=_text,
    relatedTo=_map(_object("Relation", relation=_set)),
    name=_name,
    nicknames=_ids(_object("Nickname", "name", name=_text, contexts=_set, pref=_pref)),
    organizations=_ids(
        _object(
            "Organization",
            "",
            "name units",
            name=_text,
            units=_list(_object("OrgUnit", "name", name=_text, sortAs=_text), 1),
            sortAs=_text,
            contexts=_set,
        )
    ),
    speakToAs=_object(
        "SpeakToAs",
        "",
        "grammaticalGender pronouns",
        grammaticalGender=_text,
        pronouns=_ids(_object("Pronouns", "pronouns", pronouns=_text, contexts=_set, pref=_pref)),
    ),
    titles=_ids(_object("Title", "name", name=_text, kind=_text, organizationId=_id)),
    emails=_ids(
        _object(
            "EmailAddress",
            "address",
            address=_matching(_ADDRESS, "It is no address of mail."),
            contexts=_set,
            pref=_pref,
            label=_text,
        )
    ),
    onlineServices=_ids(
        _object(
            "OnlineService",
            "",
            "uri user",
            service=_text,
            uri=_uri,
            user=_text,
            contexts=_set,
            pref=_pref,
            label=_text,
        )
    ),
    phones=_ids(_object("Phone", "number", number=_text, features=_set, contexts=_set, pref=_pref, label=_text)),
    preferredLanguages=_ids(_object("LanguagePref", "language", language=_language, contexts=_set, pref=_pref)),
    calendars=_ids(_resource("Calendar", "uri kind")),
    schedulingAddresses=_ids(_object("SchedulingAddress", "uri", uri=_uri, contexts=_set, pref=_pref, label=_text)),
    addresses=_ids(_address),
    cryptoKeys=_ids(_resource("CryptoKey")),
    directories=_ids(_resource("Directory", "uri kind", listAs=_place)),
    links=_ids(_resource("Link")),
    media=_ids(_media),
    localizations=_map(_map(lambda value, path: iter(())), _LANGUAGE),  # more in _faults
    anniversaries=_ids(_object("Anniversary", "kind date", kind=_text, date=_date, place=_address)),
    keywords=_set,
    notes=_ids(
        _object(
            "Note",
            "note",
            note=_text,
            created=_utc,
            author=_object("Author", "", "name uri", name=_text, uri=_uri),
        )
    ),
    personalInfo=_ids(
        _object("PersonalInfo", "kind value", kind=_text, value=_text, level=_text, listAs=_place, label=_text)
    ),
)
