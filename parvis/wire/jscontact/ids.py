"""The keys of objects in the maps of a card: PROP-ID when it is given, else the name of the property and a number.
RFC 9555 §2.1.2, §2.3.18"""

from collections import defaultdict

from parvis.wire.contentlines import Property

from .shape import ID


class Ids:
    """The keys that were given out."""

    def __init__(self, properties: list[Property]) -> None:
        self._asked = {each.param("PROP-ID") for each in properties}
        self._given: dict[tuple[int, int], str] = {}
        self._used: dict[str, dict[str, str]] = defaultdict(dict)
        self._anniversaries: dict[str, str] = {}

    def of(self, given: Property, collection: str, at: int = 0) -> str:
        """The key of the object of a property, of its value at that place."""
        place = id(given), at
        if place not in self._given:
            asked = given.param("PROP-ID")
            free = at == 0 and ID.fullmatch(asked) is not None and asked not in self._used[collection]
            self._given[place] = asked if free else self._fresh(given.name, collection)
            self._used[collection][self._given[place]] = given.group.lower()
        return self._given[place]

    def of_anniversary(self, given: Property, kind: str) -> str:
        """The key of the birth, death or wedding, whose date and place are properties of their own."""
        if kind not in self._anniversaries:
            self._anniversaries[kind] = self.of(given, "anniversaries")
        return self._anniversaries[kind]

    def group_of(self, collection: str, key: str) -> str:
        """The group of the property that has this key, in lower case."""
        return self._used[collection].get(key, "")

    def _fresh(self, name: str, collection: str) -> str:
        number = 1
        while (key := f"{name}-{number}") in self._used[collection] or key in self._asked:
            number += 1
        return key
