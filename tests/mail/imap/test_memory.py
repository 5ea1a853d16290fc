"""A large message goes in and out of a real server in flat memory."""

import asyncio
import base64
import hashlib
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import pytest

from parvis.app import App
from parvis.kernel.settings import load
from parvis.ops import people
from tests.mail.imap.conftest import PASSWORD, Imap
from tests.servers import start

MIB = 1024 * 1024
SETTINGS = """hostname = "mail.example.org"
domains = ["example.org"]
[ports]
http = 0
smtp = 0
imap = 0
[limits]
message_bytes = 115_000_000
"""
ROOT = pathlib.Path(__file__).parents[3]


def large() -> bytes:
    """A message of 100 MB: words, and a file in base64."""
    file = base64.encodebytes(random.Random(1).randbytes(74_000_000)).replace(b"\n", b"\r\n")
    head = b"From: Ann <ann@example.org>\r\nSubject: The film\r\nMIME-Version: 1.0\r\n"
    head += b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHere is the film.\r\n--b\r\n'
    head += b"Content-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + file + b"--b--\r\n"


def peak(process: "subprocess.Popen[str]") -> int:
    """The most memory that the server has had, in bytes."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


async def rested(process: "subprocess.Popen[str]") -> int:
    """The memory of the server once it does nothing; its peak is counted from now on."""
    status, before = pathlib.Path(f"/proc/{process.pid}/stat"), [""]
    while (now := status.read_text().rpartition(")")[2].split()[11:13]) != before:
        before = now
        await asyncio.sleep(2)
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return peak(process)


async def served(folder: pathlib.Path) -> tuple["subprocess.Popen[str]", int]:
    """A server with one person, and its port."""
    folder.mkdir()
    (folder / "parvis.toml").write_text(SETTINGS)
    app = await App.open(load(folder))
    await people.create(app.context.store, app.features, "person", "Ann", "ann@example.org", password=PASSWORD)
    await app.stop()
    log = folder.parent / "server.log"
    command = [sys.executable, "-m", "parvis", "serve", "--data", str(folder)]
    with (folder.parent / "out").open("wb") as out:
        process = start(command, log, stdout=out)
    end = time.monotonic() + 90
    while (found := re.search(r"^  imap: (\d+)$", (folder.parent / "out").read_text(), re.M)) is None:
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        await asyncio.sleep(0.1)
    return process, int(found[1])


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_hundred_megabytes_are_appended_and_fetched_in_flat_memory(tmp_path) -> None:
    process, port = await served(tmp_path / "data")
    try:
        client = await Imap.open(port)
        await client.ok(f'LOGIN ann@example.org "{PASSWORD}"')
        await client.append("INBOX", b"Subject: Small\r\n\r\nWords\r\n")
        await client.ok("SELECT INBOX")
        raw, before = large(), await rested(process)
        assert b"APPENDUID" in (await asyncio.wait_for(client.append("INBOX", raw), 120))[-1]
        (shape,) = await client.ok("FETCH 2 (RFC822.SIZE BODYSTRUCTURE)")
        assert b"RFC822.SIZE %d " % len(raw) in shape and b'"video" "mp4" NIL NIL NIL "base64"' in shape
        client.send(b"f FETCH 2 BODY.PEEK[]\r\n")
        assert (await client.reader.readline()).endswith(b"{%d}\r\n" % len(raw))
        digest, left = hashlib.sha256(), len(raw)
        while left:
            piece = await client.reader.read(min(left, MIB))
            digest.update(piece)
            left -= len(piece)
        assert digest.digest() == hashlib.sha256(raw).digest()
        await client.reader.readuntil(b"f OK")
        await asyncio.sleep(3)  # what is done later with a message does not take it into memory either
        grown = peak(process) - before
        print(f"{grown / 1e6:.0f} MB for {len(raw) / 1e6:.0f}")
        assert grown < 30e6
        await client.close()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
