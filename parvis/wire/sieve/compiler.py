"""From the tree of calls to checked nodes: every command, test, tag and argument is known, of the right type and
required (RFC 5228 §2.10.5, §3.2), so that a run can only fail for what is not in the script."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .compare import COMPARATORS, PLAIN, RELATIONS, Match
from .language import CAPABILITIES, COMMANDS, TESTS
from .model import LIMITS, Fault, Limits, SieveError
from .spec import MATCHING, Kind, Node, Positional, Spec, Tag, Value
from .syntax import Argument, Call, Parser, Source
from .texts import Text, decode_characters, template_of

_KINDS = {"string": "a string", "strings": "a list of strings", "number": "a number", "tag": "a tag"}
_NOT_BY_IHAVE = frozenset({"variables", "encoded-character"})
"""They change how the script is read, so `ihave` cannot bring them (RFC 5463 §4)."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Script:
    """A script that can be run."""

    nodes: tuple[Node, ...]
    extensions: frozenset[str]
    limits: Limits


def compile_script(source: str | bytes, limits: Limits = LIMITS, extras: Iterable[Spec] = ()) -> Script:
    """Reads and checks a script. `extras` are commands and tests beside those of the language; what they need can
    be required. Raises SieveError with every fault found (a fault of grammar ends the search)."""
    return Checker(source, limits, tuple(extras)).script()


