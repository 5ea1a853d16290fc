"""What somebody wants to hear of in rooms: by their push rules, and of whom nothing. Of who is ignored nothing that
they say is told, nor whereto they invite; what they change of a room is (Matrix v1.19 Client-Server §Ignoring
Users)."""

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
    found = await data.some(db, principal, (rules.TYPE, IGNORED))
    return Wishes(rules.read(found.get(rules.TYPE, {})), _ignored(found.get(IGNORED, {})))


def _ignored(content: Object) -> frozenset[str]:
    """Nobody where the entry says nothing that is understood."""
    found = content.get("ignored_users")
    return frozenset(found) if isinstance(found, dict) else frozenset()
