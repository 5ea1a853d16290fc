"""How commands and tests are declared, and the checked form in which they are run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from parvis.wire.mime import Header

from .compare import PLAIN, Match
from .texts import Text

if TYPE_CHECKING:
    from .compiler import Checker
    from .machine import Machine

Kind = Literal["string", "strings", "number"]
Value = bool | int | tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged argument (RFC 5228 §2.6.2): what it takes, which extension it needs; of one `group` there can be
    only one."""

    name: str
    takes: Kind | None = None
    needs: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Positional:
    """A positional argument (RFC 5228 §2.6.1); an optional one stands first and may be left out."""

    kind: Kind
    label: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A checked command or test."""

    spec: "Spec"
    line: int
    column: int
    text: str
    """As written, shortened, for people."""
    tags: dict[str, Value] = field(default_factory=dict)
    values: tuple[Value | None, ...] = ()
    """Positional arguments; `None` for an optional one that was left out."""
    tests: tuple["Node", ...] = ()
    block: tuple["Node", ...] = ()
    match: Match = PLAIN

    def has(self, tag: str) -> bool:
        """Was this tag given?"""
        return tag in self.tags

    def number(self, tag: str) -> int | None:
        """The number of a tag."""
        value = self.tags.get(tag)
        return value if isinstance(value, int) else None

    def constant(self, place: int) -> tuple[str, ...]:
        """The strings of a positional argument that are known before the run."""
        value = self.values[place]
        return tuple(text for text in value if isinstance(text, str)) if isinstance(value, tuple) else ()

    def constant_tag(self, tag: str) -> tuple[str, ...]:
        """The strings of a tag that are known before the run."""
        value = self.tags.get(tag)
        return tuple(text for text in value if isinstance(text, str)) if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class Spec:
    """A command (with `perform`) or a test (with `decide`)."""

    name: str
    perform: "Callable[[Machine, Node], None] | None" = None
    decide: "Callable[[Machine, Node], bool] | None" = None
    needs: tuple[str, ...] = ()
    """Extensions of which one must be required."""
    arguments: tuple[Positional, ...] = ()
    tags: tuple[Tag, ...] = ()
    tests: Literal["none", "one", "many"] = "none"
    block: bool = False
    matching: bool = False
    """Takes a match type and a comparator (RFC 5228 §2.7)."""
    check: "Callable[[Checker, Node], None] | None" = None
    """Looks for faults when the script is read."""


MATCHING = (
    Tag("is", group="match type"),
    Tag("contains", group="match type"),
    Tag("matches", group="match type"),
    Tag("value", "string", "relational", "match type"),
    Tag("count", "string", "relational", "match type"),
    Tag("list", None, "extlists", "match type"),
    Tag("comparator", "string"),
)
ADDRESS_PARTS = (
    Tag("all", group="address part"),
    Tag("localpart", group="address part"),
    Tag("domain", group="address part"),
    Tag("user", None, "subaddress", "address part"),
    Tag("detail", None, "subaddress", "address part"),
)
INDEX = (Tag("index", "number", "index"), Tag("last", None, "index"))


def check_index(checker: "Checker", node: Node) -> None:
    """RFC 5260 §6, RFC 5293 §5"""
    if node.has("last") and not node.has("index"):
        checker.fault(node, "':last' stands without ':index'.")
    if node.number("index") == 0:
        checker.fault(node, "':index' counts from 1.")


def indexed(node: Node, fields: list[Header]) -> list[Header]:
    """The fields, or the one of them that `:index` and `:last` name (RFC 5260 §6)."""
    index = node.number("index")
    if index is None:
        return fields
    if not 0 < index <= len(fields):
        return []
    return [fields[-index if node.has("last") else index - 1]]


def full_name(name: str) -> str:
    """The name of a list with `:addrbook:` written out (RFC 6134 §2)."""
    return f"urn:ietf:params:sieve{name}" if name.startswith(":addrbook:") else name
