"""A card of JSContact as a vCard. What vCard has no property for is carried by JSPROP, so that reading it again
gives the same card. RFC 9555 §3"""

from collections.abc import Callable
from typing import Any

import msgspec

from parvis.wire import vcard
from parvis.wire.contentlines import Component, Property, escape, join_structured, join_text

from . import tables
from .dates import stamp_of, value_of
from .groups import LABEL, write_label
from .jcard import as_jcard, from_jcard, group_of, kept_params
from .patch import Json, difference
from .plain import localized, objects_of, plain
from .reading import from_vcard
from .structured import ADDRESS, NAME, Layout, components_of, full_name, spoken, write_components

_KINDS = {
    (entry.collection, entry.fixed.get("kind", "")): name
    for name, entry in tables.ENTRIES.items()
    if "vCardName" not in entry.fixed
}
_KNOWN = frozenset(
    each.lower()
    for each in (*tables.ENTRIES, *tables.SINGLE_TEXT, *tables.SINGLE_LOWER, "ADR", "ORG", "N", "CATEGORIES")
)
"""Names in `vCardProps` that mean what JSContact has words for; they are read as that."""
_DEFAULTS = {"titles": "title", "links": "", "cryptoKeys": ""}
_TYPES = {context: name for name, context in tables.ADDRESS_CONTEXTS.items()}
_FEATURES = {feature: name for name, feature in tables.FEATURES.items()}
_LEVELS = {level: name for name, level in tables.LEVELS.items()}
_ORDER = ("emails", "phones", "addresses", "organizations", "titles", "onlineServices", "links", "anniversaries")
_MAPS = (
    *_ORDER,
    *("nicknames", "preferredLanguages", "calendars", "schedulingAddresses", "cryptoKeys", "directories"),
    *("media", "notes", "personalInfo"),
)


def to_vcard(card: Json, version: str = "4.0") -> Component:
    """The card as a vCard of that version. The card has passed `check`."""
    card = {**card, "@type": "Card"}
    given = card.get("vCardProps")
    kept = [(each, from_jcard(each)) for each in (given if isinstance(given, list) else [])]
    unknown = [(each, made) for each, made in kept if made is None or as_jcard(made)[0] not in _KNOWN]
    known = [made for each, made in kept if made is not None and as_jcard(made)[0] in _KNOWN]
    rest = {key: value for key, value in card.items() if key != "vCardProps"}
    if unknown:
        rest["vCardProps"] = [each for each, _ in unknown]
    made = _Writing(rest, [each for _, each in unknown if each is not None]).done()
    lost = difference(plain(from_vcard(made)), plain(rest))
    for path, value in sorted(lost.items()):
        text = escape(msgspec.json.encode(value).decode())
        made.properties.append(Property("JSPROP", text, {"JSPTR": [path]}))
    made.properties += known
    return vcard.to_version(made, version)


