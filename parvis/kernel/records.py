"""The registry: every kind of thing is declared once as a typed record.

    class Mailbox(Record):
        kind: ClassVar[str] = "Mailbox"
        capability: ClassVar[str] = MAIL
        id: ServerSet[str]
        name: str
        parent_id: str | None = None
        total_emails: ServerSet[int] = 0

From this declaration JMAP's standard methods, the command line and the assistant's tools are derived. Property
names are camelCase outside. `ServerSet` properties cannot be given, `Immutable` ones only at creation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

T = TypeVar("T")
ServerSet = Annotated[T, Meta(extra={"set": "server"})]
Immutable = Annotated[T, Meta(extra={"set": "create"})]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a record: its outside name, its type for msgspec.convert, who may set it, its default."""

    name: str
    field: str
    type: Any
    settable: str
    """`always`, `create` or `server`."""
    required: bool
    default: Any


class Record(msgspec.Struct, kw_only=True, rename="camel"):
    """Base of all record declarations; `kind` is the JMAP type name, `capability` the URN that offers it."""

    kind: ClassVar[str] = ""
    capability: ClassVar[str] = ""


def properties(record: type[Record]) -> dict[str, Property]:
    """The declared properties of `record` by outside name."""
    hints = get_type_hints(record, include_extras=True)
    found = {}
    for field in msgspec.structs.fields(record):
        found[field.encode_name] = Property(
            name=field.encode_name,
            field=field.name,
            type=hints[field.name],
            settable=_settable(hints[field.name]),
            required=field.required,
            default=None if field.required else _default(field),
        )
    return found


def _settable(hint: Any) -> str:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.extra and "set" in meta.extra:
            return str(meta.extra["set"])
    return "always"


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    factory = field.default_factory
    return factory() if callable(factory) else None


class Registry:
    """The kinds that this program knows, filled by app.py from each feature."""

    def __init__(self) -> None:
        self._records: dict[str, type[Record]] = {}

    def add(self, record: type[Record]) -> None:
        """Declares a kind; two of one name are a mistake of the programmer."""
        if record.kind in self._records:
            raise ValueError(f"kind {record.kind} is declared twice")
        self._records[record.kind] = record

    def __iter__(self) -> Iterator[type[Record]]:
        return iter(self._records.values())

    def __getitem__(self, kind: str) -> type[Record]:
        return self._records[kind]
