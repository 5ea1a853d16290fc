"""What the doors answer, against the OpenAPI of the specification, while tests run.

Only where `PARVIS_MATRIX_SPEC` names a folder with `client-server.json` and `server-server.json`, as
`scripts/dump-openapi.py` of matrix-org/matrix-spec makes them, and `jsonschema` is there; else nothing is looked at.
What was answered with success is added to `answered.txt` beside them: `python -m tests.chat.specification` tells of
which operations the tests have seen no such answer."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = os.environ.get("PARVIS_MATRIX_SPEC", "")
APIS = ("client-server", "server-server")
_METHODS = ("get", "put", "post", "delete")
_PART = 206
"""Of media a part may be asked for, as of anything (RFC 9110 §15.3.7)."""
_NO_RELAYS = ("/_matrix/client/v3/voip/turnServer", {})
"""How all servers answer that have none."""


class Operation(NamedTuple):
    """What is specified of a method and a path."""

    api: str
    method: str
    path: str
    said: dict[str, Any]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The paths it is at."""
        return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(self.path)))

    @property
    def shape(self) -> tuple[str, str]:
        """It, whatever the parts of the path are called."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)


def operations(api: str) -> Iterator[Operation]:
    """All of an API; those whose paths have a blank at the end are others' second descriptions."""
    text = (Path(FOLDER) / f"{api}.json").read_text()
    for path, methods in json.loads(text, object_hook=_without_origin)["paths"].items():
        for method in _METHODS:
            if method in methods and not path.endswith(" "):
                yield Operation(api, method.upper(), path, methods[method])


def _without_origin(schema: dict[str, Any]) -> dict[str, Any]:
    """Drafts and invitations are said to need an `origin`, which events of today's rooms do not have."""
    if isinstance(needed := schema.get("required"), list) and {"origin", "sender", "content"} <= {*needed}:
        schema["required"] = [each for each in needed if each != "origin"]
    return schema


class Specification:
    """Both APIs."""

    def __init__(self) -> None:
        import jsonschema  # is there only where it is asked for

        self._validator = jsonschema.Draft202012Validator
        self._known = [(each.pattern, each) for api in APIS for each in operations(api)]
        self._known.sort(key=lambda one: one[1].path.count("{"))
        self._answered: set[tuple[str, str]] = set()

    def check(self, method: str, path: str, status: int, body: bytes | object) -> None:
        """Raises AssertionError for an answer that is not as it is specified; `body` is JSON, or was. Errors that an
        operation does not name are said once for all and not looked at."""
        found = next(
            (each for pattern, each in self._known if each.method == method and pattern.fullmatch(path)), None
        )
        if found is None or status == _PART:
            return
        response = found.said["responses"].get(str(status))
        assert response is not None or status >= 400, f"{method} {found.path}: {status} is not specified"
        schema = ((response or {}).get("content") or {}).get("application/json", {}).get("schema")
        if schema is not None:
            value = json.loads(body) if isinstance(body, bytes) else body
            if (found.path, value) == _NO_RELAYS:
                return
            wrong = [f"{each.json_path}: {each.message}" for each in self._validator(schema).iter_errors(value)]
            assert not wrong, f"{method} {found.path} {status}: {wrong}"
        if status < 400 and (named := (found.method, found.path)) not in self._answered:
            self._answered.add(named)
            with (Path(FOLDER) / "answered.txt").open("a") as file:
                file.write(f"{found.method} {found.path}\n")


_SPECIFICATION = Specification() if FOLDER else None


def check(method: str, path: str, status: int, body: bytes | object) -> None:
    """See Specification.check; nothing without one."""
    if _SPECIFICATION is not None:
        _SPECIFICATION.check(method, path, status, body)


if __name__ == "__main__":
    answered = set((Path(FOLDER) / "answered.txt").read_text().splitlines())
    for api in APIS:
        known = [f"{each.method} {each.path}" for each in operations(api)]
        print(f"{api}: {len(answered & set(known))} of {len(known)} answered; not:")
        print(*(f"  {each}" for each in known if each not in answered), sep="\n")
