"""Debian's rspamd is asked, without any name server and without a network."""

import shutil

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


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("rspamd") / "own", "127.0.0.1:9")
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
