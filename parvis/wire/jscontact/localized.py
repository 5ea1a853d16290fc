"""Which properties of a vCard say the same in several languages. RFC 6350 §5.4 (ALTID), RFC 9555 §2.3.11"""

from parvis.wire.contentlines import Component, Property

from .patch import Json, path_of

_ALWAYS_ONE = frozenset({"FN", "N"})


class Alternatives:
    """Properties that stand for another in another language."""

    def __init__(self, card: Component) -> None:
        self.pairs: list[tuple[Property, Property]] = []
        """An alternative and what it is one of."""
        language = card.value("LANGUAGE").strip().lower()
        alike: dict[tuple[str, str], list[Property]] = {}
        for each in card.properties:
            altid = each.param("ALTID")
            if altid or each.name in _ALWAYS_ONE:
                alike.setdefault((each.name, altid), []).append(each)
        for found in alike.values():
            main = self._main(found, language)
            self.pairs += [
                (each, main) for each in found if each is not main and (each.param("LANGUAGE") or is_phonetic(each))
            ]
        self._alternatives = {id(each) for each, _ in self.pairs}
        self._mains = {id(main) for _, main in self.pairs}

    def _main(self, found: list[Property], language: str) -> Property:
        plain = [each for each in found if not is_phonetic(each)] or found
        by_language = [each for each in plain if each.param("LANGUAGE").lower() in ("", language)]
        return min(by_language or plain[:1], key=lambda each: (bool(each.param("LANGUAGE")), len(each.params)))

    def is_alternative(self, given: Property) -> bool:
        """Whether another property is the main one."""
        return id(given) in self._alternatives

    def has_alternatives(self, given: Property) -> bool:
        """Whether it is the main one of several."""
        return id(given) in self._mains


def is_phonetic(given: Property) -> bool:
    """Whether it says how another is pronounced. RFC 9554 §4.6, §4.8"""
    return "PHONETIC" in given.params or "SCRIPT" in given.params


def phonetic_patch(path: list[str], present: Json, spoken: Json, given: Property) -> Json:
    """How the components of a name or an address are pronounced. RFC 9555 §2.3.15"""
    at = path_of(path)
    patch: Json = {}
    if (system := given.param("PHONETIC")) and system.lower() != "script":
        patch[f"{at}/phoneticSystem"] = system.lower()
    if script := given.param("SCRIPT"):
        patch[f"{at}/phoneticScript"] = script
    waiting = list(spoken.get("components", []))
    for place, component in enumerate(present.get("components", [])):
        found = next((each for each in waiting if each["kind"] == component["kind"]), None)
        if found is not None and found["kind"] != "separator":
            waiting.remove(found)
            patch[f"{at}/components/{place}/phonetic"] = found["value"]
    return patch
