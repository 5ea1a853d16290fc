"""Conversations as THREAD writes them (RFC 5256 §3)."""

from collections.abc import Iterable
from typing import NamedTuple

from .order import base_subject, collation

DEPTH_LIMIT = 1_000
"""Generations in one conversation; a reference that would make it deeper is left out."""
REFERENCES_LIMIT = 100
"""Of one message, the last of them."""


class Threaded(NamedTuple):
    """A message to be put into a conversation."""

    number: int
    """What is written: its message number or unique identifier."""
    message_id: str | None
    references: tuple[str, ...]
    """Message ids of References, or the first of In-Reply-To, the oldest first."""
    subject: str
    """Its encoded words decoded."""
    date_ms: int
    """When it was sent; when it arrived, where that is not known."""


class _Node:
    """A message, or the place of one that is not here, among its parents and children."""

    __slots__ = ("children", "message", "parent")

    def __init__(self, message: Threaded | None = None) -> None:
        self.message = message
        self.parent: _Node | None = None
        self.children: list[_Node] = []

    def first(self) -> Threaded:
        """The message itself, or that of the first child: every place of none has children that have one."""
        node = self
        while node.message is None:
            node = node.children[0]
        return node.message

    def adopt(self, child: "_Node") -> None:
        child.parent = self
        self.children.append(child)


def thread_orderedsubject(messages: Iterable[Threaded]) -> bytes:
    """Messages of one base subject in the order of their dates, the first the parent of the others (RFC 5256 §3,
    ORDEREDSUBJECT)."""
    roots: dict[str, _Node] = {}
    for message in sorted(messages, key=_moment):
        subject = collation(base_subject(message.subject)[0])
        if subject in roots:
            roots[subject].adopt(_Node(message))
        else:
            roots[subject] = _Node(message)
    return _written(list(roots.values()))


def thread_references(messages: Iterable[Threaded]) -> bytes:
    """Messages below those they answer, conversations of one subject together (RFC 5256 §3, REFERENCES)."""
    top = _linked(messages)
    _prune(top)
    _sort(top)
    top.children = _by_subject(top.children)
    _sort(top)
    return _written(top.children)


def _moment(message: Threaded) -> tuple[int, int]:
    return message.date_ms, message.number


def _linked(messages: Iterable[Threaded]) -> _Node:
    """Steps 1 and 2: everybody below the last of those they refer to, and all of them below one."""
    nodes: list[_Node] = []
    known: dict[str, _Node] = {}

    def named(message_id: str) -> _Node:
        if message_id not in known:
            known[message_id] = _Node()
            nodes.append(known[message_id])
        return known[message_id]

    for message in sorted(messages, key=lambda message: message.number):
        node = named(message.message_id) if message.message_id else None
        if node is None or node.message is not None:  # the id of another message counts for none
            node = _Node()
            nodes.append(node)
        node.message = message
        parent: _Node | None = None
        for reference in message.references[-REFERENCES_LIMIT:]:
            child = named(reference)
            if parent is not None and child.parent is None and _may_adopt(parent, child):
                child.parent = parent
            parent = child
        node.parent = None  # what the message says of itself counts more than what others say
        if parent is not None and _may_adopt(parent, node):
            node.parent = parent
    top = _Node()
    for node in nodes:
        (node.parent or top).adopt(node)
    return top


def _may_adopt(parent: _Node, child: _Node) -> bool:
    """Would this make no circle, and no conversation too deep?"""
    ancestor: _Node | None = parent
    for _ in range(DEPTH_LIMIT):
        if ancestor is None:
            return True
        if ancestor is child:
            return False
        ancestor = ancestor.parent
    return False


def _from_below(top: _Node) -> list[_Node]:
    """All nodes, children before their parents."""
    found, waiting = [], [top]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += node.children
    return found[::-1]


def _prune(top: _Node) -> None:
    """Step 3: places of no message go; their children move up, among the roots only when it is a single one."""
    for node in _from_below(top):
        children: list[_Node] = []
        for child in node.children:
            if child.message is not None or (node is top and len(child.children) > 1):
                children.append(child)
            else:
                children += child.children
        node.children = children
        for child in children:
            child.parent = node


def _sort(top: _Node) -> None:
    """Steps 4 and 6: brothers by date; a place of none has the date of its first child."""
    for node in _from_below(top):
        if len(node.children) > 1:
            node.children.sort(key=lambda child: _moment(child.first()))


def _by_subject(roots: list[_Node]) -> list[_Node]:
    """Step 5: conversations of one base subject become one."""
    table: dict[str, _Node] = {}
    subjects: dict[int, tuple[str, bool]] = {}
    for root in roots:
        base, reply = base_subject(root.first().subject)
        subject = collation(base)
        subjects[id(root)] = subject, reply
        other = table.get(subject)
        if subject and (
            other is None
            or (other.message is not None and (root.message is None or (subjects[id(other)][1] and not reply)))
        ):
            table[subject] = root
    kept: dict[int, _Node] = {id(root): root for root in roots}
    for root in roots:
        subject, reply = subjects[id(root)]
        other = table.get(subject) if subject else None
        if other is None or other is root:
            continue
        del kept[id(root)]
        if other.message is None:
            for child in root.children if root.message is None else [root]:
                other.adopt(child)
        elif reply and not subjects[id(other)][1]:
            other.adopt(root)
        else:
            both = _Node()
            both.adopt(other)
            both.adopt(root)
            del kept[id(other)]
            kept[id(both)] = table[subject] = both
            subjects[id(both)] = subjects[id(other)]
    return list(kept.values())


def _written(roots: list[_Node]) -> bytes:
    """`(2)(3 6 (4 23)(44 7 96))`: a child alone follows its parent, several are in brackets (RFC 5256 §4)."""
    out: list[str] = []
    waiting: list[_Node | str] = []
    for root in reversed(roots):
        waiting += [")", root, "("]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            out.append(node)
            continue
        if node.message is not None:
            out.append(str(node.message.number))
        if len(node.children) == 1:
            out.append(" " if node.message is not None else "")
            waiting.append(node.children[0])
        elif node.children:
            out.append(" " if node.message is not None else "")
            for child in reversed(node.children):
                waiting += [")", child, "("]
    return "".join(out).encode("ascii")
