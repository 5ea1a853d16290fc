"""Other servers, as rooms ask them. See contract.Peers."""

from typing import Any, Unpack

from parvis.chat.federation.client import Client
from parvis.chat.federation.contract import Bounds, Query
from parvis.chat.federation.keys import Keyring
from parvis.chat.federation.policy import Policy
from parvis.chat.rooms.home import Home
from parvis.wire.matrix import signing
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.signing import VerifyKey


class SignedPeers:
    """Requests that are signed, and signatures that are checked; ours too."""

    def __init__(self, client: Client, keyring: Keyring, policy: Policy, home: Home) -> None:
        self._client, self._keyring, self._policy, self._home = client, keyring, policy, home

    async def get(self, server: str, path: str, query: Query | None = None, **bounds: Unpack[Bounds]) -> Any:
        """See contract.Peers."""
        return await self._client.ask("GET", server, path, query, **bounds)

    async def put(self, server: str, path: str, body: Object, **bounds: Unpack[Bounds]) -> Any:
        """See contract.Peers."""
        return await self._client.ask("PUT", server, path, body=body, **bounds)

    async def post(self, server: str, path: str, body: Object, **bounds: Unpack[Bounds]) -> Any:
        """See contract.Peers."""
        return await self._client.ask("POST", server, path, body=body, **bounds)

    def allows(self, server: str) -> bool:
        """See contract.Peers."""
        return self._policy.allows(server)

    async def key(self, server: str, key_id: str, at_ms: int, *, enforced: bool = True) -> VerifyKey | None:
        """See contract.Peers."""
        if server != self._home.name:
            return await self._keyring.for_event(server, key_id, at_ms, enforced=enforced)
        if key_id == self._home.key.id:
            return self._home.key.verify_key
        old = self._home.old_keys.get(key_id)
        return old.key if old and at_ms <= old.expired_ms else None

    async def verify(self, server: str, value: Object, at_ms: int, *, enforced: bool = True) -> None:
        """See contract.Peers."""
        if server != self._home.name:
            await self._keyring.verify(server, value, at_ms, enforced=enforced)
            return
        names = signing.signatures_of(value, server)
        found = {name: key for name in names if (key := await self.key(server, name, at_ms, enforced=enforced))}
        signing.verify(value, server, found)
