"""The server as its rooms see it: the account they are parts of, and the key that events are signed with, which
is made at the first start."""

import contextlib

from parvis.access.principal import Principal
from parvis.chat.server import Server
from parvis.chat.users import Users
from parvis.kernel.errors import Conflict, Unavailable
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.signing import SigningKey

_ID = 1
_PURPOSE = "matrix-key"


class Home:
    """Where rooms are; `open` before anything is said in them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key: SigningKey | None = None

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
    def account_id(self) -> int:
        """The account of all rooms."""
        return self._server.account_id

    @property
    def owner(self) -> Principal:
        """Who gives and withdraws what memberships open."""
        return Principal(self.account_id, "", "", "external")

    @property
    def key(self) -> SigningKey:
        """What events are signed with. Raises Unavailable before `open`."""
        if self._key is None:
            raise Unavailable("chat is not open yet")
        return self._key

    async def open(self) -> None:
        """Reads the key, or makes it. Raises Unavailable when it does not open."""
        if await self._row() is None:
            made = SigningKey.generate("1")
            sealed = await self.store.sealer.seal(made.seed, _PURPOSE)

            async def work(unit: Unit) -> None:
                await unit.run(
                    "INSERT INTO chat_key (id, version, seed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    _ID,
                    made.version,
                    sealed,
                )

            with contextlib.suppress(Conflict):  # another node made it
                await self.store.write(work)
        row = await self._row()
        assert row is not None
        self._key = SigningKey.read(row[0], await self.store.sealer.open(row[1], _PURPOSE))

    async def _row(self) -> tuple[str, str] | None:
        row = await self.store.db.row("SELECT version, seed FROM chat_key WHERE id = ?", _ID)
        return None if row is None else (row[0], row[1])
