"""Importing from a real IMAP server, Dovecot of Debian's packages, on a loopback port."""

import imaplib
from collections.abc import Iterator

import pytest

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Unauthenticated, Unavailable
from parvis.mail import mailboxes, service
from parvis.ops import people
from parvis.ops.imports import job
from parvis.ops.imports.imap import Account, Imap, _listed
from parvis.ops.imports.importer import Importer
from parvis.ops.progress import silent
from parvis.wire.maildir import to_mutf7 as encoded
from tests import dovecot as dovecots
from tests.ops.test_imports import contents, letter

pytestmark = dovecots.marks


@pytest.fixture
def dovecot() -> Iterator[int]:
    """A running Dovecot; gives its port."""
    server = dovecots.Dovecot()
    yield server.port
    server.close()


def fill(port: int) -> None:
    """A mailbox with folders, flags and a message that is marked as deleted."""
    with imaplib.IMAP4("127.0.0.1", port) as box:
        box.login("bob", "secret-of-dovecot")
        for name in ("Projets/Été", "Công việc"):
            box.create(f'"{encoded(name)}"')
        date = '"03-Feb-2020 10:00:00 +0700"'
        for number in range(60):
            box.append("INBOX", "(\\Seen)" if number % 2 else "", date, letter(number))
        box.append(f'"{encoded("Projets/Été")}"', "(\\Flagged \\Answered $MDNSent)", date, letter(100))
        box.append(f'"{encoded("Công việc")}"', "(\\Draft)", date, letter(101))
        box.append("Verschickt", "(\\Seen)", date, letter(102))
        box.append("INBOX", "(\\Deleted)", date, letter(103))


def source(port: int, password: str = "secret-of-dovecot", allow: tuple[str, ...] = ()) -> Imap:
    gate = Egress(list(allow), frozenset())
    return Imap(
        Account("127.0.0.1", port, "bob", password, "none"), lambda host, at: gate.check("import", host, at)
    )


@pytest.fixture
async def bob(store_sqlite, features):
    return await people.create(store_sqlite, features, "person", "Bob", "bob@example.org")


async def perform(store, bob, reader):
    return await job.perform(store, Importer(store, bob, bob.id, reader, silent), "bob@127.0.0.1")


async def test_a_whole_account_comes_over_and_only_once(dovecot, store_sqlite, bob) -> None:
    fill(dovecot)
    state = await perform(store_sqlite, bob, source(dovecot))
    assert (state.imported, state.faults, state.total) == (63, 1, 64)
    assert state.named == [("INBOX, UID 61", "marked as deleted, left out")]
    assert await contents(store_sqlite, bob) == {"Inbox": 60, "Sent": 1, "Été": 1, "Công việc": 1}
    (flagged,) = await service.find_by_message_id(store_sqlite.db, bob.id, "letter100@example.org")
    row = await store_sqlite.db.row("SELECT keywords, received_ms FROM email WHERE id = ?", flagged)
    assert set(row[0].split()) == {"$flagged", "$answered", "$mdnsent"}
    assert row[1] == 1580698800000
    every = (await mailboxes.every(store_sqlite.db, bob.id)).values()
    assert next(box.unread_emails for box in every if box.role == "inbox") == 30
    again = await perform(store_sqlite, bob, source(dovecot))
    assert (again.imported, again.present) == (0, 63)


async def test_a_broken_connection_is_taken_up_again(dovecot, store_sqlite, bob) -> None:
    fill(dovecot)
    broken = source(dovecot)
    read = broken.read

    def breaking(position):
        for number, found in enumerate(read(position)):
            if number == 55:
                broken._connection.shutdown()
            yield found

    broken.read = breaking  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await perform(store_sqlite, bob, broken)
    state = await perform(store_sqlite, bob, source(dovecot))
    assert state.imported + state.present == 63
    assert await contents(store_sqlite, bob) == {"Inbox": 60, "Sent": 1, "Été": 1, "Công việc": 1}


async def test_a_wrong_password_is_said_plainly(dovecot, store_sqlite, bob) -> None:
    with pytest.raises(Unauthenticated, match="refuses the sign-in of bob"):
        await perform(store_sqlite, bob, source(dovecot, "wrong"))


async def test_a_host_that_the_gate_does_not_know_is_not_called() -> None:
    gate = Egress([], frozenset())
    reader = Imap(
        Account("imap.elsewhere.example", 993, "bob", "x"), lambda host, port: gate.check("import", host, port)
    )
    with pytest.raises(EgressRefused):
        reader.total()


def test_a_list_of_an_evil_server_is_read_in_one_pass() -> None:
    assert _listed(b'() "' + b"\\\\" * 5_000 + b" INBOX") is None
    assert _listed(rb'() "\\" a\\b').path == ("a", "b")
