"""A whole mail server, people with filters, and what became of their mail."""

from dataclasses import dataclass

import msgspec
import pytest

from parvis.access.principal import Principal
from parvis.mail import mailboxes
from parvis.mail import store as mailstore
from parvis.mail.imap.names import paths
from parvis.mail.sieve import log, service
from tests.mail.smtp import conftest as smtp
from tests.mail.smtp.conftest import Site, talking

rooms, mail_settings, sink, site, site_sqlite = (
    smtp.rooms,
    smtp.mail_settings,
    smtp.sink,
    smtp.site,
    smtp.site_sqlite,
)


@dataclass
class Person:
    """Somebody with a filter."""

    site: Site
    who: Principal

    async def filters(self, source: str, name: str = "main") -> None:
        """Puts a script and makes it the active one."""
        await service.put(self.site.store, self.who, self.who.id, name, source.encode())
        await service.set_active(self.site.store, self.who, self.who.id, name)

    async def mail(self) -> dict[str, list[str]]:
        """The subjects in each mailbox that has any, by its name, oldest first."""
        names = paths(await mailboxes.every(self.site.store.db, self.who.id))
        rows = await self.site.store.db.rows(
            """SELECT p.mailbox_id, e.summary FROM email_mailbox p JOIN email e ON e.id = p.email_id
            WHERE e.account_id = ? ORDER BY e.id""",
            self.who.id,
        )
        found: dict[str, list[str]] = {}
        for mailbox_id, summary in rows:
            found.setdefault(names[mailbox_id], []).append(msgspec.json.decode(summary)["subject"])
        return found

    async def emails(self) -> list:
        """Each message: its id, its keywords, its bytes."""
        rows = await self.site.store.db.rows("SELECT id FROM email WHERE account_id = ? ORDER BY id", self.who.id)
        found = await mailstore.rows_of(self.site.store.db, self.who.id, [row[0] for row in rows])
        return [(row[0], row[5], await self.site.store.blobs.get(row[2])) for row in sorted(found)]

    async def log(self) -> list[dict]:
        """What filters noted, oldest first."""
        return (await log.read(self.site.store.db, self.who.id, None, 100))[::-1]


@pytest.fixture
async def ann(site) -> Person:
    return Person(site, await site.person("ann"))


@pytest.fixture
async def ann_sqlite(site_sqlite) -> Person:
    return Person(site_sqlite, await site_sqlite.person("ann"))


@pytest.fixture
async def bob(site) -> Person:
    return Person(site, await site.person("bob"))


async def send(site: Site, raw: bytes, *to: str, sender: str = "bob@one.example") -> str:
    """A message by SMTP; the last answer."""
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        await client.say(
            f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in to or ("ann@example.org",)), "DATA"
        )
        await client.raw(raw + b".\r\n")
        return await client.answer()
