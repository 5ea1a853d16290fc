"""References to results of earlier calls in a request. RFC 8620 §3.7"""

from typing import Any

import msgspec

from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.types import Invocation, Object

_MOST = 100_000
"""Items a reference may gather, so that `*` over `*` cannot fill the memory."""


MOST_WEIGHT = 300_000
"""What all references of a request may bring together, as `weight` counts."""


class ResultReference(msgspec.Struct, rename="camel"):
    """RFC 8620 §3.7"""

    result_of: str
    name: str
    path: str


class _Unresolved(Exception):
    """A reference leads nowhere."""


def resolve_all(arguments: Object, responses: list[Invocation]) -> Object:
    """The arguments with each `#name` replaced by what it refers to. Raises MethodError invalidArguments when a
    name is given both ways, invalidResultReference when a reference does not resolve."""
    if not any(name.startswith("#") for name in arguments):
        return arguments
    resolved = {}
    for name, value in arguments.items():
        if not name.startswith("#"):
            resolved[name] = value
            continue
        if name[1:] in arguments:
            raise MethodError("invalidArguments", f"{name[1:]} is given twice, once as a reference")
        try:
            resolved[name[1:]] = _resolve(msgspec.convert(value, ResultReference), responses)
        except msgspec.ValidationError as error:
            raise MethodError("invalidResultReference", f"{name}: {error}") from error
        except _Unresolved as error:
            raise MethodError("invalidResultReference", f"{name}: {error}") from error
    return resolved


def weight(arguments: Object, resolved: Object, most: int) -> int:
    """How much the references among `arguments` brought: values, and each 64 characters of text. The same value
    referred to twice counts twice, for it is written twice; counting ends at `most`, so that calls which echo one
    another twice each cannot grow without bound."""
    left: list[Any] = [resolved[name[1:]] for name in arguments if name.startswith("#")]
    total = 0
    while left and total <= most:
        value = left.pop()
        total += 1
        if isinstance(value, str):
            total += len(value) // 64
        elif isinstance(value, dict):
            left.extend(value.values())
            total += sum(len(name) for name in value) // 64
        elif isinstance(value, list | tuple):
            left.extend(value)
    return total


def _resolve(reference: ResultReference, responses: list[Invocation]) -> Any:
    for name, arguments, call_id in responses:
        if call_id == reference.result_of:
            if name != reference.name:
                raise _Unresolved(f"the response of {call_id!r} is {name}")
            return evaluate(arguments, tokens_of(reference.path))
    raise _Unresolved(f"no response of {reference.result_of!r} yet")


def tokens_of(pointer: str) -> list[str]:
    """The parts of a JSON pointer, unescaped. RFC 6901 §3"""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise _Unresolved(f"{pointer!r} is no JSON pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def evaluate(value: Any, tokens: list[str]) -> Any:
    """What the tokens lead to; `*` maps over an array and flattens what are arrays. RFC 8620 §3.7"""
    for place, token in enumerate(tokens):
        if isinstance(value, dict):
            if token not in value:
                raise _Unresolved(f"there is no {token!r}")
            value = value[token]
        elif isinstance(value, list | tuple):
            if token == "*":  # noqa: S105 - a part of a pointer
                return _mapped(value, tokens[place + 1 :])
            value = value[_index(token, len(value))]
        else:
            raise _Unresolved(f"{token!r} leads into a value that has no parts")
    return value


def _mapped(items: list[Any] | tuple[Any, ...], rest: list[str]) -> list[Any]:
    gathered: list[Any] = []
    for item in items:
        found = evaluate(item, rest)
        if isinstance(found, list | tuple):
            gathered.extend(found)
        else:
            gathered.append(found)
        if len(gathered) > _MOST:
            raise _Unresolved("it gathers too much")
    return gathered


def _index(token: str, length: int) -> int:
    """An array index in canonical form. RFC 6901 §4"""
    canonical = token.isascii() and token.isdigit() and len(token) < 10 and (token == "0" or token[0] != "0")  # noqa: S105
    if not canonical or int(token) >= length:
        raise _Unresolved(f"{token!r} is no index here")
    return int(token)
