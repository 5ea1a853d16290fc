"""Members of a collection in columns, as the database gives them: of ten thousand only what is asked of them is
read, and nothing is made for each but what is said of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import NODEFAULT
from msgspec.structs import fields as fields_of

from parvis.access.principal import Right
from parvis.serve.dav.tree import PAGE, Node, Reader
from parvis.store.sql.contract import marks

_DEFAULTS = {each.name: each.default for each in fields_of(Node) if each.default is not NODEFAULT}


class Rows:
    """Some members of a collection. See tree.Members."""

    def __init__(self, found: Mapping[str, Sequence[Any]], around: Node, alike: Mapping[str, Any]) -> None:
        """`found` has `id` and `name` and more fields of Node, in columns; `alike` says what others are of all of
        them."""
        self.found, self.around, self._alike = found, around, alike

    def __len__(self) -> int:
        return len(self.found["id"])

    def column(self, name: str) -> Sequence[Any]:
        """See Members."""
        if name in self.found:
            return self.found[name]
        if name == "place":
            return [(*self.around.place, each) for each in self.found["name"]]
        return [self._alike[name] if name in self._alike else _DEFAULTS[name]] * len(self)

    def having(self, **columns: Sequence[Any]) -> "Rows":
        """The same with other columns."""
        return Rows({**self.found, **columns}, self.around, self._alike)

    def nodes(self) -> list[Node]:
        """The same one by one."""
        names = ("place", *self._alike, *self.found)
        return [Node(**dict(zip(names, each, strict=True))) for each in zip(*map(self.column, names), strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table whose rows are the resources of collections that are parts."""

    table: str
    part: str
    """The column that says in which collection a row is."""
    columns: Mapping[str, str]
    """Which column a field of Node is, `id` and `name` among them; by `name` they are ordered."""
    media_type: str

    async def after(
        self,
        db: Reader,
        around: Node,
        after: str,
        limit: int,
        where: str = "1 = 1",
        *more: object,
        fields: frozenset[str] | None = None,
    ) -> Rows:
        """Those of a collection that meet a condition and whose name is greater than `after`, by name, with these
        fields; None is all."""
        name = self.columns["name"]
        condition = f"{self.part} = ? AND {where} AND {name} > ? ORDER BY {name} LIMIT ?"
        return await self._read(db, around, fields, condition, around.id, *more, after, limit)

    async def pages(
        self,
        db: Reader,
        around: Node,
        fields: frozenset[str] | None,
        page: int,
        where: str = "1 = 1",
        *more: object,
    ) -> AsyncIterator[Rows]:
        """All that meet a condition: see Tree.listed."""
        after = ""
        while True:
            found = await self.after(db, around, after, page, where, *more, fields=fields)
            yield found
            if len(found) < page:
                return
            after = found.column("name")[-1]

    async def of(
        self, db: Reader, around: Node, numbers: Sequence[int], where: str = "1 = 1", *more: object
    ) -> list[Rows]:
        """Those of these ids that are in a collection and meet a condition, in pages, with all fields, in the order
        given."""
        pages = []
        for start in range(0, len(numbers), PAGE):
            some = numbers[start : start + PAGE]
            # By id, not by all that the collection holds: the plus says so to SQLite.
            condition = f"{self.columns['id']} IN {marks(len(some))} AND +{self.part} = ? AND {where}"
            pages.append(await self._read(db, around, None, condition, *some, around.id, *more, order=some))
        return pages

    async def _read(
        self,
        db: Reader,
        around: Node,
        fields: frozenset[str] | None,
        condition: str,
        *arguments: object,
        order: Sequence[int] = (),
    ) -> Rows:
        """Nothing for who may not read what is in the collection."""
        names = [each for each in self.columns if fields is None or each in fields or each in ("id", "name")]
        rows: Sequence[Sequence[Any]] = []
        if Right.READ in around.access.rights:
            rows = await db.rows(
                f"SELECT {', '.join(self.columns[each] for each in names)} FROM {self.table} WHERE {condition}",
                *arguments,
            )
        if order:
            places, number = {each: place for place, each in enumerate(order)}, names.index("id")
            rows = sorted(rows, key=lambda row: places[row[number]])
        found = zip(*rows, strict=True) if rows else [()] * len(names)
        alike = {"shape": "resource", "access": around.access, "media_type": self.media_type}
        return Rows(dict(zip(names, found, strict=True)), around, alike)
