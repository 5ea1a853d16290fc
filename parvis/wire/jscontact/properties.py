"""One property of a vCard as what it is in a card of JSContact. RFC 9555 §2.3-2.13"""

import re
from collections.abc import Callable
from typing import Any

from parvis.wire.contentlines import Property, split_structured, split_text, unescape
from parvis.wire.vcard import types_of

from . import tables
from .dates import anniversary_of, utc_of
from .groups import Groups
from .ids import Ids
from .localized import Alternatives
from .patch import Json
from .structured import ADDRESS, NAME, read_components

Assignment = tuple[list[str], Any]
"""A path of the card and what comes there."""
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*\Z")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*\Z")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})?\Z")
_NEVER_KEPT = frozenset({"VALUE", "PROP-ID", "TYPE"})


class Converting:
    """What the properties of a card say, one by one."""

    def __init__(self, properties: list[Property], alternatives: Alternatives) -> None:
        self.groups = Groups(properties)
        self.alternatives = alternatives
        self.ids = Ids(properties)
        self.properties = properties
        self._special: dict[str, Callable[[Property, str], list[Assignment] | None]] = {
            "ADR": self._address,
            "CATEGORIES": self._keywords,
            "FN": self._full_name,
            "GEO": lambda given, key: [],
            "GRAMGENDER": lambda given, key: [(["speakToAs", "grammaticalGender"], given.text.strip().lower())],
            "LANGUAGE": self._language,
            "MEMBER": lambda given, key: [(["members", given.value.strip()], True)],
            "N": self._name,
            "ORG": self._organization,
            "RELATED": self._related,
            "TZ": lambda given, key: [],
            **dict.fromkeys(tables.DATES, self._anniversary),
            **dict.fromkeys(tables.PLACES, self._place),
            **dict.fromkeys(tables.MESSENGERS, self._messenger),
        }

    def convert(self, given: Property, main: Property | None = None) -> list[Assignment] | None:
        """What it says, about the object of `main` when it is an alternative of that; None when JSContact has no
        word for it."""
        name, of = given.name, main or given
        if name in tables.ENTRIES:
            return self._entries(given, of)
        if name in self._special:
            collection = "addresses" if name == "ADR" else "organizations" if name == "ORG" else "onlineServices"
            key = self.ids.of(of, collection) if name in ("ADR", "ORG") or name in tables.MESSENGERS else ""
            return self._special[name](given, key)
        if name in tables.SINGLE_TEXT:
            return [([tables.SINGLE_TEXT[name]], given.text.strip())]
        if name in tables.SINGLE_LOWER:
            return [([tables.SINGLE_LOWER[name]], given.text.strip().lower())]
        if name in tables.SINGLE_STAMP and (utc := utc_of(given.value)) is not None:
            return [([tables.SINGLE_STAMP[name]], utc)]
        return None

    def _entries(self, given: Property, of: Property) -> list[Assignment] | None:
        entry = tables.ENTRIES[given.name]
        raw = entry.uri or given.param("VALUE").lower() == "uri"
        values = split_text(given.value) if given.name == "NICKNAME" else [_uri(given.value) if raw else given.text]
        found: list[Assignment] = []
        for at, value in enumerate(each.strip() for each in values):
            made: Json = {**entry.fixed, entry.member: value}
            self._enrich(made, given, entry.collection)
            key = self.ids.of(of, entry.collection, at)
            parents = ["speakToAs"] if entry.collection == "pronouns" else []
            found.append(([*parents, entry.collection, key], made))
        return found

    def _enrich(self, made: Json, given: Property, collection: str) -> None:
        """What the parameters and the group of a property say."""
        used = self._common(made, given, collection)
        if given.name in ("TITLE", "ROLE") and (org := self.groups.organization_of(given)) is not None:
            made["organizationId"] = self.ids.of(org, "organizations")
        if given.name == "NOTE":
            used |= _note(made, given)
        if given.name in ("IMPP", "SOCIALPROFILE", "X-SOCIALPROFILE"):
            used |= _service(made, given)
        if collection in tables.RESOURCES and given.param("MEDIATYPE"):
            made["mediaType"] = given.param("MEDIATYPE")
            used.add("MEDIATYPE")
        if collection == "personalInfo" and (level := given.param("LEVEL").lower()):
            made["level"] = tables.LEVELS.get(level, level) if given.name == "EXPERTISE" else level
            used.add("LEVEL")
        if collection in tables.LISTED and given.param("INDEX").isdecimal() and int(given.param("INDEX")[:9]) > 0:
            made["listAs"] = int(given.param("INDEX")[:9])
            used.add("INDEX")
        if label := self.groups.label_of(given):
            made["label"] = label
        types = types_of(given)
        if given.name == "X-SOCIALPROFILE" and "service" in made:
            types = [each for each in types if each != made["service"].lower()]
        self._keep_params(made, given, used, _untold(types, given.name, collection))

    def _common(self, made: Json, given: Property, collection: str) -> set[str]:
        """Contexts, features and preference. RFC 9555 §2.3.17, §2.3.22, §2.7.6"""
        types = types_of(given)
        contexts = tables.ADDRESS_CONTEXTS if collection == "addresses" else tables.CONTEXTS
        if collection in tables.WITH_CONTEXTS and (found := [contexts[each] for each in types if each in contexts]):
            made["contexts"] = dict.fromkeys(found, True)
        if given.name == "TEL" and (found := [tables.FEATURES[e] for e in types if e in tables.FEATURES]):
            made["features"] = dict.fromkeys(found, True)
        pref = given.param("PREF")
        if collection in tables.WITH_PREF and pref.isdecimal() and len(pref) < 4 and 1 <= int(pref) <= 100:
            made["pref"] = int(pref)
            return {"PREF"}
        return set()

    def _keep_params(self, made: Json, given: Property, used: set[str], types: list[str]) -> None:
        """What else the parameters say. RFC 9555 §2.15.2"""
        alternative = self.alternatives.is_alternative(given)
        if alternative or self.alternatives.has_alternatives(given):
            used = used | {"ALTID"} | ({"LANGUAGE", "PHONETIC", "SCRIPT"} if alternative else set())
        kept: Json = {
            name.lower(): values[0] if len(values) == 1 else list(values)
            for name, values in given.params.items()
            if values and name not in used and name not in _NEVER_KEPT
        }
        if types:
            kept["type"] = types[0] if len(types) == 1 else types
        if group := self.groups.kept(given):
            kept["group"] = group
        if kept:
            made["vCardParams"] = kept

    def _full_name(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.5.2; one that was derived from N is not read when there is an N (§2.3.7)."""
        first = [
            each for each in self.properties if each.name == "FN" and not self.alternatives.is_alternative(each)
        ]
        if min(first, key=lambda each: len(each.params), default=given) is not given and given in first:
            return None
        named = any(each.name == "N" and each.value.strip(";, ") for each in self.properties)
        if given.param("DERIVED").lower() == "true" and (named or not given.value):
            return []
        return [(["name", "full"], given.text)]

    def _name(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.5.5"""
        made = read_components(given.value, _joined(given, "JSCOMPS"), NAME)
        if not made:
            return []
        kinds = {each["kind"] for each in made["components"]}
        sort = (_joined(given, "SORT-AS") or "").split(",")
        if sort_as := {kind: text for kind, text in zip(NAME.kinds, sort, strict=False) if text and kind in kinds}:
            made["sortAs"] = sort_as
        self._keep_params(made, given, {"JSCOMPS", *(["SORT-AS"] if sort_as else [])}, types_of(given))
        return [(["name"], made)]

    def _address(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.6.1"""
        made = read_components(given.value, _joined(given, "JSCOMPS"), ADDRESS)
        used = self._common(made, given, "addresses") | {"JSCOMPS"}
        members = {"LABEL": "full", "CC": "countryCode", "GEO": "coordinates", "TZ": "timeZone"}
        for name, member in members.items():
            if text := given.param(name):
                made[member] = text.replace("\\n", "\n") if name == "LABEL" else text
                used.add(name)
        self._keep_params(made, given, used, _untold(types_of(given), "ADR", "addresses"))
        return [(["addresses", key], made)]

    def _organization(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.9.4"""
        parts = [",".join(part) for part in split_structured(given.value)]
        sort = (_joined(given, "SORT-AS") or "").split(",")
        made: Json = {"name": parts[0]} if parts[0] else {}
        units: list[Json] = [{"name": each} for each in parts[1:] if each]
        if units:
            made["units"] = units
        if not made:
            return []
        if sort[0] and parts[0]:
            made["sortAs"] = sort[0]
        for unit, text in zip(units, sort[1:], strict=False):
            if text:
                unit["sortAs"] = text
        used = self._common(made, given, "organizations") | {"SORT-AS"}
        self._keep_params(made, given, used, _untold(types_of(given), "ORG", "organizations"))
        return [(["organizations", key], made)]

    def _anniversary(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.5.1"""
        date = None if given.param("VALUE").lower() == "text" else anniversary_of(given.value)
        if date is None:
            return None
        kind = tables.DATES[given.name]
        scale = given.param("CALSCALE").lower()
        if scale and "@type" not in date:
            date["calendarScale"] = scale
        made: Json = {"kind": kind, "date": date}
        self._keep_params(made, given, {"CALSCALE"}, types_of(given))
        return [(["anniversaries", self.ids.of_anniversary(given, kind)], made)]

    def _place(self, given: Property, key: str) -> list[Assignment] | None:
        kind = tables.PLACES[given.name]
        dated = any(tables.DATES.get(e.name) == kind and self._anniversary(e, "") for e in self.properties)
        uri = given.param("VALUE").lower() == "uri" or given.value.lower().startswith("geo:")
        if not dated or (uri and not given.value.lower().startswith("geo:")):
            return None
        place: Json = {"coordinates": given.value.strip()} if uri else {"full": given.text}
        self._keep_params(place, given, set(), types_of(given))
        return [(["anniversaries", self.ids.of_anniversary(given, kind), "place"], place)]

    def _keywords(self, given: Property, key: str) -> list[Assignment] | None:
        return [(["keywords", each], True) for each in (e.strip() for e in split_text(given.value)) if each]

    def _language(self, given: Property, key: str) -> list[Assignment] | None:
        tag = given.text.strip()
        return [(["language"], tag)] if LANGUAGE.match(tag) else None

    def _related(self, given: Property, key: str) -> list[Assignment] | None:
        """RFC 9555 §2.9.5"""
        value = given.text if given.param("VALUE").lower() == "text" else given.value
        made: Json = {"relation": dict.fromkeys(types_of(given), True)}
        self._keep_params(made, given, set(), [])
        return [(["relatedTo", value], made)] if value else []

    def _messenger(self, given: Property, key: str) -> list[Assignment] | None:
        """Properties older than IMPP, as `X-JABBER`."""
        made: Json = {
            "service": tables.MESSENGERS[given.name],
            "user": given.text.strip(),
            "vCardName": given.name.lower(),
        }
        self._enrich(made, given, "onlineServices")
        return [(["onlineServices", key], made)]


def geographical(given: Property) -> tuple[str, str] | None:
    """GEO or TZ as a member of an address; None when it is none. RFC 9555 §2.8"""
    value = given.value.strip()
    if given.name == "GEO":
        return ("coordinates", value) if _URI.match(value) else None
    offset = _OFFSET.match(value)
    if offset is None:
        return ("timeZone", given.text.strip()) if value and given.param("VALUE").lower() in ("", "text") else None
    hours = int(offset[1] + offset[2])
    if (offset[3] or "00") != "00" or not -12 <= hours <= 14:
        return None
    return "timeZone", f"Etc/GMT{-hours:+}" if hours else "Etc/UTC"


def _note(made: Json, given: Property) -> set[str]:
    """RFC 9555 §2.3.2, §2.3.3, §2.3.6"""
    used = set()
    author = {
        member: given.param(name)
        for name, member in (("AUTHOR-NAME", "name"), ("AUTHOR", "uri"))
        if given.param(name)
    }
    if author:
        made["author"] = author
        used = {"AUTHOR", "AUTHOR-NAME"}
    if (created := utc_of(given.param("CREATED"))) is not None:
        made["created"] = created
        used.add("CREATED")
    return used


def _service(made: Json, given: Property) -> set[str]:
    """RFC 9555 §2.7.2, §2.7.5, and X-SOCIALPROFILE of Apple."""
    if given.name != "IMPP" and (given.param("VALUE").lower() == "text" or not _URI.match(made["uri"])):
        made["user"] = given.text
        del made["uri"]
    used = set()
    for name, member in (("SERVICE-TYPE", "service"), ("USERNAME", "user"), ("X-USER", "user")):
        if (text := given.param(name)) and member not in made:
            made[member] = text
            used.add(name)
    types = [each for each in types_of(given) if each not in ("home", "work", "pref")]
    if given.name == "X-SOCIALPROFILE" and types and "service" not in made:
        made["service"] = next(
            t for e in given.params["TYPE"] for t in e.split(",") if t.strip().lower() == types[0]
        )
    return used


def _untold(types: list[str], name: str, collection: str) -> list[str]:
    """The types that neither contexts nor features say."""
    told = set(tables.FEATURES) if name == "TEL" else set[str]()
    if collection in tables.WITH_CONTEXTS:
        told |= set(tables.ADDRESS_CONTEXTS if collection == "addresses" else tables.CONTEXTS)
    return [each for each in types if each not in told]


def _uri(value: str) -> str:
    """A URI, which some clients escape as if it were a text."""
    return unescape(value) if "\\" in value and value[:5].lower() != "data:" else value


def _joined(given: Property, name: str) -> str | None:
    values = given.params.get(name)
    return ",".join(values) if values else None
