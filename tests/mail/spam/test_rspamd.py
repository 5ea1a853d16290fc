"""Debian's rspamd is asked, without any name server and without a network."""

import shutil
import socketserver
import threading

import pytest

from parvis.kernel.egress import Egress
from parvis.mail.authentication import Origin
from parvis.mail.spam.rspamd import Rspamd
from tests.mail.conftest import plain
from tests.servers import Rspamd as Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("rspamd") is None, reason="rspamd is not installed (apt-get install rspamd)"),
]
ORIGIN = Origin("192.0.2.7", "mail.example.net", "bob@example.net")
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


class Scanner(socketserver.StreamRequestHandler):
    """A scanner for viruses that speaks as ClamAV does: each message with the word WORM has one."""

    def handle(self) -> None:
        found, begin = b"", self.rfile.read(len(b"zINSTREAM\0"))
        while begin == b"zINSTREAM\0" and (size := int.from_bytes(self.rfile.read(4), "big")):
            found += self.rfile.read(size)
        self.wfile.write(b"stream: Test.Worm FOUND\0" if b"WORM" in found else b"stream: OK\0")


@pytest.fixture(scope="module")
def scanner():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def port(tmp_path_factory, scanner):
    clamav = f'type = "clamav"; servers = "127.0.0.1:{scanner}"; symbol = "CLAM_VIRUS"; scan_mime_parts = false;'
    folder = tmp_path_factory.mktemp("rspamd") / "own"
    server = Server(folder, "127.0.0.1:9", antivirus=f"clamav {{ {clamav} }}\n")
    yield server.port
    server.close()


async def test_it_says_what_it_thinks(port: int) -> None:
    rspamd = Rspamd(f"http://127.0.0.1:{port}", Egress([]))
    usual = await rspamd.check(plain(message_id="a@example.net"), ORIGIN, ["ann@example.org"])
    odd = await rspamd.check(plain("FREE $$$ viagra!!!", "http://192.0.2.3/x"), ORIGIN, ["ann@example.org"])
    test = await rspamd.check(plain(body=GTUBE), ORIGIN, ["ann@example.org"])
    await rspamd.close()
    assert usual and odd and test
    assert usual.chance < odd.chance <= test.chance
    assert any(reason.startswith("rspamd:") for reason in odd.reasons)


async def test_it_tells_of_a_virus(port: int) -> None:
    rspamd = Rspamd(f"http://127.0.0.1:{port}", Egress([]))
    found = [await rspamd.check(plain(body=body), ORIGIN, ["ann@example.org"]) for body in ("A WORM", "An apple")]
    await rspamd.close()
    assert [opinion and opinion.has_virus for opinion in found] == [True, False]
