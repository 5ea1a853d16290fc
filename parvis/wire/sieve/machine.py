"""The run of a script: its state, the steps it may take, and what comes out (RFC 5228 §2.10)."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

from msgspec.structs import replace

from .compare import Keys, Match, related
from .compiler import Script, compile_script
from .content import Entity
from .headers import Headers
from .model import (
    Action,
    Context,
    Discard,
    Fault,
    FileInto,
    Held,
    Keep,
    Mail,
    Marked,
    Notify,
    Outcome,
    Redirect,
    Reject,
    SieveError,
    Step,
    Tracked,
    Vacation,
)
from .signals import Return, Stop
from .spec import Node, full_name
from .texts import Text, Variable, cut

_DEPTH = 100
"""Blocks in blocks, all included scripts together."""


def run(script: Script, mail: Mail, context: Context) -> Outcome:
    """Runs a script on a message. Never raises for what a script does: its error is in the outcome, with the
    message kept."""
    machine = Machine(script, mail, context)
    try:
        machine.block(script.nodes)
    except (Stop, Return):
        pass
    except SieveError as error:
        return machine.failed(error)
    return machine.outcome()


class Machine:
    """The state of one run."""

    def __init__(self, script: Script, mail: Mail, context: Context) -> None:
        self.limits = script.limits
        self.context = context
        self.spent = 0
        self.depth = 0
        self.globals: dict[str, str] = {}
        self.included: set[tuple[str, str]] = set()
        self.compiled: dict[tuple[str, str], Script] = {}
        self.around: list[tuple[str, str]] = []
        """Included scripts that are being run, outermost first."""
        self.inclusions = 0
        self.held: list[Held] = []
        self.enter(script)
        self.reset(mail)

    def enter(self, script: Script) -> None:
        """Begins a script with variables of its own (RFC 6609 §3.4)."""
        self.script = script
        self.variables: dict[str, str] = {}
        self.shared: set[str] = set()
        self.values: tuple[str, ...] = ()
        """Match values of the last `:matches` that was true (RFC 5229 §3.2)."""

    def reset(self, mail: Mail) -> None:
        """Begins with a message, nothing done yet."""
        self.mail = mail
        self.headers = Headers.of(mail.message.root)
        self.root = Entity(mail.raw, mail.message.root)
        self.part: Entity | None = None
        """The part a `foreverypart` is at."""
        self.loops = 0
        self.texts_of_body: dict[str, list[str]] = {}
        self.steps: list[Step] = []
        self.tracked: list[Tracked] = []
        self.flags: tuple[str, ...] = ()
        """The flags of the internal variable (RFC 5232 §2)."""
        self.marked: list[Marked] = []
        self.keeps = True
        """Is the implicit keep still to be done (RFC 5228 §2.10.2)?"""

    def fail(self, node: Node, sentence: str) -> NoReturn:
        """Ends the run with an error (RFC 5228 §2.10.6)."""
        raise SieveError(Fault(node.line, node.column, sentence))

    def spend(self, node: Node, steps: int = 1) -> None:
        """Counts work; ends the run when it is too much."""
        self.spent += steps
        if self.spent > self.limits.steps:
            self.fail(node, "The script takes too many steps.")

    def block(self, nodes: Iterable[Node]) -> None:
        """Performs commands in order; of `if`, `elsif`, `else` the first that holds (RFC 5228 §3.1)."""
        self.depth += 1
        done = False
        for node in nodes:
            self.spend(node)
            if self.depth > _DEPTH:
                self.fail(node, "Too many blocks are nested.")
            name = node.spec.name
            if name in ("if", "elsif", "else"):
                if name == "if" or not done:
                    done = self._branch(node)
            else:
                assert node.spec.perform is not None
                node.spec.perform(self, node)
        self.depth -= 1

    def _branch(self, node: Node) -> bool:
        before = len(self.held)
        if node.tests and not self.holds(node.tests[0]):
            return False
        if not node.tests:
            self.held.append(Held(node.line, "else"))
        self.block(node.block)
        del self.held[before:]
        return True

    def holds(self, node: Node) -> bool:
        """Is a test true? If so it is noted in `held`."""
        self.spend(node)
        before = len(self.held)
        assert node.spec.decide is not None
        true = node.spec.decide(self, node)
        if not true or node.spec.name == "not":
            del self.held[before:]
        if true and node.spec.name not in ("allof", "anyof"):
            self.held.append(Held(node.line, node.text))
        return true

    def text(self, node: Node, text: Text) -> str:
        """A string with its variables replaced (RFC 5229 §3)."""
        if isinstance(text, str):
            return text
        pieces = [part if isinstance(part, str) else self.variable(part) for part in text.parts]
        length = sum(map(len, pieces))
        self.spend(node, 1 + len(pieces) // 16 + length // 1_000)
        if length > self.limits.string:
            self.fail(node, f"A string becomes longer than {self.limits.string} characters.")
        return "".join(pieces)

    def variable(self, variable: Variable) -> str:
        """The value of a variable; empty when it has none."""
        if variable.number is not None:
            return self.values[variable.number] if variable.number < len(self.values) else ""
        if variable.namespace or variable.name in self.shared:
            return self.globals.get(variable.name, "")
        return self.variables.get(variable.name, "")

    def assign(self, node: Node, variable: Variable, value: str) -> None:
        """Sets a variable, its value cut to the limit (RFC 5229 §6)."""
        place = self.globals if variable.namespace or variable.name in self.shared else self.variables
        if variable.name not in place and len(place) >= self.limits.variables:
            self.fail(node, f"More than {self.limits.variables} variables are set.")
        place[variable.name] = cut(value, self.limits.variable)

    def argument(self, node: Node, place: int) -> str:
        """A positional argument that is one string."""
        return self.arguments(node, place)[0]

    def arguments(self, node: Node, place: int) -> list[str]:
        """A positional argument that is a list of strings; empty when it was left out."""
        value = node.values[place]
        return [self.text(node, text) for text in value] if isinstance(value, tuple) else []

    def tag(self, node: Node, name: str) -> str | None:
        """The string of a tag; `None` without it."""
        found = self.tags(node, name)
        return found[0] if found else None

    def tags(self, node: Node, name: str) -> list[str] | None:
        """The strings of a tag; `None` without it."""
        value = node.tags.get(name)
        return [self.text(node, text) for text in value] if isinstance(value, tuple) else None

    def match(self, node: Node, values: list[str], keys: list[str], remember: bool = True) -> bool:
        """Does one of the values match one of the keys, as the test's match type and comparator say (RFC 5228
        §2.7)? Match values are kept when it is by `:matches`."""
        match = node.match
        if match.type == "count":
            return any(_counts(match, len(values), key) for key in keys)
        if match.type == "list":
            return self._listed(node, values, keys)
        prepared = Keys(match, keys)
        for value in values:
            self.spend(node, prepared.cost(value))
            found = prepared.find(value)
            if found is not None:
                if remember and match.type == "matches" and "variables" in self.script.extensions:
                    self.values = found
                return True
        return False

    def _listed(self, node: Node, values: list[str], names: list[str]) -> bool:
        """RFC 6134 §2"""
        for given in names:
            name = self.list_name(node, given)
            for value in values:
                self.spend(node)
                if self.context.in_list(name, value):
                    if "variables" in self.script.extensions:
                        self.values = (value,)
                    return True
        return False

    def list_name(self, node: Node, name: str) -> str:
        """The full name of a list (RFC 6134 §2); the run ends when there is none of that name."""
        full = full_name(name)
        if full not in self.context.lists:
            self.fail(node, f"There is no list '{name[:60]}'.")
        return full

    def size(self, node: Node) -> int:
        """Bytes of the message as edited so far."""
        if not self.headers.edited:
            return len(self.mail.raw)
        self.spend(node, 1 + len(self.mail.raw) // 10_000)
        return len(self.headers.rewritten(self.mail.raw))

    def act(self, node: Node, action: Action) -> None:
        """Notes an action. The same keep, mailbox or address a second time is one (RFC 5228 §2.10.3), with the
        flags of the last (RFC 5232 §5)."""
        is_copy = isinstance(action, FileInto | Redirect) and action.copy
        self.keeps = self.keeps and (is_copy or isinstance(action, Notify | Vacation))
        self._compatible(node, action)
        step = Step(action, node.line, self.name(), tuple(self.held), self.headers)
        key = _target(action)
        for place, other in enumerate(self.steps):
            if key is not None and _target(other.action) == key:
                self.steps[place] = replace(other, action=_merged(other.action, action))
                return
        if len(self.steps) >= self.limits.actions:
            self.fail(node, f"The script asks for more than {self.limits.actions} actions.")
        self.steps.append(step)
        for kind, most in ((Redirect, self.limits.redirects), (Notify, self.limits.notifications)):
            if sum(isinstance(step.action, kind) for step in self.steps) > most:
                self.fail(node, f"'{node.spec.name}' was used more than {most} times.")

    def _compatible(self, node: Node, action: Action) -> None:
        """`reject` stands alone (RFC 5429 §2.4), `vacation` is done once (RFC 5230 §4.7)."""
        done = [step.action for step in self.steps]
        if isinstance(action, Vacation) and any(isinstance(other, Vacation) for other in done):
            self.fail(node, "'vacation' is used a second time.")
        if isinstance(action, Reject) and any(isinstance(other, Reject) for other in done):
            self.fail(node, "'reject' is used a second time.")
        delivers = Keep | FileInto | Redirect | Vacation
        if (isinstance(action, Reject) and any(isinstance(other, delivers) for other in done)) or (
            isinstance(action, delivers) and any(isinstance(other, Reject) for other in done)
        ):
            self.fail(node, "'reject' cannot go together with an action that delivers or answers the message.")

    def mark(self, node: Node, flags: tuple[str, ...]) -> None:
        """Sets the flags of the internal variable (RFC 5232 §2)."""
        more = tuple(flag for flag in flags if flag not in self.flags)
        if more and len(self.marked) < self.limits.actions:
            self.marked.append(Marked(more, node.line, self.name(), tuple(self.held)))
        self.flags = flags

    def name(self) -> str:
        """Name of the included script that is being run; `""` for the script itself."""
        return self.around[-1][1] if self.around else ""

    def include(self, node: Node, name: str, location: str) -> None:
        """Runs another script here (RFC 6609 §3.2, §3.5)."""
        key = (location, name)
        if node.has("once") and key in self.included:
            return
        if key in self.around:
            if node.has("once"):
                return
            self.fail(node, f"The script '{name}' includes itself.")
        self.inclusions += 1
        if len(self.around) >= self.limits.depth or self.inclusions > self.limits.includes:
            self.fail(node, "Too many scripts are included.")
        script = self._load(node, key)
        if script is None:
            return
        self.included.add(key)
        saved = self.script, self.variables, self.shared, self.values, self.depth, len(self.held)
        self.enter(script)
        self.around.append(key)
        with suppress(Return):
            self.block(script.nodes)
        self.around.pop()
        self.script, self.variables, self.shared, self.values, self.depth, held = saved
        del self.held[held:]

    def _load(self, node: Node, key: tuple[str, str]) -> Script | None:
        if key not in self.compiled:
            source = self.context.script(key[1], key[0])
            if source is None:
                if node.has("optional"):
                    return None
                self.fail(node, f"There is no {key[0]} script '{key[1][:60]}'.")
            self.spend(node, len(source) // 100)
            try:
                self.compiled[key] = compile_script(source, self.limits)
            except SieveError as error:
                self.fail(node, f"The script '{key[1]}' has an error in line {error.line}: {error.sentence}")
        return self.compiled[key]

    def outcome(self) -> Outcome:
        """What was asked for so far, with the implicit keep if nothing took its place."""
        steps = list(self.steps)
        if self.keeps and not any(_target(step.action) == "inbox" for step in steps):
            steps.append(Step(Keep(self.flags, implicit=True), 0, "", (), self.headers))
        stored = {flag for step in steps if isinstance(step.action, Keep | FileInto) for flag in step.action.flags}
        marked = tuple(one for one in self.marked if stored.intersection(one.flags))
        return Outcome(tuple(steps), tuple(self.tracked), marked)

    def failed(self, error: SieveError) -> Outcome:
        """The message kept as it came, and why (RFC 5228 §2.10.6, RFC 5293 §7)."""
        kept = Step(Keep(implicit=True), 0, "", (), Headers.of(self.mail.message.root))
        return Outcome((kept,), error=error, error_script=self.name())


def _merged(first: Action, second: Action) -> Action:
    """Two actions with one target as one."""
    if isinstance(first, Keep | FileInto) and isinstance(second, Keep | FileInto):
        return replace(first, flags=second.flags)
    return first


def _counts(match: Match, count: int, key: str) -> bool:
    """RFC 5231 §4.2"""
    return related(match.relation, match.comparator, str(count), key)


def _target(action: Action) -> object:
    """What makes a second action of a kind the same as a first; `None` for those that never are."""
    if isinstance(action, Keep):
        return "inbox"
    if isinstance(action, FileInto):
        if action.mailbox_id is None and action.special_use is None and action.mailbox.upper() == "INBOX":
            return "inbox"
        return action.mailbox, action.special_use, action.mailbox_id
    if isinstance(action, Redirect):
        return action.is_list, action.address.lower()
    return "discard" if isinstance(action, Discard) else None
