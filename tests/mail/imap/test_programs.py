"""Programs of others against our IMAP: mbsync keeps a Maildir in step, both ways."""

import asyncio
import mailbox
import shutil
from pathlib import Path

import pytest

from tests.mail.imap.conftest import PASSWORD, Site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mbsync") is None, reason="isync is not installed (apt-get install isync)"),
]
CONFIG = """IMAPAccount a
Host 127.0.0.1
Port {port}
User ann@example.org
Pass "{password}"
SSLType None
AuthMechs PLAIN

IMAPStore far
Account a

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns INBOX Archive
Create Both
Expunge Both
SyncState *
"""


async def sync(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "mbsync", "-c", str(folder / "config"), "-a", stderr=asyncio.subprocess.PIPE, env={"HOME": str(folder)}
    )
    _, said = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said


def near(folder: Path) -> dict[str, set[str]]:
    """The flags of the messages in the Maildir, by subject."""
    found = mailbox.Maildir(folder / "mail/INBOX", create=False)
    return {message["Subject"]: set(message.get_flags()) for message in found}


async def test_mbsync_keeps_both_sides_equal(site: Site, tmp_path: Path) -> None:
    await site.person("ann")
    (tmp_path / "mail").mkdir()
    (tmp_path / "config").write_text(CONFIG.format(port=site.port, password=PASSWORD, folder=tmp_path))
    box = mailbox.Maildir(tmp_path / "mail/INBOX")
    for number in range(40):
        message = mailbox.MaildirMessage(f"From: a@example.net\nSubject: n{number}\n\n{'Words. ' * number}\n")
        message.set_subdir("cur")
        message.set_flags("S" if number % 2 else "F")
        box.add(message)
    await sync(tmp_path)
    ann = await site.sign_in("ann", "INBOX")
    assert len((await ann.ok("SEARCH SEEN"))[0].split()) == 2 + 20
    assert len((await ann.ok("SEARCH FLAGGED"))[0].split()) == 2 + 20
    await ann.append("INBOX", b"From: b@example.net\r\nSubject: from there\r\n\r\nWords.\r\n", r"\Answered")
    (found,) = await ann.ok("SEARCH SUBJECT n7")
    await ann.ok(rf"STORE {found.split()[-1].decode()} +FLAGS.SILENT (\Deleted)")
    await ann.ok("EXPUNGE")
    (found,) = await ann.ok("SEARCH SUBJECT n8")
    await ann.ok(rf"STORE {found.split()[-1].decode()} FLAGS (\Seen \Answered)")
    await sync(tmp_path)
    here = near(tmp_path)
    assert len(here) == 40 and "n7" not in here
    assert here["from there"] == {"R"} and here["n8"] == {"R", "S"} and here["n9"] == {"S"}