class _Writing:
    """A vCard on its way."""

    def __init__(self, card: Json, kept: list[Property]) -> None:
        self.card = card
        self.kept = kept
        self.properties: list[Property] = []
        self.groups = _free_groups(card)
        self.languages = localized(card)
        self.altid = 0

    def done(self) -> Component:
        """The vCard, without JSPROP."""
        self._single()
        self._names()
        self._speak()
        for collection in _MAPS:
            for key, each in objects_of(self.card, collection):
                self._object(collection, key, each)
        self._sets()
        return Component("VCARD", [*self.properties, *self.kept])

    def _add(self, name: str, value: str, params: dict[str, list[str]] | None = None, group: str = "") -> None:
        self.properties.append(Property(name, value, params or {}, group))

    def _single(self) -> None:
        self._add("VERSION", "4.0")
        for member, name in (("uid", "UID"), ("prodId", "PRODID"), ("kind", "KIND"), ("language", "LANGUAGE")):
            if isinstance(text := self.card.get(member), str):
                uri = name != "UID" or ":" in text
                self._add(name, text if name == "UID" and uri else escape(text), {} if uri else {"VALUE": ["text"]})
        for name, member in tables.SINGLE_STAMP.items():
            if (stamp := stamp_of(str(self.card.get(member, "")))) is not None:
                self._add(name, stamp)

    def _names(self) -> None:
        """FN, which every vCard has, and N. RFC 9555 §3.1"""
        name = _name_of(self.card)
        if isinstance(full := name.get("full"), str):
            self._add("FN", escape(full))
        else:
            self._add("FN", escape(full_name(name)), {"DERIVED": ["TRUE"]})
        for language, card in self.languages.items():
            if isinstance(other := _name_of(card).get("full"), str) and other != full:
                self._add("FN", escape(other), {"LANGUAGE": [language]})
        if components_of(name):
            value, params = _structured(name, NAME)
            texts = _sort_texts(name)
            if any(texts):
                params["SORT-AS"] = [",".join(texts).rstrip(",")]
            alternatives = self._structured_alternatives("N", name, _name_of, NAME)
            self._add("N", value, {**params, **({"ALTID": ["1"]} if alternatives else {})}, group_of(name))
            self.properties += alternatives

    def _structured_alternatives(
        self, name: str, main: Json, of: Callable[[Json], Json], layout: Layout, altid: str = "1"
    ) -> list[Property]:
        """N or ADR in other languages, and how it is pronounced. RFC 9555 §2.3.11, §2.3.15"""
        value = _structured(main, layout)[0]
        found = [Property(name, *each) for each in _spoken(main, layout, altid, "")]
        for language, card in self.languages.items():
            other = of(card)
            written, params = _structured(other, layout)
            if written != value and components_of(other):
                found.append(Property(name, written, {**params, "ALTID": [altid], "LANGUAGE": [language]}))
            elif spoken(other) != spoken(main):
                found += [Property(name, *each) for each in _spoken(other, layout, altid, language)]
        return found

    def _speak(self) -> None:
        speak = self.card.get("speakToAs")
        if isinstance(speak, dict):
            if isinstance(gender := speak.get("grammaticalGender"), str):
                self._add("GRAMGENDER", escape(gender.upper()))
            for key, each in objects_of(speak, "pronouns"):
                self._object("pronouns", key, each)

    def _object(self, collection: str, key: str, given: Json) -> None:
        if collection == "anniversaries":
            self._anniversary(key, given)
            return
        made = self._written(collection, key, given)
        if made is None:
            return
        group = made.group
        label = given.get("label")
        if collection in tables.LABELLED and isinstance(label, str) and label:
            group = group or self.groups.pop()
            self._label(group, label)
        if collection in ("titles", "organizations") and not group:
            group = self._job(collection, key, given)
        alternatives = self._alternatives(collection, key, made, given)
        altid = alternatives[0].params["ALTID"] if alternatives else []
        params = {**made.params, "ALTID": altid} if altid else made.params
        self.properties += [Property(made.name, made.value, params, group), *alternatives]

    def _label(self, group: str, label: str) -> None:
        if not any(each.name == LABEL and each.group == group for each in self.properties):
            self._add(LABEL, escape(write_label(label)), {}, group)

    def _job(self, collection: str, key: str, given: Json) -> str:
        """The group of an organization and the titles in it. RFC 9555 §2.9.6"""
        organization = given.get("organizationId") if collection == "titles" else key
        holders = [
            each for _, each in objects_of(self.card, "titles") if each.get("organizationId") == organization
        ]
        known = dict(objects_of(self.card, "organizations"))
        if not isinstance(organization, str) or organization not in known or not holders:
            return ""
        kept = group_of(known[organization])
        return kept or self.groups.named(f"organization {organization}")

    def _written(self, collection: str, key: str, given: Json) -> Property | None:
        params = {"PROP-ID": [key], **self._params(collection, given)}
        if collection == "addresses":
            written, order = write_components(given, ADDRESS)
            params |= {"JSCOMPS": [order]} if order is not None else {}
            for member, param in (
                ("full", "LABEL"),
                ("countryCode", "CC"),
                ("coordinates", "GEO"),
                ("timeZone", "TZ"),
            ):
                params |= {param: [text]} if isinstance(text := given.get(member), str) else {}
            return Property("ADR", written, params, group_of(given))
        if collection == "organizations":
            return self._organization(given, params)
        name, found = _named(collection, given)
        if found is None:
            return None
        value = found
        if name == "SOCIALPROFILE" and "uri" not in given:
            params["VALUE"] = ["text"]
        if name == "TEL" and value.lower().startswith(("tel:", "sip:", "sips:")):
            params["VALUE"] = ["uri"]
            return Property(name, value, params, group_of(given))
        if name == "EXPERTISE" and "LEVEL" in params:
            params["LEVEL"] = [_LEVELS.get(params["LEVEL"][0], params["LEVEL"][0])]
        entry = tables.ENTRIES.get(name)
        uri = entry is not None and entry.uri and "VALUE" not in params
        return Property(name, value if uri else escape(value), params, group_of(given))

    def _organization(self, given: Json, params: dict[str, list[str]]) -> Property:
        units = [each for each in given.get("units", []) if isinstance(each, dict)]
        parts = [str(given.get("name", "")), *(str(each.get("name", "")) for each in units)]
        sort = [str(given.get("sortAs", "")), *(str(each.get("sortAs", "")) for each in units)]
        if any(sort):
            params["SORT-AS"] = [",".join(sort).rstrip(",")]
        return Property("ORG", join_structured([part] for part in parts), params, group_of(given))

    def _params(self, collection: str, given: Json) -> dict[str, list[str]]:
        params = kept_params(given)
        types = params.pop("TYPE", [])
        contexts, features = given.get("contexts"), given.get("features")
        if collection in tables.WITH_CONTEXTS and isinstance(contexts, dict):
            types = [*(_TYPES[each] for each in contexts if each in _TYPES), *types]
        if collection == "phones" and isinstance(features, dict):
            types = [*(_FEATURES[each] for each in features if each in _FEATURES), *types]
        service = given.get("service")
        if given.get("vCardName") == "x-socialprofile":
            types = [*([service] if isinstance(service, str) else []), *types]
            params |= {"X-USER": [given["user"]]} if "uri" in given and isinstance(given.get("user"), str) else {}
        elif collection == "onlineServices" and not str(given.get("vCardName", "")).startswith("x-"):
            params |= {"SERVICE-TYPE": [service]} if isinstance(service, str) else {}
            params |= {"USERNAME": [given["user"]]} if "uri" in given and isinstance(given.get("user"), str) else {}
        pref, place = given.get("pref"), given.get("listAs")
        params |= {"PREF": [str(pref)]} if collection in tables.WITH_PREF and isinstance(pref, int) else {}
        params |= {"INDEX": [str(place)]} if collection in tables.LISTED and isinstance(place, int) else {}
        for member, name in (("mediaType", "MEDIATYPE"), ("level", "LEVEL")):
            params |= {name: [text]} if isinstance(text := given.get(member), str) else {}
        if collection == "notes":
            params |= _note_params(given)
        return params | ({"TYPE": types} if types else {})

    def _anniversary(self, key: str, given: Json) -> None:
        """RFC 9555 §2.5.1"""
        kind, date = given.get("kind"), given.get("date")
        name = next((name for name, each in tables.DATES.items() if each == kind), None)
        value = value_of(date) if isinstance(date, dict) else None
        if name is None or value is None or any(each.name == name for each in self.properties):
            return
        assert isinstance(date, dict)
        scale = date.get("calendarScale")
        params = {"PROP-ID": [key], **kept_params(given)}
        params |= {"CALSCALE": [scale]} if isinstance(scale, str) else {}
        self._add(name, value, params | ({"VALUE": ["timestamp"]} if "T" in value else {}), group_of(given))
        place = given.get("place")
        if kind in ("birth", "death") and isinstance(place, dict):
            named = "BIRTHPLACE" if kind == "birth" else "DEATHPLACE"
            if isinstance(full := place.get("full"), str):
                self._add(named, escape(full), {"PROP-ID": [key], **kept_params(place)}, group_of(place))
            elif isinstance(point := place.get("coordinates"), str):
                params = {"PROP-ID": [key], "VALUE": ["uri"], **kept_params(place)}
                self._add(named, point, params, group_of(place))

    def _sets(self) -> None:
        """Keywords, members and relations, whose keys are the values."""
        keywords, members = self.card.get("keywords"), self.card.get("members")
        if isinstance(keywords, dict) and keywords:
            self._add("CATEGORIES", join_text(keywords))
        for uri in members if isinstance(members, dict) else ():
            self._add("MEMBER", uri)
        for value, each in objects_of(self.card, "relatedTo"):
            relation = each.get("relation")
            params = kept_params(each)
            if isinstance(relation, dict) and relation:
                params["TYPE"] = list(relation)
            uri = ":" in value and not any(mark in value for mark in " \n,")
            params |= {} if uri else {"VALUE": ["text"]}
            self._add("RELATED", value if uri else escape(value), params, group_of(each))

    def _alternatives(self, collection: str, key: str, main: Property, given: Json) -> list[Property]:
        """What other languages say instead, each with the same ALTID."""
        altid = str(self.altid + 1)

        def of(card: Json) -> Json:
            return dict(objects_of(card, collection)).get(key, {})

        found = []
        if collection == "addresses":
            found = [
                each.changed(params={**each.params, "PROP-ID": [key]})
                for each in _spoken_only(self._structured_alternatives("ADR", given, of, ADDRESS, altid))
            ]
        for language, card in self.languages.items():
            other = self._written(collection, key, of(card)) if of(card) else None
            if other is not None and other.name == main.name and other.value != main.value:
                params = {**other.params, "ALTID": [altid], "LANGUAGE": [language]}
                found.append(Property(other.name, other.value, params, other.group))
        self.altid += bool(found)
        return found


