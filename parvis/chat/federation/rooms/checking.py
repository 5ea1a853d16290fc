"""The form, the hash and the signatures of events that came (Matrix v1.19 Server-Server §Checks performed on
receipt of a PDU, 1 to 3)."""

import asyncio
from collections.abc import Sequence

from parvis.chat.federation.contract import Peers
from parvis.kernel.errors import Unavailable
from parvis.wire.matrix import event as events
from parvis.wire.matrix import hashes, redaction, signing
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.signing import VerifyKey
from parvis.wire.matrix.versions import RoomVersion

_AT_ONCE = 100
_KEYS = 3
"""Keys of one server that an event may be signed with."""


class Checker:
    """Checks by the keys of servers."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def event(self, source: object, version: RoomVersion) -> Event:
        """An event that somebody sent; what is left of it by a redaction where its hash is another. Raises
        BadMatrix where it is none, or is not signed by those who must."""
        given = (
            {name: value for name, value in source.items() if name != "unsigned"}
            if isinstance(source, dict)
            else source
        )
        found = events.read(given, version)
        await self._verify(found)
        if hashes.has_its_hash(found.source, version):
            return found
        return events.load(redaction.redacted(found.source, version), version, found.event_id)

    async def events(self, sources: Sequence[object], version: RoomVersion) -> dict[str, Event]:
        """Many at once, by id; what is wrong is left out."""
        found: dict[str, Event] = {}
        for start in range(0, len(sources), _AT_ONCE):
            some = sources[start : start + _AT_ONCE]
            read = await asyncio.gather(*(self._or_none(each, version) for each in some))
            found |= {each.event_id: each for each in read if each is not None}
        return found

    async def _or_none(self, source: object, version: RoomVersion) -> Event | None:
        try:
            return await self.event(source, version)
        except (BadMatrix, Unavailable):
            return None

    async def _verify(self, event: Event) -> None:
        version, keys = event.version, dict[str, dict[str, VerifyKey]]()
        for server in hashes.signers(event.source, version):
            keys[server] = {}
            for key_id in [*signing.signatures_of(event.source, server)][:_KEYS]:
                key = await self._peers.key(server, key_id, event.origin_server_ts, enforced=version.keys_expire)
                if key is not None:
                    keys[server][key_id] = key
        hashes.verify(event.source, version, keys)


def listed(value: object, name: str, most: int) -> list[Object]:
    """A list of objects in an answer. Raises BadMatrix where there is none, or it is too long."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list) or len(found) > most:
        raise BadMatrix(f"Not a list of at most {most}", field=name)
    return [each for each in found if isinstance(each, dict)]


def named(value: object, name: str, most: int) -> list[str]:
    """A list of texts. Raises BadMatrix."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list) or len(found) > most:
        raise BadMatrix(f"Not a list of at most {most}", field=name)
    return [each for each in found if isinstance(each, str)]
