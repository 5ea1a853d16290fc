"""The keys of servers: ours as others fetch them, and theirs, fetched, checked and kept (Matrix v1.19 Server-Server
§Retrieving server keys)."""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from parvis.chat.federation.client import Client
from parvis.chat.federation.contract import PeerError
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.once import Once
from parvis.kernel.recent import Recent
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import server_keys, signing
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.server_keys import ServerKeys
from parvis.wire.matrix.signing import VerifyKey

_LIMIT = 200_000
_SECONDS = 10.0
_KEPT = 10_000
"""Keys in memory."""
_AGAIN_MS = 10_000
"""A server is not asked for its keys more often than this."""
_MOST_ASKED = 50
"""Servers that are asked at once: whoever knows our address can name any."""
_MOST_SAID = 100
"""Keys of one server that are looked at."""
_MOST_TRIED = 10
"""Signatures of one server on one object that are looked at."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a server said of its keys, and when that came."""

    said: ServerKeys
    fetched_ms: int

    def for_event(self, key_id: str, at_ms: int, *, enforced: bool = True) -> VerifyKey | None:
        """See ServerKeys.for_event."""
        return self.said.for_event(key_id, at_ms, self.fetched_ms, enforced=enforced)


class Keyring:
    """The keys of other servers."""

    def __init__(self, store: Store, client: Client, notaries: Iterable[str]) -> None:
        self._store, self._client, self._notaries = store, client, tuple(notaries)
        self._kept: Recent[tuple[str, str], Kept] = Recent(_KEPT)
        self._asked: Recent[str, int] = Recent(_KEPT)
        self._asking: Once[str, None] = Once()

    async def for_event(self, server: str, key_id: str, at_ms: int, *, enforced: bool = True) -> VerifyKey | None:
        """The key that a server signed something of a moment with. See contract.Peers.key."""
        kept = await self.kept(server, key_id)
        found = kept.for_event(key_id, at_ms, enforced=enforced) if kept else None
        if found is None:
            kept = await self._fetched(server, key_id)
            found = kept.for_event(key_id, at_ms, enforced=enforced) if kept else None
        return found

    async def for_request(self, server: str, key_id: str) -> VerifyKey | None:
        """The key that a request of now may be signed with."""
        now = clock.now_ms()
        kept = await self.kept(server, key_id)
        found = kept.said.for_request(key_id, now, kept.fetched_ms) if kept else None
        if found is None:
            kept = await self._fetched(server, key_id, eager=True)
            found = kept.said.for_request(key_id, now, kept.fetched_ms) if kept else None
        return found

    async def verify(self, server: str, value: Object, at_ms: int, *, enforced: bool = True) -> None:
        """See contract.Peers.verify."""
        keys: dict[str, VerifyKey] = {}
        for key_id in list(signing.signatures_of(value, server))[:_MOST_TRIED]:
            if (key := await self.for_event(server, key_id, at_ms, enforced=enforced)) is not None:
                keys[key_id] = key
        signing.verify(value, server, keys)

    async def kept(self, server: str, key_id: str) -> Kept | None:
        """What is known of a key without asking anybody."""
        found = self._kept.get((server, key_id))
        if found is None:
            row = await self._store.db.row(
                "SELECT source, fetched_ms FROM chat_peer_key WHERE server = ? AND key_id = ?", server, key_id
            )
            if row is None:
                return None
            found = Kept(server_keys.read(msgspec.json.decode(row[0]), server), row[1])
            self._kept[server, key_id] = found
        return found

    async def of_server(self, server: str) -> list[Kept]:
        """All that is known of a server's keys, what came last first."""
        rows = await self._store.db.rows(
            "SELECT source, fetched_ms FROM chat_peer_key WHERE server = ? ORDER BY fetched_ms DESC LIMIT ?",
            server,
            _MOST_SAID,
        )
        sources = dict.fromkeys((source, fetched_ms) for source, fetched_ms in rows)
        return [Kept(server_keys.read(msgspec.json.decode(each[0]), server), each[1]) for each in sources]

    async def refresh(self, server: str, *, eager: bool = False) -> None:
        """Asks a server for its keys, unless that was just done; whoever wants the same waits for the same. `eager`
        is for a server that has just asked something itself."""
        if server not in self._asking:
            if self._asked.get(server, 0) > clock.now_ms() - _AGAIN_MS:
                return
            if len(self._asking) >= _MOST_ASKED:
                raise Unavailable("too many servers are asked for their keys just now")
            self._asked[server] = clock.now_ms()
        await self._asking.of(server, lambda: self._ask(server, eager))

    async def _fetched(self, server: str, key_id: str, *, eager: bool = False) -> Kept | None:
        await self.refresh(server, eager=eager)
        return await self.kept(server, key_id)

    async def _ask(self, server: str, eager: bool) -> None:
        try:
            answer = await self._client.ask(
                "GET", server, "/_matrix/key/v2/server", limit=_LIMIT, seconds=_SECONDS, eager=eager
            )
            await self._keep(server_keys.read(answer, server))
        except (PeerError, Unavailable, BadMatrix) as error:
            _log.info("keys of %s: %s", server, error.sentence)
            for notary in self._notaries:
                if notary != server and await self._notary(notary, server):
                    return

    async def _notary(self, notary: str, server: str) -> bool:
        """Asks another server for the keys of one that does not answer; says whether that helped."""
        with contextlib.suppress(PeerError, Unavailable, BadMatrix):
            body: Object = {"server_keys": {server: {}}}
            answer = await self._client.ask(
                "POST", notary, "/_matrix/key/v2/query", None, body, limit=_LIMIT, seconds=_SECONDS
            )
            keys = await self._current(notary)
            found = [each for each in server_keys.read_notarised(answer, notary, keys) if each.server == server]
            for each in found:
                await self._keep(each)
            return bool(found)
        return False

    async def _current(self, server: str) -> Mapping[str, VerifyKey]:
        """The keys that a server signs with now."""
        await self.refresh(server)
        now, kept = clock.now_ms(), await self.of_server(server)
        found = {key_id: each for each in kept for key_id in each.said.keys}
        return {
            key_id: key
            for key_id, each in found.items()
            if (key := each.said.for_request(key_id, now, each.fetched_ms)) is not None
        }

    async def _keep(self, said: ServerKeys) -> None:
        now, source = clock.now_ms(), msgspec.json.encode(said.source).decode()
        rows = [(said.server, key_id, source, now) for key_id in {*said.keys, *said.old_keys}]

        async def work(unit: Unit) -> None:
            await unit.many(
                """INSERT INTO chat_peer_key (server, key_id, source, fetched_ms) VALUES (?, ?, ?, ?)
                ON CONFLICT (server, key_id) DO UPDATE SET source = excluded.source,
                fetched_ms = excluded.fetched_ms""",
                rows,
            )

        await self._store.write(work)
        for _, key_id, _, _ in rows:
            self._kept[said.server, key_id] = Kept(said, now)
