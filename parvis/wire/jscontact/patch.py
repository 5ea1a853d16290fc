"""PatchObjects: paths of a card and what stands there after; made of two cards and applied. RFC 9553 §1.4.3"""

import copy
import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from parvis.kernel.errors import Invalid

Json = dict[str, Any]
DEPTH = 12
"""Objects and arrays within each other, and tokens of a path."""


def tokens_of(path: str) -> list[str]:
    """The reference tokens of a path; its first slash may be left out."""
    return [each.replace("~1", "/").replace("~0", "~") for each in path.removeprefix("/").split("/")]


def path_of(tokens: Iterable[str]) -> str:
    """A path, without a slash before it."""
    return "/".join(each.replace("~", "~0").replace("/", "~1") for each in tokens)


def apply_patch(card: Json, patch: Json) -> Json:
    """A copy of the card with the patch. Raises Invalid, the path as `field`, when any of it does not apply."""
    paths = sorted((tokens_of(path), path) for path in patch)
    for (tokens, path), (after, _) in pairwise(paths):
        if after[: len(tokens)] == tokens:
            raise Invalid("A patch holds another.", field=path)
    made = copy.deepcopy(card)
    for tokens, path in paths:
        _apply(made, tokens, path, copy.deepcopy(patch[path]))
    return made


def _apply(card: Json, tokens: list[str], path: str, value: Any) -> None:
    place: Any = card
    if len(tokens) > DEPTH:
        raise Invalid("A path is too deep.", field=path)
    for token in tokens[:-1]:
        place = _step(place, token, path)
    last = tokens[-1]
    if isinstance(place, list):
        _step(place, last, path)
        if value is None:
            raise Invalid("A member of an array cannot be removed.", field=path)
        place[int(last)] = value
    elif not isinstance(place, dict):
        raise Invalid("The path leads to nothing.", field=path)
    elif value is None:
        place.pop(last, None)
    else:
        place[last] = value


def _step(place: Any, token: str, path: str) -> Any:
    if isinstance(place, dict) and token in place:
        return place[token]
    if (
        isinstance(place, list)
        and token.isascii()
        and token.isdecimal()
        and len(token) < 7
        and int(token) < len(place)
    ):
        return place[int(token)]
    raise Invalid("The path leads to nothing.", field=path)


def difference(before: Json, after: Json) -> Json:
    """The patch that makes the one of the other; it does not reach into arrays. RFC 9555 §3.2.1 (JSPTR)"""
    patch: Json = {}
    _differ(before, after, [], patch)
    return patch


def _differ(before: Json, after: Json, path: list[str], patch: Json) -> None:
    for key in before.keys() | after.keys():
        here = [*path, key]
        if key not in after:
            patch[path_of(here)] = None
        elif key not in before:
            patch[path_of(here)] = after[key]
        elif (
            isinstance(before[key], dict)
            and isinstance(after[key], dict)
            and len(here) < DEPTH
            and not _comes_to_null(before[key], after[key])
        ):
            _differ(before[key], after[key], here, patch)
        elif not same(before[key], after[key]):
            patch[path_of(here)] = after[key]


def _comes_to_null(before: Json, after: Json) -> bool:
    """Whether a member becomes null, which no patch can say of it by itself: there null takes out."""
    return any(each is None and before.get(key, False) is not None for key, each in after.items())


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are alike; `true` is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
