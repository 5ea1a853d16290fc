"""A vCard as a card of JSContact. What JSContact has no word for is kept in `vCardProps` and `vCardParams`.
RFC 9555 §2"""

import hashlib
import re
from typing import Any

import msgspec

from parvis.kernel.errors import Invalid
from parvis.wire import contentlines, vcard
from parvis.wire.contentlines import Component, Property

from .jcard import as_jcard
from .localized import Alternatives, is_phonetic, phonetic_patch
from .patch import DEPTH, Json, apply_patch, difference, path_of, tokens_of
from .properties import LANGUAGE, Converting, geographical

_APART = frozenset({"VERSION", "X-ABLABEL", "JSPROP"})


def from_vcard(card: Component) -> Json:
    """The card as JSContact 1.0. One without UID gets one that is the same each time (RFC 9555 §2.1.1)."""
    return _Reading(vcard.to_version(card, "4.0")).done()


def _made_uid(card: Component) -> str:
    """A UUID of the content (RFC 9562 §5.8)."""
    digest = bytearray(hashlib.sha256(contentlines.write(card)).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return "urn:uuid:" + re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digest.hex())


class _Reading:
    """A card on its way."""

    def __init__(self, source: Component) -> None:
        self.source = source
        self.alternatives = Alternatives(source)
        self.converting = Converting(source.properties, self.alternatives)
        self.card: Json = {"@type": "Card", "version": "1.0"}

    def done(self) -> Json:
        """The card."""
        for each in self.source.properties:
            if each.name not in _APART and not self.alternatives.is_alternative(each):
                self._take(each)
        for label in self.converting.groups.labels_for_nothing():
            self._keep(label)
        self._locate()
        self._localize()
        self._apply_jsprops()
        if not self.card.get("uid"):
            self.card["uid"] = _made_uid(self.source)
        return self.card

    def _take(self, given: Property) -> None:
        found = self.converting.convert(given)
        if found is None:
            self._keep(given)
            return
        for path, value in found:
            self._assign(path, value)

    def _assign(self, path: list[str], value: Any) -> None:
        place = self.card
        for token in path[:-1]:
            place = place.setdefault(token, {})
        present = place.get(path[-1])
        if isinstance(present, dict) and isinstance(value, dict):
            present.update(value)
        else:
            place[path[-1]] = value

    def _keep(self, given: Property) -> None:
        """RFC 9555 §2.15.1"""
        self.card.setdefault("vCardProps", []).append(as_jcard(given))

    def _locate(self) -> None:
        """GEO and TZ belong to the address of their group, else to the first. RFC 9555 §2.8.3"""
        ids = self.converting.ids
        for given in self.source.every("GEO", "TZ"):
            read = geographical(given)
            if read is None:
                self._keep(given)
                continue
            member, value = read
            addresses = self.card.setdefault("addresses", {})
            alike = [key for key in addresses if ids.group_of("addresses", key) == given.group.lower()]
            key = next((key for key in alike if member not in addresses[key]), None)
            if key is None:
                key = ids.of(given, "addresses")
            addresses.setdefault(key, {})[member] = value

    def _localize(self) -> None:
        """Alternatives in other languages are patches of what they are alternatives of. RFC 9555 §2.3.11"""
        for given, main in self.alternatives.pairs:
            patch = self._patch_of(given, main)
            language = given.param("LANGUAGE")
            if patch is None or (language and not LANGUAGE.match(language)):
                self._keep(given)
            elif not language:
                self.card = apply_patch(self.card, patch)
            elif patch:
                self.card.setdefault("localizations", {}).setdefault(language, {}).update(patch)

    def _patch_of(self, given: Property, main: Property) -> Json | None:
        found = self.converting.convert(given, main)
        if not found:
            return None
        patch: Json = {}
        for path, value in found:
            present = self._at(path)
            if present is None:
                return None
            if is_phonetic(given):
                patch |= phonetic_patch(path, present, value, given)
            elif isinstance(present, dict):
                changes = difference(present, value)
                patch |= {f"{path_of(path)}/{at}": each for at, each in changes.items() if each is not None}
            else:
                patch[path_of(path)] = value
        return patch

    def _at(self, path: list[str]) -> Any:
        place: Any = self.card
        for token in path:
            place = place.get(token) if isinstance(place, dict) else None
        return place

    def _apply_jsprops(self) -> None:
        """All or nothing. RFC 9555 §3.2.1"""
        given = self.source.every("JSPROP")
        if not given:
            return
        try:
            patch = {each.param("JSPTR").removeprefix("/"): _json_of(each) for each in given}
            if any(tokens_of(path)[0] in ("@type", "") for path in patch):
                raise Invalid("A card stays one.")
            self.card = apply_patch(self.card, patch)
        except Invalid:
            for each in given:
                self._keep(each)


def _json_of(given: Property) -> Any:
    try:
        value = msgspec.json.decode(given.text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise Invalid("That is no JSON.") from None
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise Invalid(f"It is deeper than {DEPTH}.")
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return value
