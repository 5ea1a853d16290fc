"""The server as Matrix sees it: its name, its users, and the one account that all its rooms are parts of."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from parvis.access import directory
from parvis.chat import words
from parvis.chat.people.standing import Standings
from parvis.chat.users import Users
from parvis.kernel.errors import Conflict
from parvis.serve.context import Context
from parvis.store.sql.contract import Database, Tx
from parvis.store.unit import Unit
from parvis.wire.matrix import identifiers

if TYPE_CHECKING:
    from parvis.chat.federation.contract import Queue
    from parvis.chat.federation.service import Federation

_ID = 1
_PICTURES = 2
"""Small pictures that are made at once."""
Peers = Callable[[Database | Tx | Unit, int], Awaitable[set[int]]]
"""Who shares an encrypted room with somebody."""


async def _nobody(_: Database | Tx | Unit, __: int) -> set[int]:
    return set()


class Server:
    """Made with the program, open before any door is."""

    def __init__(self, context: Context) -> None:
        """Raises Invalid when the settings name a server that Matrix could not name."""
        settings = context.settings
        self.context, self.store, self.settings = context, context.store, settings
        self.name = settings.chat.server_name or next(iter(settings.domains), settings.hostname)
        identifiers.server_name(self.name, "chat.server_name")
        self.users = Users(self.name)
        self.standings = Standings(context.store)
        self.peers: Peers = _nobody
        self.federation: Federation | None = None
        """Other servers; there from the wiring on."""
        self.queue: Queue | None = None
        """What leaves for other servers; None where nothing does."""
        self.pictures = asyncio.Semaphore(_PICTURES)
        self._account_id = 0

    @property
    def account_id(self) -> int:
        """The account whose parts are the rooms; its clock is the order of all their events."""
        if not self._account_id:
            raise RuntimeError("the chat server is not open")
        return self._account_id

    async def open(self) -> None:
        """Makes the account of the rooms when there is none."""
        with contextlib.suppress(Conflict):  # another node made it
            await self.store.write(self._make)
        found = await self.store.db.value("SELECT account_id FROM chat_server WHERE id = ?", _ID)
        assert found is not None
        self._account_id = int(found)
        await self.standings.open()

    async def stop(self) -> None:
        """Hears no more of what changes on other nodes."""
        await self.standings.stop()

    async def _make(self, unit: Unit) -> None:
        if await unit.value("SELECT 1 FROM chat_server WHERE id = ?", _ID) is not None:
            return
        language = self.settings.language
        account_id = await directory.create(unit, "external", words.ROOMS[language], language=language)
        await unit.run("INSERT INTO chat_server (id, account_id) VALUES (?, ?)", _ID, account_id)
