"""Push rules: what somebody wants to be notified about (Matrix v1.19 Client-Server §Push Rules), how they change
that, and what of it is said about an event."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, get_args

import msgspec

from . import canonical, identifiers, push_conditions, push_defaults
from .canonical import Object
from .errors import BadMatrix
from .push_conditions import Condition, Happening

Kind = Literal["override", "content", "room", "sender", "underride"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are looked at."""
RULES_LIMIT = 1_000
"""Rules that somebody may have set."""
RULE_SIZE_LIMIT = 8_192
_NO_ACTIONS = ("dont_notify", "coalesce")
"""Words of old for doing nothing (Matrix v1.19 Client-Server §Historical Actions)."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that somebody set."""

    rule_id: str
    actions: list[Any]
    enabled: bool = True
    conditions: list[Object] | None = None
    """Of the kinds `override` and `underride`."""
    pattern: str | None = None
    """Of the kind `content`."""

    def shown(self) -> Object:
        """As clients see it."""
        found: Object = {
            "rule_id": self.rule_id,
            "default": False,
            "enabled": self.enabled,
            "actions": self.actions,
        }
        if self.conditions is not None:
            found["conditions"] = self.conditions
        if self.pattern is not None:
            found["pattern"] = self.pattern
        return found


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody changed about a rule that everybody has."""

    enabled: bool | None = None
    actions: list[Any] | None = None


class RuleSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has set. Nothing of it is ever changed; each function gives another."""

    rules: dict[Kind, list[Rule]] = {}
    """The more important first."""
    changes: dict[str, Change] = {}
    """By the id of a rule that everybody has."""

    def shown(self, user_id: str) -> dict[str, list[Object]]:
        """All rules of a user, the more important first in each kind: those that everybody has are behind those
        that the user set, save `.m.rule.master`, which is before them."""
        found: dict[str, list[Object]] = {
            kind: [rule.shown() for rule in self.rules.get(kind, [])] for kind in KINDS
        }
        master, *others = map(self._changed, push_defaults.override(user_id))
        found["override"] = [master, *found["override"], *others]
        found["underride"] += map(self._changed, push_defaults.underride())
        return found

    def _changed(self, rule: Object) -> Object:
        change = self.changes.get(rule["rule_id"], Change())
        enabled = rule["enabled"] if change.enabled is None else change.enabled
        return {
            **rule,
            "enabled": enabled,
            "actions": rule["actions"] if change.actions is None else change.actions,
        }

    def get(self, user_id: str, kind: str, rule_id: str) -> Object:
        """One rule as clients see it. Raises BadMatrix with `M_NOT_FOUND`."""
        for rule in self.shown(user_id)[_kind(kind)]:
            if rule["rule_id"] == rule_id:
                return rule
        raise BadMatrix("There is no such rule", errcode="M_NOT_FOUND", field="rule_id")

    def put(self, kind: str, rule_id: str, body: object, *, before: str = "", after: str = "") -> "RuleSet":
        """Adds a rule, or gives another meaning to one that is there; it comes directly before or after another
        rule of the user, and first when it is new and neither is said. Raises BadMatrix."""
        known = _kind(kind)
        rules = list(self.rules.get(known, []))
        place, old = next(((at, each) for at, each in enumerate(rules) if each.rule_id == rule_id), (0, None))
        rule = _read(known, rule_id, body, enabled=old.enabled if old else True)
        if old is None and sum(map(len, self.rules.values())) >= RULES_LIMIT:
            raise BadMatrix(f"More than {RULES_LIMIT} rules", errcode="M_TOO_LARGE")
        if old is not None:
            del rules[place]
        if before or after:
            place = _place(rules, before or after) + (0 if before else 1)
        rules.insert(place, rule)
        return self._with(known, rules)

    def delete(self, kind: str, rule_id: str) -> "RuleSet":
        """Takes a rule away that the user set. Raises BadMatrix with `M_NOT_FOUND`."""
        known = _kind(kind)
        rules = [each for each in self.rules.get(known, []) if each.rule_id != rule_id]
        if len(rules) == len(self.rules.get(known, [])):
            raise BadMatrix("There is no such rule", errcode="M_NOT_FOUND", field="rule_id")
        return self._with(known, rules)

    def carried(self, before: str, now: str) -> "RuleSet":
        """The same with the rules that are about one room alone for another too: those of the kind `room`, and
        those of other kinds that are named after it."""
        known = {kind: {each.rule_id for each in rules} for kind, rules in self.rules.items()}
        kinds = [kind for kind, names in known.items() if before in names and now not in names]
        if not kinds or sum(map(len, self.rules.values())) + len(kinds) > RULES_LIMIT:
            return self
        found = {**self.rules}
        for kind in kinds:
            place = _place(found[kind], before)
            found[kind] = [*found[kind][:place], _about(found[kind][place], now), *found[kind][place:]]
        return RuleSet(found, self.changes)

    def enable(self, kind: str, rule_id: str, enabled: object) -> "RuleSet":
        """Switches a rule on or off, also one that everybody has. Raises BadMatrix."""
        if not isinstance(enabled, bool):
            raise BadMatrix("Neither true nor false", field="enabled")
        return self._set(_kind(kind), rule_id, Change(enabled=enabled))

    def act(self, kind: str, rule_id: str, actions: object) -> "RuleSet":
        """Gives a rule other actions, also one that everybody has. Raises BadMatrix."""
        return self._set(_kind(kind), rule_id, Change(actions=_actions(actions)))

    def _set(self, kind: Kind, rule_id: str, change: Change) -> "RuleSet":
        if rule_id.startswith("."):
            self.get("@:", kind, rule_id)
            merged = msgspec.structs.replace(self.changes.get(rule_id, Change()), **_said(change))
            return RuleSet(self.rules, {**self.changes, rule_id: merged})
        rules = list(self.rules.get(kind, []))
        place = next((at for at, each in enumerate(rules) if each.rule_id == rule_id), None)
        if place is None:
            raise BadMatrix("There is no such rule", errcode="M_NOT_FOUND", field="rule_id")
        rules[place] = msgspec.structs.replace(rules[place], **_said(change))
        return self._with(kind, rules)

    def _with(self, kind: Kind, rules: list[Rule]) -> "RuleSet":
        return RuleSet({**self.rules, kind: rules}, self.changes)


