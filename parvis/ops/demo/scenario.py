"""Reads the scenario's files: who there is, what was written, what was attached. The texts live in scenario/."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from parvis.kernel.languages import LANGUAGES, Language

FOLDER = Path(__file__).parent / "scenario"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes or is written to; `inside` people have an account."""

    key: str
    name: str
    address: str
    language: Language
    inside: bool
    role: str = ""
    signature: str = ""
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A `group` is a mailing list, which its moderator looks after; a `space` has a mailbox of its own that its
    members share."""

    key: str
    kind: Literal["group", "space"]
    name: str
    address: str
    language: Language
    members: tuple[str, ...]
    moderator: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Somewhere to meet, about which somebody `decides` when that is named."""

    key: str
    name: str
    address: str
    language: Language
    decides: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everyone, by key."""

    domains: tuple[str, ...]
    people: dict[str, Person]
    rooms: dict[str, Room]
    groups: dict[str, Group]
    delegations: tuple[tuple[str, str], ...]
    """Whose mail is open to whom: (owner, reader)."""

    @property
    def accounts(self) -> list[Person]:
        """Those who can sign in."""
        return [person for person in self.people.values() if person.inside]

    @property
    def spaces(self) -> list[Group]:
        """The groups that have a mailbox of their own."""
        return [group for group in self.groups.values() if group.kind == "space"]

    def holder(self, key: str) -> Person:
        """Who holds a mailbox: a person, or a space as if it were one."""
        if key in self.people:
            return self.people[key]
        space = self.groups[key]
        return Person(key, space.name, space.address, space.language, inside=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """One message as the scenario writes it: headers by lower-case name, and its text."""

    key: str
    thread: str
    folders: dict[Language, str]
    headers: dict[str, str]
    text: str

    def names(self, header: str) -> list[str]:
        """The comma-separated values of a header."""
        return [part.strip() for part in self.headers.get(header, "").split(",") if part.strip()]

    def pairs(self, header: str) -> list[tuple[str, str]]:
        """Values of the form `who=what`."""
        return [(who, what) for who, _, what in (value.partition("=") for value in self.names(header))]

    @property
    def parent(self) -> str | None:
        """The key of the message that this one answers."""
        return self.headers.get("re")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """What a file is made from: lines in the small notation of attachments.txt."""

    name: str
    language: Language
    lines: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> str:
        """The ending of its name."""
        return self.name.rpartition(".")[2]


@cache
def organisation() -> Organisation:
    """The people, rooms and groups of scenario/organisation.json."""
    tree = json.loads((FOLDER / "organisation.json").read_text(encoding="utf-8"))
    people = {
        entry["key"]: Person(**entry, inside=inside)
        for kind, inside in (("people", True), ("outside", False))
        for entry in tree[kind]
    }
    rooms = {entry["key"]: Room(**entry) for entry in tree["rooms"]}
    groups = {g["key"]: Group(**{**g, "members": tuple(g["members"])}) for g in tree["groups"]}
    delegations = tuple((entry["owner"], entry["to"]) for entry in tree["delegations"])
    return Organisation(tuple(tree["domains"]), people, rooms, groups, delegations)


@cache
def drafts() -> dict[str, Draft]:
    """Every message of scenario/NN-*.txt by key, in the order of the files."""
    found = {}
    for path in sorted(FOLDER.glob("[0-9]*.txt")):
        head, *blocks = re.split(r"^@@ ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        thread = _headers(head)
        folders = dict(_folders(thread["folder"]))
        for block in blocks:
            title, _, rest = block.partition("\n")
            top, _, text = rest.partition("\n\n")
            found[title.strip()] = Draft(title.strip(), thread["thread"], folders, _headers(top), text.strip())
    return found


@cache
def enclosures() -> dict[str, Enclosure]:
    """Every attachment of scenario/attachments.txt by file name."""
    text = (FOLDER / "attachments.txt").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"^@@ ", text, flags=re.MULTILINE)[1:]:
        title, *lines = block.strip().split("\n")
        name, language = title.split()
        found[name] = Enclosure(name, language_of(language), tuple(line for line in lines if line.strip()))
    return found


def language_of(tag: str) -> Language:
    """`tag` as one of our languages; anything else is a mistake in the scenario."""
    if tag not in LANGUAGES:
        raise ValueError(f"{tag} is no language of the demo")
    return tag


def _headers(block: str) -> dict[str, str]:
    lines = (line.partition(":") for line in block.strip().split("\n") if line.strip())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _folders(value: str) -> list[tuple[Language, str]]:
    pairs = (part.strip().partition("=") for part in value.split(";"))
    return [(language_of(tag), folder) for tag, _, folder in pairs]
