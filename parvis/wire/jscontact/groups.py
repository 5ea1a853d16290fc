"""Properties of a vCard that belong together by the group before their name: labels, titles of an organization.
RFC 9555 §2.3.9, §2.9.6, §2.11.11"""

from collections import defaultdict

from parvis.wire.contentlines import Property

from .tables import APPLE_LABEL, APPLE_LABELS, ENTRIES, LABELLED

LABEL = "X-ABLABEL"
_JOBS = frozenset({"TITLE", "ROLE"})
_ADDRESSES = frozenset({"ADR", "GEO", "TZ"})


class Groups:
    """The groups of a card."""

    def __init__(self, properties: list[Property]) -> None:
        self.members: dict[str, list[Property]] = defaultdict(list)
        self.labels: dict[str, list[Property]] = defaultdict(list)
        for each in properties:
            if each.name == LABEL:
                self.labels[each.group.lower()].append(each)
            elif each.group:
                self.members[each.group.lower()].append(each)

    def label_of(self, given: Property) -> str:
        """The label of a property that can have one."""
        if not given.group or not self._can_have(given) or len(self.labels[given.group.lower()]) != 1:
            return ""
        return read_label(self.labels[given.group.lower()][0].text)

    def labels_for_nothing(self) -> list[Property]:
        """Labels that no object can have."""
        return [
            label
            for group, labels in self.labels.items()
            for label in labels
            if len(labels) > 1 or not any(self._can_have(each) for each in self.members[group])
        ]

    def organization_of(self, given: Property) -> Property | None:
        """The only ORG of the group of a TITLE or ROLE."""
        if not given.group:
            return None
        found = [each for each in self.members[given.group.lower()] if each.name == "ORG"]
        return found[0] if len(found) == 1 else None

    def kept(self, given: Property) -> str:
        """The group as it has to be kept; empty when what it says is said otherwise."""
        if not given.group:
            return ""
        group = given.group.lower()
        names = [each.name for each in self.members[group]]
        labelled = len(self.labels[group]) == 1
        if len(names) == 1 and labelled and self._can_have(given):
            return ""
        if not self.labels[group]:
            jobs = names.count("ORG") == 1 and len(names) > 1 and set(names) <= {*_JOBS, "ORG"}
            place = names.count("ADR") == 1 and len(names) > 1 and set(names) <= _ADDRESSES
            if jobs or (place and len(set(names)) == len(names)):
                return ""
        return given.group

    def _can_have(self, given: Property) -> bool:
        entry = ENTRIES.get(given.name)
        return entry is not None and entry.collection in LABELLED


def read_label(text: str) -> str:
    """A label without the marks by which Apple translates it."""
    match = APPLE_LABEL.match(text)
    return match[1] if match is not None and match[1] in APPLE_LABELS else text


def write_label(label: str) -> str:
    """A label as Apple writes it."""
    return f"_$!<{label}>!$_" if label in APPLE_LABELS else label
