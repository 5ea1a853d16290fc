"""Which servers may take part in a room (Matrix v1.19 Client-Server §Server Access Control Lists (ACLs) for
rooms)."""

from collections.abc import Iterable

from . import identifiers
from .canonical import Object
from .errors import BadMatrix
from .globs import Glob


class ServerAcl:
    """The content of `m.room.server_acl`, read once; whatever stands there can be asked."""

    __slots__ = ("_allow", "_deny", "_literals")

    def __init__(self, content: Object) -> None:
        self._allow = _Patterns(content.get("allow"))
        self._deny = _Patterns(content.get("deny"))
        self._literals = content.get("allow_ip_literals") is not False

    def allows(self, server: str) -> bool:
        """Whether a server, with or without a port, may take part. What names no server may not."""
        try:
            host, _, literal = identifiers.server_name(server)
        except BadMatrix:
            return False
        if literal and not self._literals:
            return False
        name = f"[{host}]" if ":" in host else host
        name = name.lower()
        return not self._deny.match(name) and self._allow.match(name)


class _Patterns:
    __slots__ = ("_exact", "_globs")

    def __init__(self, given: object) -> None:
        texts: Iterable[str] = (
            [each.lower() for each in given if isinstance(each, str)] if isinstance(given, list) else []
        )
        special = {each for each in texts if "*" in each or "?" in each}
        self._exact = frozenset(texts) - special
        self._globs = [Glob(each) for each in sorted(special)]

    def match(self, name: str) -> bool:
        return name in self._exact or any(each.matches(name) for each in self._globs)


def keeps_out(content: Object, server: str) -> bool:
    """Whether a list of a user of `server` would keep their own server out: nobody wants to send that."""
    return not ServerAcl(content).allows(server)
