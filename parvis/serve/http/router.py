"""Which handler a method and path belong to."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from parvis.serve.http.exchange import Route

_PART = re.compile(r"\{(\w+)(\*?)\}")


class Router:
    """A table of routes; plain paths are found in one step, those with parts in the order given."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._parts: list[tuple[re.Pattern[str], Route]] = []
        for route in routes:
            if "{" in route.path:
                self._parts.append((_pattern(route.path), route))
            else:
                self._plain.setdefault(route.path, {})[route.method] = route

    def find(self, method: str, raw_path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """The route, the parts of the path it names (decoded), and which methods the path knows. HEAD is found
        as GET."""
        wanted = "GET" if method == "HEAD" else method
        if (plain := self._plain.get(raw_path)) is not None:
            return plain.get(wanted) or plain.get("*"), {}, list(plain)
        methods: list[str] = []
        for pattern, route in self._parts:
            if match := pattern.fullmatch(raw_path):
                if route.method in (wanted, "*"):
                    return route, {name: unquote(part) for name, part in match.groupdict().items()}, []
                methods.append(route.method)
        return None, {}, methods


def _pattern(path: str) -> re.Pattern[str]:
    built, place = "", 0
    for match in _PART.finditer(path):
        built += re.escape(path[place : match.start()])
        built += f"(?P<{match[1]}>{'.*' if match[2] else '[^/]+'})"
        place = match.end()
    return re.compile(built + re.escape(path[place:]), re.DOTALL)
