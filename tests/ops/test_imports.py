"""Bringing mail in: each kind of source, resuming, and what is said of what was not understood."""

import asyncio
import mailbox
import os
from pathlib import Path

import pytest

from parvis.access.principal import Principal
from parvis.kernel.errors import Unavailable
from parvis.mail import mailboxes
from parvis.mail.folders import keywords_of, role_of
from parvis.ops import people
from parvis.ops.imports import importer as importing
from parvis.ops.imports import job
from parvis.ops.imports.eml import Messages
from parvis.ops.imports.importer import BATCH, Importer, State
from parvis.ops.imports.maildir import Maildir
from parvis.ops.imports.mbox import Mbox
from parvis.ops.imports.reader import Fault, Found
from parvis.ops.progress import silent


def letter(number: int, extra: str = "", body: str = "Hello.") -> bytes:
    return (
        f"From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: Letter {number}\n"
        f"Message-ID: <letter{number}@example.org>\nDate: Tue, 03 Feb 2026 10:00:00 +0100\n{extra}\n{body}\n"
    ).encode()


def envelope(raw: bytes) -> bytes:
    return b"From ann@example.org Tue Feb  3 10:00:00 2026\n" + raw + b"\n"


@pytest.fixture
async def bob(store_sqlite, features) -> Principal:
    return await people.create(store_sqlite, features, "person", "Bob", "bob@example.org", language="fr")


def importer(store, who: Principal, reader, under: tuple[str, ...] = ()) -> Importer:
    return Importer(store, who, who.id, reader, silent, under)


class Source:
    """A reader of what it is given."""

    def __init__(self, found: list[Found]) -> None:
        self.found, self.position = found, {}

    def total(self) -> int:
        return len(self.found)

    def read(self, position):
        return iter(self.found)


class Kept:
    """Notes each state that is to be kept."""

    def __init__(self) -> None:
        self.states = []

    async def __call__(self, state: State) -> None:
        self.states.append(state)


async def contents(store, who: Principal) -> dict[str, int]:
    every = await mailboxes.every(store.db, who.id)
    return {row.name: row.total_emails for row in every.values() if row.total_emails}


def test_an_mbox_is_cut_at_envelopes_and_nowhere_else(tmp_path) -> None:
    path = tmp_path / "old.mbox"
    tricky = letter(
        1, body="Dear Bob,\n\nFrom now on we meet at ten in the year of 2026.\n\n>From here it is quoted."
    )
    path.write_bytes(envelope(tricky) + envelope(letter(2, "Status: RO\nX-Status: AF\n")))
    first, second = Mbox(path).read({})
    assert isinstance(first, Found) and isinstance(second, Found)
    assert first.raw.endswith(b"From now on we meet at ten in the year of 2026.\n\nFrom here it is quoted.\n")
    assert second.raw == letter(2, "Status: RO\nX-Status: AF\n")
    assert second.keywords == {"$seen", "$answered", "$flagged"}
    assert first.folder == ("old",)


def test_an_mbox_written_by_python_is_read_back_byte_for_byte(tmp_path) -> None:
    box = mailbox.mbox(tmp_path / "made")
    originals = [letter(number, body="x\n" * number) for number in range(20)]
    for raw in originals:
        box.add(raw)
    box.close()
    assert [one.raw for one in Mbox(tmp_path / "made").read({})] == originals


def test_states_of_other_programs_are_kept(tmp_path) -> None:
    path = tmp_path / "All mail.mbox"
    path.write_bytes(
        envelope(letter(1, "X-Mozilla-Status: 1003\n"))
        + envelope(letter(2, "X-Mozilla-Status: 0009\n"))
        + envelope(letter(3, "X-Gmail-Labels: =?UTF-8?Q?Opened,Starred,Projets/=C3=89t=C3=A9?=\n"))
        + envelope(letter(4, "X-Gmail-Labels: Inbox,Unread\n"))
    )
    thunderbird, deleted, labelled, unread = Mbox(path).read({})
    assert thunderbird.keywords == {"$seen", "$answered", "$forwarded"}
    assert isinstance(deleted, Fault)
    assert (labelled.folder, labelled.keywords) == (("Projets", "Été"), {"$seen", "$flagged"})
    assert (unread.role, unread.keywords) == ("inbox", frozenset())


