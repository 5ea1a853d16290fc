"""From what a client sends to typed values of a record: types, defaults, who may set what, `#creationId`."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from parvis.kernel.records import Property, Record, properties
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Kind
from parvis.serve.jmap.types import Object, mentions_id

Resolve = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Declared:
    """A record's properties, prepared for checking."""

    all: dict[str, Property]
    references: frozenset[str]
    """Properties that hold ids."""
    defaults: Object
    required: frozenset[str]


@cache
def declared(record: type[Record]) -> Declared:
    """What a record declares."""
    found = properties(record)
    return Declared(
        found,
        frozenset(name for name, each in found.items() if name != "id" and mentions_id(each.type)),
        {name: msgspec.to_builtins(each.default) for name, each in found.items() if not each.required},
        frozenset(name for name, each in found.items() if each.required and each.settable != "server"),
    )


def outside(value: Object | Record) -> Object:
    """An object as its outside properties."""
    if isinstance(value, dict):
        return value
    built: Object = msgspec.to_builtins(value)
    return built


def created_values(kind: Kind, given: Object) -> Object:
    """The values of a new object: types checked, defaults filled in. Raises SetError invalidProperties naming all
    that is wrong."""
    known, values, wrong = declared(kind.record), Object(), dict[str, str]()
    for name, value in given.items():
        one = known.all.get(name)
        if one is None:
            if not (kind.open or kind.dynamic_set(name)):
                wrong[name] = "unknown"
            values[name] = value
        elif one.settable == "server":
            wrong[name] = "set by the server"
        else:
            _convert(one, value, values, wrong)
    for name in known.required - given.keys():
        wrong[name] = "required"
    if wrong:
        raise _wrong(wrong)
    for name, one in known.all.items():
        if name not in values and one.settable != "server":
            values[name] = copy.deepcopy(one.default)
    return values


def updated_values(kind: Kind, before: Object, after: Object, touched: set[str]) -> Object:
    """The touched properties whose value is a new one, checked. Raises SetError invalidProperties."""
    known, values, wrong = declared(kind.record), Object(), dict[str, str]()
    for name in sorted(touched):
        value, one = after.get(name), known.all.get(name)
        if name in before and before[name] == value:
            continue
        if one is None and kind.open:
            values[name] = value
        elif one is None:
            wrong[name] = "unknown"
        elif one.settable != "always":
            wrong[name] = "cannot be changed"
        else:
            _convert(one, value, values, wrong)
    if wrong:
        raise _wrong(wrong)
    return values


def _convert(one: Property, value: Any, values: Object, wrong: dict[str, str]) -> None:
    try:
        values[one.name] = msgspec.convert(value, one.type)
    except (msgspec.ValidationError, RecursionError) as error:
        wrong[one.name] = str(error)


def _wrong(faults: dict[str, str]) -> SetError:
    return invalid_properties(*faults, why="; ".join(f"{name}: {why}" for name, why in faults.items()))


def references(kind: Kind, given: Object) -> Iterator[tuple[str, str]]:
    """Each (property, creation id) that an object or patch refers to with `#`."""
    held = declared(kind.record).references
    for pointer, value in given.items():
        name, *inside = pointer.split("/")
        if name in held:
            for text in (*inside, *_texts(value)):
                if text.startswith("#"):
                    yield name, text[1:]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def substituted(kind: Kind, given: Object, resolve: Resolve) -> Object:
    """An object or patch with `#creationId` replaced by real ids. Raises SetError invalidProperties when one was
    not created. RFC 8620 §5.3"""
    missing = {name for name, creation in references(kind, given) if resolve("#" + creation) is None}
    if missing:
        raise invalid_properties(*sorted(missing), why="it refers to something that was not created")
    held = declared(kind.record).references
    result = {}
    for pointer, value in given.items():
        name, *inside = pointer.split("/")
        if name in held:
            pointer = "/".join([name, *(resolve(part) or part for part in inside)])
            value = _replaced(value, resolve)
        result[pointer] = value
    return result


def _replaced(value: Any, resolve: Resolve) -> Any:
    if isinstance(value, str):
        return resolve(value) or value
    if isinstance(value, dict):
        return {resolve(name) or name: _replaced(inner, resolve) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, resolve) for inner in value]
    return value


def check_references(kind: Kind, given: Object, here: set[str], resolve: Resolve) -> set[str]:
    """The creation ids of this very call that an object waits for. Raises SetError for those that nobody makes."""
    waits = set()
    for name, creation in references(kind, given):
        if creation in here:
            waits.add(creation)
        elif resolve("#" + creation) is None:
            raise SetError("invalidProperties", f"#{creation} was not created", properties=[name])
    return waits