def _about(rule: Rule, room_id: str) -> Rule:
    """A rule about a room, for another."""
    of_room = ("room_id", rule.rule_id)
    conditions = rule.conditions and [
        {**each, "pattern": room_id} if (each.get("key"), each.get("pattern")) == of_room else each
        for each in rule.conditions
    ]
    return msgspec.structs.replace(rule, rule_id=room_id, conditions=conditions)


def _said(change: Change) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}


def _place(rules: list[Rule], rule_id: str) -> int:
    for place, rule in enumerate(rules):
        if rule.rule_id == rule_id:
            return place
    raise BadMatrix("The rule before or after is not known", errcode="M_UNKNOWN", field="before")


def _kind(text: str) -> Kind:
    for kind in KINDS:
        if kind == text:
            return kind
    raise BadMatrix("There is no such kind of rule", errcode="M_INVALID_PARAM", field="kind")


def _read(kind: Kind, rule_id: str, body: object, *, enabled: bool) -> Rule:
    if not rule_id or rule_id.startswith(".") or "/" in rule_id or "\\" in rule_id or len(rule_id) > 255:
        raise BadMatrix("Not the id of a rule", errcode="M_INVALID_PARAM", field="rule_id")
    if kind == "room":
        identifiers.room_id(rule_id, "rule_id")
    if kind == "sender":
        identifiers.user_id(rule_id, "rule_id")
    if not isinstance(body, dict) or "actions" not in body:
        raise BadMatrix("Actions are missing", errcode="M_MISSING_PARAM", field="actions")
    if len(canonical.encode(body)) > RULE_SIZE_LIMIT:
        raise BadMatrix(f"A rule of more than {RULE_SIZE_LIMIT} bytes", errcode="M_TOO_LARGE")
    pattern = body.get("pattern")
    if kind == "content" and not isinstance(pattern, str):
        raise BadMatrix("A pattern is missing", errcode="M_MISSING_PARAM", field="pattern")
    conditional = kind in ("override", "underride")
    return Rule(
        rule_id,
        _actions(body["actions"]),
        enabled,
        _conditions(body.get("conditions", [])) if conditional else None,
        pattern if kind == "content" else None,
    )