def test_rubbish_in_an_mbox_is_named_with_its_place(tmp_path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(b"\x00\x01\x02 not mail at all\n\n" + envelope(letter(1)))
    fault, found = Mbox(path).read({})
    assert fault == Fault("odd at byte 0", "21 bytes that begin no message")
    assert found.raw == letter(1)


def test_a_maildir_gives_folders_and_flags(tmp_path) -> None:
    root = mailbox.Maildir(tmp_path / "Maildir")
    sent = root.add_folder("Envoy&AOk-s")
    sub = root.add_folder("Projets.Pont")
    for box, flags, number in ((root, "RS", 1), (sent, "S", 2), (sub, "F", 3), (root, "ST", 4)):
        message = mailbox.MaildirMessage(letter(number))
        message.set_flags(flags)
        if flags:
            message.set_subdir("cur")
        box.add(message)
    entries = list(Maildir(tmp_path / "Maildir").read({}))
    found = {entry.folder: entry for entry in entries if isinstance(entry, Found)}
    assert found[("INBOX",)].keywords == {"$seen", "$answered"}
    assert found[("Envoyés",)].role == "sent"
    assert found[("Projets", "Pont")].keywords == {"$flagged"}
    assert [entry.what for entry in entries if isinstance(entry, Fault)] == ["marked as deleted, left out"]


def test_a_maildir_goes_on_although_flags_changed(tmp_path) -> None:
    root = mailbox.Maildir(tmp_path / "m")
    for number in range(6):
        root.add(letter(number))
    reader = Maildir(tmp_path / "m")
    source = reader.read({})
    taken = [next(source).raw for _ in range(3)]
    for file in (tmp_path / "m" / "new").iterdir():
        file.rename(tmp_path / "m" / "cur" / f"{file.name}:2,S")
    rest = [one.raw for one in Maildir(tmp_path / "m").read(reader.position)]
    assert sorted(taken + rest) == [letter(number) for number in range(6)]


def test_single_messages_and_folders_of_them(tmp_path) -> None:
    (tmp_path / "Projets" / "Pont").mkdir(parents=True)
    (tmp_path / "Projets" / "Pont" / "a.eml").write_bytes(letter(1))
    (tmp_path / "b.emlx").write_bytes(b"%d\n" % len(letter(2)) + letter(2) + b"<plist/>")
    (tmp_path / "c.eml").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"not looked at")
    nested, apple, empty = Messages(tmp_path).read({})
    assert (nested.folder, nested.raw) == (("Projets", "Pont"), letter(1))
    assert apple.raw == letter(2)
    assert isinstance(empty, Fault)
    assert next(iter(Messages(tmp_path / "b.emlx").read({}))).folder == ("Import",)


def test_roles_by_name_and_flags_by_keyword() -> None:
    assert role_of(("INBOX",)) == "inbox"
    assert role_of(("Éléments envoyés",)) == "sent"
    assert role_of(("INBOX", "Thùng rác")) == "trash"
    assert role_of(("Projects", "Sent")) is None
    assert keywords_of(["\\Seen", "$Forwarded", "\\Recent"]) == {"$seen", "$forwarded"}
    assert keywords_of(["\\Deleted"]) is None


async def test_everything_lands_where_it_belongs(store_sqlite, bob, tmp_path) -> None:
    root = mailbox.Maildir(tmp_path / "m")
    root.add(letter(1))
    root.add_folder("Sent").add(letter(2))
    root.add_folder("Projets.Pont").add(letter(3))
    state = await job.perform(store_sqlite, importer(store_sqlite, bob, Maildir(tmp_path / "m")), "m")
    assert (state.imported, state.present, state.faults, state.total) == (3, 0, 0, 3)
    assert await contents(store_sqlite, bob) == {"Boîte de réception": 1, "Envoyés": 1, "Pont": 1}


async def test_below_a_folder_of_ones_choice(store_sqlite, bob, tmp_path) -> None:
    (tmp_path / "one.eml").write_bytes(letter(1))
    reader = Messages(tmp_path / "one.eml")
    await job.perform(store_sqlite, importer(store_sqlite, bob, reader, ("Ancien",)), "one")
    assert await contents(store_sqlite, bob) == {"Import": 1}


