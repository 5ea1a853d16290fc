"""The server as its rooms see it: the account they are parts of, and the key that events are signed with, which
is made at the first start. Keys of before are kept, for what they signed stands."""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from parvis.access.principal import Principal
from parvis.chat.people.standing import Standings
from parvis.chat.server import Server
from parvis.chat.users import Users
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Unavailable
from parvis.store.sql.contract import Row
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.server_keys import OldKey
from parvis.wire.matrix.signing import SigningKey

if TYPE_CHECKING:
    from parvis.chat.federation.contract import Queue

_PURPOSE = "matrix-key"


class Home:
    """Where rooms are; `open` before anything is said in them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key: SigningKey | None = None
        self._old: Mapping[str, OldKey] = {}

    @property
    def store(self) -> Store:
        """Where things are kept."""
        return self._server.store

    @property
    def name(self) -> str:
        """The name of the server."""
        return self._server.name

    @property
    def users(self) -> Users:
        """Its users."""
        return self._server.users

    @property
    def standings(self) -> Standings:
        """Whose account is locked or suspended."""
        return self._server.standings

    @property
    def account_id(self) -> int:
        """The account of all rooms."""
        return self._server.account_id

    @property
    def room_kind(self) -> str:
        """What rooms are where who makes them does not say so."""
        return self._server.settings.chat.room_kind

    @property
    def owner(self) -> Principal:
        """Who gives and withdraws what memberships open."""
        return Principal(self.account_id, "", "", "external")

    @property
    def queue(self) -> "Queue | None":
        """What leaves for other servers; None where nothing does."""
        return self._server.queue

    @property
    def key(self) -> SigningKey:
        """What events are signed with. Raises Unavailable before `open`."""
        if self._key is None:
            raise Unavailable("chat is not open yet")
        return self._key

    @property
    def old_keys(self) -> Mapping[str, OldKey]:
        """What events were signed with before, by key id."""
        return self._old

    async def open(self) -> None:
        """Reads the keys, or makes the first. Raises Unavailable when they do not open."""
        if not await self._rows():
            await self._make(1)
        await self._read()

    async def rotate(self) -> SigningKey:
        """Makes another key, which everything is signed with from now on; other nodes know it when they start
        again."""
        number = int(await self.store.db.value("SELECT MAX(id) FROM chat_key") or 0)
        await self._make(number + 1)
        await self._read()
        return self.key

    async def _make(self, number: int) -> None:
        made = SigningKey.generate(str(number))
        sealed = await self.store.sealer.seal(made.seed, _PURPOSE)

        async def work(unit: Unit) -> None:
            await unit.run("UPDATE chat_key SET expired_ms = ? WHERE expired_ms IS NULL", clock.now_ms())
            await unit.run(
                "INSERT INTO chat_key (id, version, seed) VALUES (?, ?, ?)", number, made.version, sealed
            )

        with contextlib.suppress(Conflict):  # another node made it
            await self.store.write(work)

    async def _read(self) -> None:
        old: dict[str, OldKey] = {}
        for version, sealed, expired_ms in await self._rows():
            key = SigningKey.read(version, await self.store.sealer.open(sealed, _PURPOSE))
            if expired_ms is None:
                self._key = key
            else:
                old[key.id] = OldKey(key.verify_key, expired_ms)
        self._old = old

    async def _rows(self) -> list[Row]:
        return await self.store.db.rows("SELECT version, seed, expired_ms FROM chat_key ORDER BY id")