def _conditions(conditions: object) -> list[Object]:
    if not isinstance(conditions, list):
        raise BadMatrix("Not a list of conditions", errcode="M_INVALID_PARAM", field="conditions")
    for each in conditions:
        if not isinstance(each, dict) or not isinstance(each.get("kind"), str):
            raise BadMatrix("Not a condition", errcode="M_INVALID_PARAM", field="conditions")
    return conditions


def _actions(actions: object) -> list[Any]:
    """Actions without those that mean nothing."""
    if not isinstance(actions, list):
        raise BadMatrix("Not a list of actions", errcode="M_INVALID_PARAM", field="actions")
    for each in actions:
        if not isinstance(each, str) and not (isinstance(each, dict) and isinstance(each.get("set_tweak"), str)):
            raise BadMatrix("Not an action", errcode="M_INVALID_PARAM", field="actions")
    if len(canonical.encode(actions)) > RULE_SIZE_LIMIT:
        raise BadMatrix(f"A rule of more than {RULE_SIZE_LIMIT} bytes", errcode="M_TOO_LARGE")
    return [each for each in actions if each not in _NO_ACTIONS]


class Outcome(msgspec.Struct, frozen=True):
    """What a rule says about an event."""

    rule_id: str
    actions: list[Any]
    notify: bool
    highlight: bool
    """Whether the event is one that calls somebody."""
    sound: str

    @classmethod
    def of(cls, rule_id: str, actions: list[Any]) -> "Outcome":
        """What actions mean (Matrix v1.19 Client-Server §Actions)."""
        tweaks = {each["set_tweak"]: each.get("value", True) for each in actions if isinstance(each, dict)}
        sound = tweaks.get("sound")
        notify = "notify" in actions
        return cls(
            rule_id, actions, notify, tweaks.get("highlight") is True, sound if isinstance(sound, str) else ""
        )


class Rules:
    """All rules of a user, read once, to be asked about many events."""

    __slots__ = ("_rules", "_user_id")

    def __init__(self, rule_set: RuleSet, user_id: str) -> None:
        self._user_id = user_id
        self._rules = list(_compiled(rule_set.shown(user_id)))

    def about(self, happening: Happening, display_name: str = "") -> Outcome | None:
        """What the first rule that matches says; None where none does, and about what the user sent (Matrix v1.19
        Client-Server §Push Rules)."""
        if happening.sender == self._user_id:
            return None
        answers = happening.answers
        for conditions, outcome in self._rules:
            for condition in conditions:
                held = answers.get(condition)
                if not (condition.holds(happening, display_name) if held is None else held):
                    break
            else:
                return outcome
        return None


def _compiled(rules: dict[str, list[Object]]) -> Iterator[tuple[tuple[Condition, ...], Outcome]]:
    for kind in KINDS:
        for rule in rules[kind]:
            if rule["enabled"]:
                conditions = tuple(push_conditions.read(each) for each in _conditions_of(kind, rule))
                yield conditions, _outcome(rule["rule_id"], canonical.encode(_actions(rule["actions"])))


@lru_cache(maxsize=4_096)
def _outcome(rule_id: str, actions: bytes) -> Outcome:
    return Outcome.of(rule_id, msgspec.json.decode(actions))


def _conditions_of(kind: Kind, rule: Object) -> list[Object]:
    match kind:
        case "content":
            return [{"kind": "event_match", "key": "content.body", "pattern": rule["pattern"]}]
        case "room":
            return [{"kind": "event_property_is", "key": "room_id", "value": rule["rule_id"]}]
        case "sender":
            return [{"kind": "event_property_is", "key": "sender", "value": rule["rule_id"]}]
    conditions: list[Object] = rule.get("conditions") or []
    return conditions