class _FreeGroups:
    """Names of groups that no property has."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.known: dict[str, str] = {}
        self.number = 0

    def pop(self) -> str:
        """The next one."""
        self.number += 1
        return self.pop() if f"item{self.number}" in self.taken else f"item{self.number}"

    def named(self, what: str) -> str:
        """The one of a thing."""
        if what not in self.known:
            self.known[what] = self.pop()
        return self.known[what]


def _name_of(card: Json) -> Json:
    name = card.get("name")
    return name if isinstance(name, dict) else {}


def _sort_texts(name: Json) -> list[str]:
    sort = name.get("sortAs")
    return [str(sort.get(kind, "")) for kind in NAME.kinds] if isinstance(sort, dict) else []


def _structured(given: Json, layout: Layout) -> tuple[str, dict[str, list[str]]]:
    value, order = write_components(given, layout)
    return value, {**kept_params(given), **({"JSCOMPS": [order]} if order is not None else {})}


def _spoken(given: Json, layout: Layout, altid: str, language: str) -> list[tuple[str, dict[str, list[str]]]]:
    """How it is pronounced, as value and parameters. RFC 9554 §4.6, §4.8"""
    found = spoken(given)
    if found is None:
        return []
    system, script = given.get("phoneticSystem"), given.get("phoneticScript")
    params = {"ALTID": [altid], "PHONETIC": [system if isinstance(system, str) else "script"]}
    params |= {"SCRIPT": [script]} if isinstance(script, str) else {}
    return [(write_components(found, layout)[0], params | ({"LANGUAGE": [language]} if language else {}))]


def _spoken_only(given: list[Property]) -> list[Property]:
    return [each for each in given if "PHONETIC" in each.params]


def _free_groups(card: Json) -> _FreeGroups:
    taken, waiting = set[str](), list[Any]([card])
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(group := each.get("group"), str):
                taken.add(group.lower())
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return _FreeGroups(taken)


def _named(collection: str, given: Json) -> tuple[str, str | None]:
    """Name and value of the property for an object; no value when there is none for it."""
    written = str(given.get("vCardName", "")).upper()
    if collection == "onlineServices" and written in tables.MESSENGERS:
        return written, given.get("user")
    if collection == "onlineServices":
        name = written if written in ("IMPP", "X-SOCIALPROFILE") else "SOCIALPROFILE"
        return name, given.get("uri", given.get("user") if name != "IMPP" else None)
    kind = given.get("kind", _DEFAULTS.get(collection, ""))
    name = _KINDS.get((collection, kind)) or _KINDS.get((collection, ""), "")
    value = given.get(tables.ENTRIES[name].member) if name else None
    return name, value if isinstance(value, str) else None


def _note_params(given: Json) -> dict[str, list[str]]:
    author, params = given.get("author"), dict[str, list[str]]()
    if isinstance(author, dict):
        params |= {"AUTHOR-NAME": [author["name"]]} if isinstance(author.get("name"), str) else {}
        params |= {"AUTHOR": [author["uri"]]} if isinstance(author.get("uri"), str) else {}
    created = stamp_of(str(given.get("created", "")))
    return params | ({"CREATED": [created]} if created is not None else {})
