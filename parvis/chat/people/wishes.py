"""What somebody wants to hear of in rooms: by their push rules, and of whom nothing. Of who is ignored nothing that
they say is told, nor whereto they invite; what they change of a room is (Matrix v1.19 Client-Server §Ignoring
Users)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.chat.people import data, rules
from parvis.chat.people.keys import Reader
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.push_rules import RuleSet

IGNORED = "m.ignored_user_list"


@dataclass(frozen=True, slots=True)
class Wishes:
    """As they are now."""

    rules: RuleSet
    ignored: frozenset[str]
    """User ids."""


async def of(db: Reader, principal: Principal) -> Wishes:
    """Somebody's wishes. One statement."""
    return (await of_people(db, [principal.id]))[principal.id]


async def of_people(db: Reader, people: Sequence[int]) -> dict[int, Wishes]:
    """Those of people, by principal id. One statement for 500 people."""
    found = await data.some(db, people, (rules.TYPE, IGNORED))
    return {person: _read(found.get(person, {})) for person in people}


_NONE = Wishes(RuleSet(), frozenset())


def _read(found: Mapping[str, Object]) -> Wishes:
    if not found:
        return _NONE
    return Wishes(rules.read(found.get(rules.TYPE, {})), _ignored(found.get(IGNORED, {})))


def _ignored(content: Object) -> frozenset[str]:
    """Nobody where the entry says nothing that is understood."""
    found = content.get("ignored_users")
    return frozenset(found) if isinstance(found, dict) else frozenset()
