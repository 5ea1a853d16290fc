"""Filters and comparators of queries: reading them, and answering them for kinds that are small enough to be
compared in memory. RFC 8620 §5.5"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Any, TypeVar

import msgspec

from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Comparator, Filter, Kind, Operator
from parvis.serve.jmap.types import Object

T = TypeVar("T")
_DEEPEST, _MOST = 20, 500
_MOST_TEXT = 20_000
"""Characters in all conditions of a filter together."""
_MOST_SORTS = 20
COLLATIONS = ("i;ascii-casemap", "i;ascii-numeric", "i;octet", "i;unicode-casemap")


def read_filter(kind: Kind, given: Object | None) -> Filter | None:
    """A filter tree with the kind's condition structs as leaves. Raises MethodError unsupportedFilter for what
    this kind cannot answer, invalidArguments for what is malformed."""
    if given is None:
        return None
    return _node(kind, given, _DEEPEST, [_MOST, _MOST_TEXT])


def _node(kind: Kind, given: Any, depth: int, budget: list[int]) -> Filter:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        raise MethodError("unsupportedFilter", "the filter is too large")
    if not isinstance(given, dict):
        raise MethodError("invalidArguments", "a filter is an object")
    if "operator" in given:
        return _operator(kind, given, depth, budget)
    if kind.condition is None:
        if given:
            raise MethodError("unsupportedFilter", f"{kind.name} cannot be filtered")
        return Operator("AND", ())
    if unknown := sorted(set(given).difference(kind.condition.__struct_encode_fields__)):
        raise MethodError("unsupportedFilter", f"unknown condition {', '.join(unknown)}")
    budget[1] -= sum(len(str(value)) for value in given.values())
    if budget[1] < 0:
        raise MethodError("unsupportedFilter", "the filter is too large")
    try:
        return msgspec.convert(given, kind.condition)
    except msgspec.ValidationError as error:
        raise MethodError("invalidArguments", f"filter: {error}") from error


def _operator(kind: Kind, given: Object, depth: int, budget: list[int]) -> Operator:
    operator, conditions = given["operator"], given.get("conditions")
    if operator not in ("AND", "OR", "NOT") or not isinstance(conditions, list) or len(given) > 2:
        raise MethodError("invalidArguments", "filter: an operator is AND, OR or NOT with a list of conditions")
    return Operator(operator, tuple(_node(kind, each, depth - 1, budget) for each in conditions))


def read_sort(kind: Kind, given: list[Object] | None) -> tuple[Comparator, ...]:
    """The comparators. Raises MethodError unsupportedSort or invalidArguments."""
    if len(given or ()) > _MOST_SORTS:
        raise MethodError("unsupportedSort", f"at most {_MOST_SORTS} comparators")
    return tuple(_comparator(kind, each) for each in given or ())


def _comparator(kind: Kind, given: Object) -> Comparator:
    own = {"property", "isAscending", "collation"}
    try:
        found = msgspec.convert({name: given[name] for name in own & set(given)}, Comparator)
    except msgspec.ValidationError as error:
        raise MethodError("invalidArguments", f"sort: {error}") from error
    found.more = {name: value for name, value in given.items() if name not in own}
    if found.property not in kind.sorts:
        raise MethodError("unsupportedSort", f"cannot sort by {found.property!r}")
    if found.collation is not None and found.collation not in COLLATIONS:
        raise MethodError("unsupportedSort", f"unknown collation {found.collation!r}")
    if kind.check_sort is not None:
        kind.check_sort(found)
    return found


def matches(filter_: Filter | None, leaf: Callable[[Any], bool]) -> bool:
    """Whether a filter holds, when `leaf` tells it for each condition."""
    if filter_ is None:
        return True
    if not isinstance(filter_, Operator):
        return leaf(filter_)
    held = (matches(each, leaf) for each in filter_.conditions)
    if filter_.operator == "AND":
        return all(held)
    return any(held) if filter_.operator == "OR" else not any(held)


def compiled(filter_: Filter | None, leaf: Callable[[Any], tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """A filter as an SQL condition with its parameters, when `leaf` gives them for each condition."""
    if filter_ is None:
        return "1 = 1", []
    if not isinstance(filter_, Operator):
        return leaf(filter_)
    if not filter_.conditions:
        return ("1 = 0" if filter_.operator == "OR" else "1 = 1"), []
    parts = [compiled(each, leaf) for each in filter_.conditions]
    parameters = [value for _, values in parts for value in values]
    joined = (" AND " if filter_.operator == "AND" else " OR ").join(f"({sql})" for sql, _ in parts)
    return (f"NOT ({joined})" if filter_.operator == "NOT" else f"({joined})"), parameters


def collated(value: Any, collation: str | None) -> Any:
    """A value in the form in which it is compared; numbers, booleans and dates as they are."""
    if not isinstance(value, str):
        return value
    if collation == "i;octet":
        return value
    if collation == "i;ascii-casemap":
        return "".join(c.upper() if c.isascii() else c for c in value)
    if collation == "i;ascii-numeric":
        digits = value[: len(value) - len(value.lstrip("0123456789"))]
        return int(digits[:300]) if digits else float("inf")
    return unicodedata.normalize("NFKD", value.casefold())


def ordered(
    things: Iterable[T], sort: Sequence[Comparator], value: Callable[[T, Comparator], Any], tie: Callable[[T], Any]
) -> list[T]:
    """Things in the order of the comparators; `tie` decides at last, so that the order is stable. None is first."""

    def compare(one: T, other: T) -> int:
        for comparator in sort:
            a, b = (_placed(value(thing, comparator), comparator.collation) for thing in (one, other))
            if a != b:
                return (-1 if a < b else 1) * (1 if comparator.is_ascending else -1)
        a, b = tie(one), tie(other)
        return int(a > b) - int(a < b)

    return sorted(things, key=cmp_to_key(compare))


def _placed(value: Any, collation: str | None) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, collated(value, collation))