class Checker:
    """The check of one script."""

    def __init__(self, source: str | bytes, limits: Limits, extras: tuple[Spec, ...]) -> None:
        self.source = Source(source, limits)
        self.limits = limits
        self.faults: list[Fault] = []
        self.extensions: set[str] = set()
        self.doubtful = False
        """Did an `ihave` ask for what is not there? Then faults are told when they are reached (RFC 5463 §4)."""
        self.loops: list[str] = []
        """Names of the `foreverypart` loops around."""
        self.variables: set[str] = set()
        """Variables that were `set` so far."""
        self.commands: Mapping[str, Spec] = {**COMMANDS} | {spec.name: spec for spec in extras if spec.perform}
        self.tests: Mapping[str, Spec] = {**TESTS} | {spec.name: spec for spec in extras if spec.decide}
        self.capabilities = CAPABILITIES | {name for spec in extras for name in spec.needs}

    def script(self) -> Script:
        """The checked script."""
        calls = Parser(self.source, self.limits).script()
        body = 0
        while body < len(calls) and calls[body].name == "require":
            self._require(calls[body])
            body += 1
        nodes = self._block(calls[body:])
        if self.faults:
            raise SieveError(*sorted(self.faults))
        return Script(nodes, frozenset(self.extensions), self.limits)

    def fault(self, node: Node, sentence: str) -> None:
        """Notes a fault of a command or test."""
        self._note(Fault(node.line, node.column, sentence))

    def declare(self, node: Node, name: str) -> None:
        """Notes that a variable is set."""
        if name not in self.variables:
            self.variables.add(name)
            if len(self.variables) == self.limits.variables + 1:
                self.fault(node, f"More than {self.limits.variables} variables are set.")

    def enable(self, names: Iterable[str]) -> bool:
        """What a true `ihave` does from here on; whether all of these are there (RFC 5463 §4)."""
        wanted = set(names)
        if wanted - self.extensions <= self.capabilities - _NOT_BY_IHAVE:
            self.extensions |= wanted
            return True
        self.doubtful = True
        return False

    def _note(self, fault: Fault) -> None:
        self.faults.append(fault)
        if len(self.faults) >= self.limits.faults:
            raise SieveError(*sorted(self.faults))

    def _fault(self, place: int, sentence: str) -> None:
        self._note(self.source.fault(place, sentence))

    def _require(self, call: Call) -> None:
        """RFC 5228 §3.2"""
        if call.tests or call.block is not None or len(call.arguments) != 1:
            self._fault(call.start, "'require' takes one list of strings and nothing else.")
            return
        argument = call.arguments[0]
        if argument.kind not in ("string", "strings"):
            self._fault(argument.start, f"'require' takes a list of strings, not {_KINDS[argument.kind]}.")
            return
        for name in argument.texts:
            if name in self.capabilities:
                self.extensions.add(name)
            else:
                self._fault(argument.start, f"The extension '{name[:60]}' is not supported.")

    def _block(self, calls: tuple[Call, ...]) -> tuple[Node, ...]:
        nodes: list[Node] = []
        before = ""
        for call in calls:
            if call.name in ("elsif", "else") and before not in ("if", "elsif"):
                self._fault(call.start, f"'{call.name}' does not follow an 'if' or 'elsif'.")
            known = len(self.faults)
            node = self._node(call, self.commands, "command")
            if node is not None and len(self.faults) == known:
                nodes.append(node)
            elif self.doubtful:
                sentence = self.faults[known].sentence
                del self.faults[known:]
                nodes.append(self._deferred(call, sentence))
            before = call.name
        return tuple(nodes)

    def _deferred(self, call: Call, sentence: str) -> Node:
        """An error when it is reached, in place of a command that is not understood."""
        at = self.source.fault(call.start, sentence)
        return Node(self.commands["error"], at.line, at.column, call.name, values=((sentence,),))

    def _node(self, call: Call, known: Mapping[str, Spec], what: str) -> Node | None:
        """A checked command or test, `None` when there is a fault in it. One fault of it is told, and those within
        its tests and its block."""
        spec = self._spec(call, known, what)
        before = len(self.faults)
        head = None if spec is None else self._head(call, spec)
        if head is not None and len(self.faults) == before:
            if head.spec.check is not None:
                head.spec.check(self, head)
            if (call.block is None) == head.spec.block:
                self._fault(call.start, f"'{call.name}' {'needs a' if head.spec.block else 'takes no'} block.")
        if call.block is None or head is None:
            return head
        if call.name == "foreverypart":
            self.loops.append("".join(head.constant_tag("name")))
        block = self._block(call.block)
        if call.name == "foreverypart":
            self.loops.pop()
        return replace(head, block=block)

    def _spec(self, call: Call, known: Mapping[str, Spec], what: str) -> Spec | None:
        """The declaration of a command or test that may be used here."""
        spec = known.get(call.name)
        if spec is None:
            other = "test" if what == "command" else "command"
            if call.name == "require":
                self._fault(call.start, "'require' stands before all other commands.")
            elif call.name in (self.tests if what == "command" else self.commands):
                self._fault(call.start, f"'{call.name}' is a {other}, not a {what}.")
            else:
                self._fault(call.start, f"The {what} '{call.name[:40]}' is not known.")
        elif spec.needs and not self.extensions.intersection(spec.needs):
            self._fault(call.start, f"'{call.name}' needs {_required(spec.needs)}.")
            return None
        return spec

    def _head(self, call: Call, spec: Spec) -> Node | None:
        """A command or test without its block."""
        before = len(self.faults)
        if spec.tests == "none" and call.tests:
            first = call.tests[0]
            mark = ":" if any(tag.name == first.name for tag in _tags(spec)) else ";"
            sentence = f"'{call.name}' takes no tests; is a '{mark}' missing before '{first.name[:40]}'?"
            self._fault(first.start, sentence)
            return None
        tags, positional = self._sorted(call, spec)
        if len(self.faults) > before:
            return None
        values = self._positional(call, spec, positional)
        if values is None:
            return None
        tests = self._tests(call, spec)
        match = self._match(call, spec, tags)
        at = self.source.fault(call.start, "")
        return Node(spec, at.line, at.column, self._shown(call), tags, values, tests, (), match)

    def _shown(self, call: Call) -> str:
        text = " ".join(self.source.text[call.start : call.end][: _SHOWN * 2].split())
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def _tests(self, call: Call, spec: Spec) -> tuple[Node, ...]:
        count = len(call.tests)
        if spec.tests == "one" and count != 1:
            self._fault(call.start, f"'{call.name}' takes one test, not {count}.")
            return ()
        if spec.tests == "many" and not count:
            self._fault(call.start, f"'{call.name}' takes a list of tests.")
        return tuple(node for test in call.tests if (node := self._node(test, self.tests, "test")) is not None)

    def _sorted(self, call: Call, spec: Spec) -> tuple[dict[str, Value], list[Argument]]:
        """Tags with what they take, and the arguments that belong to no tag."""
        known = {tag.name: tag for tag in _tags(spec)}
        tags: dict[str, Value] = {}
        positional: list[Argument] = []
        waiting = list(reversed(call.arguments))
        while waiting:
            argument = waiting.pop()
            if argument.kind != "tag":
                positional.append(argument)
                continue
            name = argument.texts[0]
            tag = known.get(name)
            if tag is None:
                self._fault(argument.start, f"'{call.name}' has no tag ':{name[:40]}'.")
                break
            if positional:
                self._fault(argument.start, f"':{name}' stands after an argument of '{call.name}'.")
                break
            self._tag(call, tag, argument, tags, known)
            if tag.takes is not None:
                value = self._value(tag.takes, waiting.pop() if waiting else None)
                if value is None:
                    self._fault(argument.start, f"':{name}' of '{call.name}' takes {_KINDS[tag.takes]}.")
                    break
                tags[name] = value
        return tags, positional

    def _tag(self, call: Call, tag: Tag, at: Argument, tags: dict[str, Value], known: Mapping[str, Tag]) -> None:
        if tag.needs and tag.needs not in self.extensions:
            self._fault(at.start, f"':{tag.name}' of '{call.name}' needs {_required((tag.needs,))}.")
        if tag.name in tags:
            self._fault(at.start, f"':{tag.name}' of '{call.name}' stands twice.")
        elif tag.group and any(known[name].group == tag.group for name in tags):
            self._fault(at.start, f"':{tag.name}' of '{call.name}' is a second {tag.group}.")
        tags[tag.name] = True

    def _positional(self, call: Call, spec: Spec, given: list[Argument]) -> tuple[Value | None, ...] | None:
        """Positional arguments in their places; `None` when they are not as they should be."""
        wanted: tuple[Positional, ...] = spec.arguments
        missing = len(wanted) - len(given)
        if missing < 0 or missing > sum(place.optional for place in wanted):
            names = ", ".join(place.label for place in wanted) or "no arguments"
            self._fault(call.start, f"'{call.name}' takes {names}; it has {len(given)} argument(s).")
            return None
        values: list[Value | None] = []
        waiting, known = list(reversed(given)), len(self.faults)
        for place in wanted:
            if place.optional and missing > 0:
                missing -= 1
                values.append(None)
                continue
            argument = waiting.pop()
            value = self._value(place.kind, argument)
            if value is None:
                what = f"{_KINDS[place.kind]} ({place.label})"
                self._fault(argument.start, f"'{call.name}' takes {what} here, not {_KINDS[argument.kind]}.")
                break
            values.append(value)
        return tuple(values) if len(self.faults) == known else None

    def _value(self, kind: Kind, argument: Argument | None) -> Value | None:
        if argument is None or (kind == "number") != (argument.kind == "number") or argument.kind == "tag":
            return None
        if kind == "number":
            return argument.number
        if kind == "string" and argument.kind != "string":
            return None
        return tuple(self._text(text, argument) for text in argument.texts)

    def _text(self, text: str, argument: Argument) -> Text:
        try:
            if "encoded-character" in self.extensions:
                text = decode_characters(text)
            if "variables" in self.extensions:
                return template_of(text, frozenset({"global"}) if "include" in self.extensions else frozenset())
        except ValueError as error:
            self._fault(argument.start, str(error))
        return text

    def _match(self, call: Call, spec: Spec, tags: dict[str, Value]) -> Match:
        """Match type and comparator of a test (RFC 5228 §2.7)."""
        if not spec.matching:
            return PLAIN
        kind = next((tag.name for tag in MATCHING[:-1] if tag.name in tags), "is")
        relation = ""
        if kind in ("value", "count"):
            relation = _only(tags[kind]).lower()
            if relation not in RELATIONS:
                self._fault(call.start, f"':{kind}' takes one of gt, ge, lt, le, eq, ne.")
                relation = "eq"
        comparator = _only(tags["comparator"]) if "comparator" in tags else "i;ascii-casemap"
        needs = COMPARATORS.get(comparator)
        if needs is None:
            self._fault(call.start, f"The comparator '{comparator[:40]}' is not known.")
        elif needs and needs not in self.extensions:
            self._fault(call.start, f"The comparator '{comparator}' needs {_required((needs,))}.")
        elif kind == "list" and "comparator" in tags:
            self._fault(call.start, "':list' takes no comparator.")
        elif comparator == "i;ascii-numeric" and kind in ("contains", "matches"):
            self._fault(call.start, f"The comparator '{comparator}' cannot be used with ':{kind}'.")
        return Match(kind, relation, comparator)


def _tags(spec: Spec) -> tuple[Tag, ...]:
    return (*spec.tags, *MATCHING) if spec.matching else spec.tags


def _only(value: Value) -> str:
    """The constant string of a tag; empty when it is none."""
    return value[0] if isinstance(value, tuple) and value and isinstance(value[0], str) else ""


def _required(names: tuple[str, ...]) -> str:
    return "require " + " or ".join(f'"{name}"' for name in names)
