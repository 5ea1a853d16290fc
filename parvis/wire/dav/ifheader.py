"""The If header. RFC 4918 §10.4

If: <http://…/a> (<urn:uuid:…> ["tag"]) (Not <DAV:no-lock>)
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parvis.kernel.errors import Invalid, TooLarge

MOST_BYTES = 16_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<not>Not\b)|<(?P<uri>[^<>\s]{1,2000})>|\[\s*(?P<tag>(?:W/)?"[^"]{0,500}")\s*\])""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One state token or entity tag, perhaps negated."""

    negated: bool
    token: str = ""
    etag: str = ""
    """Opaque, without quotes; a weak tag keeps its `W/` and so matches none of ours."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """Conditions that must all hold for `resource`; "" is the resource of the request."""

    resource: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class If:
    """The header: true when one of its lists is."""

    lists: tuple[ListOf, ...]

    def tokens(self) -> frozenset[str]:
        """Every state token that was submitted, also in lists that are false. RFC 4918 §10.4.1"""
        return frozenset(each.token for one in self.lists for each in one.conditions if each.token)

    def resources(self) -> frozenset[str]:
        """The URIs that lists are tagged with."""
        return frozenset(one.resource for one in self.lists if one.resource)

    def holds(self, state: Callable[[str], tuple[str, frozenset[str]]]) -> bool:
        """Whether it is true; `state` gives entity tag and lock tokens of a resource."""
        return any(all(_met(each, *state(one.resource)) for each in one.conditions) for one in self.lists)


def _met(condition: Condition, etag: str, tokens: frozenset[str]) -> bool:
    found = condition.token in tokens if condition.token else bool(etag) and condition.etag == etag
    return found is not condition.negated


def parse(given: str) -> If:
    """Reads the header. Raises Invalid, TooLarge."""
    if len(given) > MOST_BYTES:
        raise TooLarge("the If header is too long", limit=MOST_BYTES)
    lists: list[ListOf] = []
    resource, tagged = "", False
    words = _words(given)
    for kind, word in words:
        if kind == "uri" and (tagged or not lists):
            resource, tagged = word, True
            kind, _ = next(words, ("", ""))
        if kind != "open":
            raise Invalid("the If header is malformed", field="If")
        lists.append(ListOf(resource, tuple(_conditions(words))))
    if not lists:
        raise Invalid("the If header is empty", field="If")
    return If(tuple(lists))


def _words(given: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(given.rstrip())
    while place < end:
        match = _TOKEN.match(given, place)
        if match is None or match.lastgroup is None:
            raise Invalid("the If header is malformed", field="If")
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


def _conditions(words: Iterator[tuple[str, str]]) -> Iterator[Condition]:
    """What stands between two brackets: at least one."""
    negated, count = False, 0
    for kind, word in words:
        if kind == "close":
            if negated or not count:
                break
            return
        if kind == "not" and not negated:
            negated = True
            continue
        if kind not in ("uri", "tag"):
            break
        yield Condition(negated, word, "") if kind == "uri" else Condition(negated, "", _opaque(word))
        negated, count = False, count + 1
    raise Invalid("the If header is malformed", field="If")


def _opaque(tag: str) -> str:
    return tag if tag.startswith(("W/", "w/")) else tag[1:-1]
