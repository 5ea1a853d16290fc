"""One XML element, as requests are read into and as properties are written from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Element:
    """`name` and the keys of `attributes` are in Clark's notation; `text` is what stands before the first child.

    A child's `tail` is the text that follows it: dead properties of mixed content come back whole."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    tail: str = ""

    def first(self, name: str) -> "Element | None":
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> Iterator["Element"]:
        """All children of this name."""
        return (child for child in self.children if child.name == name)

    def words(self) -> str:
        """The text without blanks around it."""
        return self.text.strip()


Value = str | Sequence[Element]
"""What a property holds: text, or elements."""
