"""Commands that steer a script: `if`, `stop` (RFC 5228 §3), variables (RFC 5229), `include` (RFC 6609), loops over
parts (RFC 5703), `error` (RFC 5463)."""

import re
from typing import TYPE_CHECKING

from .signals import Break, Return, Stop
from .spec import Node, Positional, Spec, Tag
from .texts import IDENTIFIER, MODIFIERS, Variable, modified, variable_of

if TYPE_CHECKING:
    from .compiler import Checker
    from .machine import Machine

_NOT_IN_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""RFC 5804 §1.6"""
LOOPS = 4
"""Loops inside loops."""


def _branch(machine: "Machine", node: Node) -> None:
    """`if`, `elsif` and `else` are chosen among by `Machine.block`."""


def _stop(machine: "Machine", node: Node) -> None:
    raise Stop


def _return(machine: "Machine", node: Node) -> None:
    raise Return


def _error(machine: "Machine", node: Node) -> None:
    """RFC 5463 §5"""
    machine.fail(node, machine.argument(node, 0))


def _check_name(checker: "Checker", node: Node, name: str) -> None:
    """The name of a variable that is to be set (RFC 5229 §4)."""
    try:
        variable = variable_of(name, frozenset({"global"}) if "include" in checker.extensions else frozenset())
    except ValueError as error:
        checker.fault(node, str(error))
        return
    if variable.number is not None or not IDENTIFIER.match(variable.name):
        checker.fault(node, f"'{name[:40]}' is no name of a variable.")
    elif not variable.namespace:
        checker.declare(node, variable.name)


def _check_set(checker: "Checker", node: Node) -> None:
    name = node.constant(0)
    if not name:
        checker.fault(node, f"The name of a variable cannot be made of variables in '{node.spec.name}'.")
        return
    _check_name(checker, node, name[0])
    if node.has("encodeurl") and "enotify" not in checker.extensions:
        checker.fault(node, "':encodeurl' needs require \"enotify\".")


def _set(machine: "Machine", node: Node) -> None:
    """RFC 5229 §4"""
    assign(machine, node, machine.argument(node, 0), machine.argument(node, 1))


def assign(machine: "Machine", node: Node, name: str, value: str) -> None:
    """Sets a variable to a value after the modifiers that stand as tags."""
    value = modified(value, [tag for tag in node.tags if tag in MODIFIERS], machine.limits.variable)
    machine.spend(node, 1 + len(value) // 1_000)
    machine.assign(node, named(name), value)


def named(name: str) -> Variable:
    """The variable of a checked name."""
    namespace, _, last = name.lower().rpartition(".")
    return Variable(last, namespace)


def _check_include(checker: "Checker", node: Node) -> None:
    """RFC 6609 §3.2"""
    names = node.constant(0)
    if not names:
        checker.fault(node, "The name of an included script cannot be made of variables.")
    elif not names[0] or len(names[0]) > 128 or _NOT_IN_NAME.search(names[0]):
        checker.fault(node, "That is no name of a script.")
    elif "/" in names[0]:
        checker.fault(node, "The name of a script has no '/'.")


def _include(machine: "Machine", node: Node) -> None:
    machine.include(node, machine.argument(node, 0), "global" if node.has("global") else "personal")


def _check_global(checker: "Checker", node: Node) -> None:
    """RFC 6609 §3.4.1"""
    if "variables" not in checker.extensions:
        checker.fault(node, "'global' needs require \"variables\".")
    names = node.constant(0)
    for name in names:
        if not IDENTIFIER.match(name):
            checker.fault(node, f"'{name[:40]}' is no name of a variable.")
        elif name.lower() in checker.variables:
            checker.fault(node, f"'{name[:40]}' was set before it was declared global.")


def _global(machine: "Machine", node: Node) -> None:
    machine.shared.update(name.lower() for name in machine.arguments(node, 0))


def _check_loop(checker: "Checker", node: Node) -> None:
    if len(checker.loops) >= LOOPS:
        checker.fault(node, f"More than {LOOPS} loops are nested.")


def _foreverypart(machine: "Machine", node: Node) -> None:
    """All parts of the message, or all within the part an outer loop is at (RFC 5703 §3)."""
    name = (machine.tag(node, "name") or "").lower()
    outer, depth, held = machine.part, machine.depth, len(machine.held)
    machine.loops += 1
    if machine.loops > LOOPS:
        machine.fail(node, f"More than {LOOPS} loops are nested.")
    parts = (outer or machine.root).walk()
    if outer is not None:
        next(parts)
    try:
        for part in parts:
            machine.spend(node)
            machine.part = part
            machine.block(node.block)
    except Break as broken:
        machine.depth = depth
        del machine.held[held:]
        if broken.name and broken.name != name:
            raise
    finally:
        machine.part = outer
        machine.loops -= 1


def _check_break(checker: "Checker", node: Node) -> None:
    name = "".join(node.constant_tag("name"))
    if not checker.loops:
        checker.fault(node, "'break' stands outside of any 'foreverypart'.")
    elif name and name not in checker.loops:
        checker.fault(node, f"No 'foreverypart' around has the name '{name[:40]}'.")


def _break(machine: "Machine", node: Node) -> None:
    raise Break((machine.tag(node, "name") or "").lower())


def _check_extract(checker: "Checker", node: Node) -> None:
    if "variables" not in checker.extensions:
        checker.fault(node, "'extracttext' needs require \"variables\".")
    if not checker.loops:
        checker.fault(node, "'extracttext' stands outside of any 'foreverypart'.")
    _check_set(checker, node)


def _extracttext(machine: "Machine", node: Node) -> None:
    """The text of the part the loop is at, or its first characters, into a variable (RFC 5703 §7)."""
    assert machine.part is not None
    part = machine.part.part
    machine.spend(node, 1 + min(part.size, machine.limits.body) // 1_000)
    text = machine.part.text(machine.limits.body) if part.type == "text" else ""
    first = node.number("first")
    assign(machine, node, machine.argument(node, 0), text if first is None else text[:first])


_VARIABLE = Positional("string", "the name of a variable")
_MODIFIERS = tuple(
    Tag(name, group=f"modifier of precedence {precedence}") for name, (precedence, _) in MODIFIERS.items()
)
_NAME = (Tag("name", "string"),)

COMMANDS = (
    Spec("if", _branch, tests="one", block=True),
    Spec("elsif", _branch, tests="one", block=True),
    Spec("else", _branch, block=True),
    Spec("stop", _stop),
    Spec("error", _error, needs=("ihave",), arguments=(Positional("string", "a message"),)),
    Spec(
        "set",
        _set,
        needs=("variables",),
        arguments=(_VARIABLE, Positional("string", "a value")),
        tags=_MODIFIERS,
        check=_check_set,
    ),
    Spec(
        "include",
        _include,
        needs=("include",),
        arguments=(Positional("string", "the name of a script"),),
        tags=(Tag("personal", group="location"), Tag("global", group="location"), Tag("once"), Tag("optional")),
        check=_check_include,
    ),
    Spec("return", _return, needs=("include",)),
    Spec(
        "global",
        _global,
        needs=("include",),
        arguments=(Positional("strings", "names of variables"),),
        check=_check_global,
    ),
    Spec("foreverypart", _foreverypart, needs=("foreverypart",), tags=_NAME, block=True, check=_check_loop),
    Spec("break", _break, needs=("foreverypart",), tags=_NAME, check=_check_break),
    Spec(
        "extracttext",
        _extracttext,
        needs=("extracttext",),
        arguments=(_VARIABLE,),
        tags=(Tag("first", "number"), *_MODIFIERS),
        check=_check_extract,
    ),
)