async def test_a_second_import_adds_nothing(store_sqlite, bob, tmp_path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(b"".join(envelope(letter(number)) for number in range(5)) + envelope(letter(0)))
    first = await job.perform(store_sqlite, importer(store_sqlite, bob, Mbox(path)), "box")
    assert (first.imported, first.present) == (5, 1)
    again = await job.perform(store_sqlite, importer(store_sqlite, bob, Mbox(path)), "box")
    assert (again.imported, again.present) == (0, 6)
    assert job.report(again) == ["0 imported, 6 already there, 0 not imported"]


class Breaking(Mbox):
    """An mbox whose disk fails once, after a number of messages."""

    def __init__(self, path: Path, after: int) -> None:
        super().__init__(path)
        self.after = after

    def read(self, position):
        for number, found in enumerate(super().read(position)):
            if number == self.after:
                raise OSError("the disk is gone")
            yield found


async def test_a_broken_import_goes_on_and_nothing_is_twice_or_lost(store_sqlite, bob, tmp_path) -> None:
    path, count = tmp_path / "big.mbox", BATCH * 3 + 7
    path.write_bytes(b"".join(envelope(letter(number)) for number in range(count)))
    with pytest.raises(Unavailable, match="disk is gone"):
        await job.perform(store_sqlite, importer(store_sqlite, bob, Breaking(path, BATCH * 2 + 50)), "big")
    assert await contents(store_sqlite, bob) == {"big": BATCH * 2}
    await asyncio.sleep(0.05)
    state = await job.perform(store_sqlite, importer(store_sqlite, bob, Mbox(path)), "big")
    assert (state.imported, state.present) == (count, 0)
    assert await contents(store_sqlite, bob) == {"big": count}


async def test_a_batch_that_was_stored_but_not_noted_is_met_again(store_sqlite, bob, tmp_path) -> None:
    path = tmp_path / "b.mbox"
    path.write_bytes(b"".join(envelope(letter(number)) for number in range(BATCH + 5)))

    class Died(Exception):
        pass

    async def die(_):
        raise Died

    from parvis.ops.imports.importer import State

    with pytest.raises(Died):
        await importer(store_sqlite, bob, Mbox(path)).run(State(), die)
    state = await job.perform(store_sqlite, importer(store_sqlite, bob, Mbox(path)), "b")
    assert (state.imported, state.present) == (5, BATCH)


def test_the_report_groups_what_was_not_understood() -> None:
    from parvis.ops.imports.importer import State

    named = [(f"box at byte {n}", "the message is too large") for n in range(5)] + [("x", "unreadable")]
    lines = job.report(State(imported=2, faults=6, named=named))
    assert lines[1] == "  the message is too large: box at byte 0; box at byte 1; box at byte 2 and 2 more"
    assert lines[2] == "  unreadable: x"


async def test_a_folder_with_a_name_that_no_mailbox_may_have_stops_nothing(store_sqlite, bob, tmp_path) -> None:
    names = ["é" * 300, "/".join("abcdefghij" * 4), "bell\x07 and\x85 more", "half \udcc3 letter"]
    source = Source([Found(tuple(name.split("/")), letter(number)) for number, name in enumerate(names)])
    state = await importer(store_sqlite, bob, source).run(State(), noted := Kept())
    assert (state.imported, state.faults, len(noted.states)) == (4, 0, 1)
    assert set(await contents(store_sqlite, bob)) == {"é" * 127, "b", "bell  and  more", "half  letter"}


async def test_large_messages_are_not_gathered_by_number_alone(store_sqlite, bob, monkeypatch) -> None:
    monkeypatch.setattr(importing, "BATCH_BYTES", 5_000)
    source = Source([Found(("Old",), letter(number, body="x" * 3_000)) for number in range(5)])
    state = await importer(store_sqlite, bob, source).run(State(), noted := Kept())
    assert state.imported == 5 and len(noted.states) == 3


async def test_names_of_files_that_are_no_utf8(store_sqlite, bob, tmp_path) -> None:
    for number, name in enumerate((b"caf\xe9.eml", b"rubbish\xff.eml", b"zo\xeb.eml")):
        (tmp_path / os.fsdecode(name)).write_bytes(b"nothing" if b"rubbish" in name else letter(number))
    state = await job.perform(store_sqlite, importer(store_sqlite, bob, Messages(tmp_path)), "folder")
    assert (state.imported, state.faults) == (2, 1)
    assert state.named[0][0].endswith("rubbish\\xff.eml")
    root = tmp_path / "m"
    for number, folder in enumerate((b".", b".Re\xe7us")):
        (root / os.fsdecode(folder) / "cur").mkdir(parents=True)
        (root / os.fsdecode(folder) / "cur" / os.fsdecode(b"1.caf\xe9:2,S")).write_bytes(letter(number + 10))
    state = await job.perform(store_sqlite, importer(store_sqlite, bob, Maildir(root)), "m")
    assert (state.imported, state.faults) == (2, 0)
