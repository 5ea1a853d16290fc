"""PatchObjects. RFC 8620 §5.3"""

import copy
from typing import Any

from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.types import Object

Path = tuple[str, ...]
_DEEPEST = 32


def parse(patch: Object) -> list[tuple[Path, Any]]:
    """The patches with their paths as parts. Raises SetError invalidPatch when a pointer is malformed or one is
    the prefix of another."""
    parts = [(_path(pointer), value) for pointer, value in patch.items()]
    paths = {path for path, _ in parts}
    if len(paths) < len(parts):
        raise SetError("invalidPatch", "two pointers name the same place")
    for path in paths:
        for length in range(1, len(path)):
            if path[:length] in paths:
                raise SetError("invalidPatch", f"{'/'.join(path[:length])} is patched inside and as a whole")
    return parts


def _path(pointer: str) -> Path:
    tokens = []
    if pointer.count("/") >= _DEEPEST:
        raise SetError("invalidPatch", f"a pointer has at most {_DEEPEST} parts")
    for token in pointer.split("/"):
        bare = token.replace("~0", "").replace("~1", "")
        if "~" in bare:
            raise SetError("invalidPatch", f"{pointer!r} is no JSON pointer")
        tokens.append(token.replace("~1", "/").replace("~0", "~"))
    return tuple(tokens)


def apply(before: Object, parts: list[tuple[Path, Any]], defaults: Object) -> Object:
    """`before` with the patches applied; `before` itself stays as it is. A whole property set to null takes its
    value from `defaults` when it has one there. Raises SetError invalidPatch."""
    touched = {path[0] for path, _ in parts if len(path) > 1}
    after = {name: copy.deepcopy(value) if name in touched else value for name, value in before.items()}
    for path, value in parts:
        if len(path) == 1:
            after[path[0]] = copy.deepcopy(defaults.get(path[0])) if value is None else value
        else:
            _inside(after, path, value)
    return after


def _inside(after: Object, path: Path, value: Any) -> None:
    parent: Any = after
    for token in path[:-1]:
        if not isinstance(parent, dict) or token not in parent:
            raise SetError("invalidPatch", f"{'/'.join(path)}: there is no {token!r}")
        parent = parent[token]
    if isinstance(parent, list | tuple):
        raise SetError("invalidPatch", f"{'/'.join(path)}: a patch cannot change part of an array")
    if not isinstance(parent, dict):
        raise SetError("invalidPatch", f"{'/'.join(path)}: there is nothing to patch inside")
    if value is None:
        parent.pop(path[-1], None)
    else:
        parent[path[-1]] = value
