"""What we sign and seal, as other programs see it, and what they seal, with a name server of our own."""

import asyncio
import os
import pathlib
import shutil
import subprocess

import pytest

from parvis.kernel import clock
from parvis.mail.forwarding import Forwarder
from parvis.mail.signing import Signer
from parvis.wire import arc, dkim_keys
from parvis.wire.authres import Result
from parvis.wire.canonical import Text
from tests.authority import Authority, needs_nsd, zone
from tests.mail.conftest import plain

OPENDKIM = shutil.which("opendkim-testmsg", path="/usr/sbin:/usr/bin")
ARCVERIFY = shutil.which("arcverify", path="/usr/bin")
ARCSIGN = """import dkim, pathlib, sys
raw, (selector, domain, key) = sys.stdin.buffer.read(), [each.encode() for each in sys.argv[1:]]
fields = dkim.arc_sign(raw, selector, domain, pathlib.Path(key.decode()).read_bytes(), domain)
sys.stdout.buffer.write(b"".join(fields) + raw)"""
"""As dkimpy's own program, which asks for a wrong algorithm in Debian 12."""
AT = "127.0.8.53"
"""Where they ask: they have no setting for that, so a resolv.conf is put in its place, for them alone."""
RESULTS = (Result("spf", "pass", properties=(("smtp.mailfrom", "bob@example.net"),)), Result("dmarc", "pass"))


def may_mount() -> bool:
    """Whether this user may give a program its own resolv.conf, and take port 53."""
    unshare = shutil.which("unshare")
    return bool(unshare) and os.geteuid() == 0 and subprocess.run([unshare, "-m", "true"]).returncode == 0


pytestmark = [needs_nsd, pytest.mark.peer, pytest.mark.skipif(not may_mount(), reason="only root may mount a file")]
needs_opendkim = pytest.mark.skipif(
    OPENDKIM is None, reason="OpenDKIM is not installed (apt-get install opendkim-tools)"
)
needs_dkimpy = pytest.mark.skipif(
    ARCVERIFY is None or not pathlib.Path("/usr/lib/python3/dist-packages/authres").exists(),
    reason="dkimpy is not installed (apt-get install python3-dkim python3-authres)",
)


@pytest.fixture
async def names(tmp_path):
    """`await names(records)` answers with these TXT records, where the programs ask."""
    opened = []

    async def answer(records: dict[str, str]) -> None:
        opened.append(await asyncio.to_thread(Authority, tmp_path / "nsd", zone(records), host=AT))

    yield answer
    for authority in opened:
        authority.close()


async def run(folder: pathlib.Path, given: bytes, *command: object, at: str = AT) -> tuple[int | None, bytes]:
    """How a program ends that is given a message and asks the name server `at`, and what it says."""
    (folder / "resolv.conf").write_text(f"nameserver {at}\n")
    mount = f'mount --bind {folder}/resolv.conf /etc/resolv.conf && exec "$@"'
    process = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", mount, "sh", *map(str, command),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate(given)
    return process.returncode, said


async def records(signer: Signer) -> dict[str, str]:
    return {one.key.name: one.key.record for one in await signer.keys("example.org")}


@needs_opendkim
@pytest.mark.parametrize("algorithm", ["rsa", "ed25519", "both"])
async def test_opendkim_verifies_what_we_sign(store_sqlite, settings, names, tmp_path, algorithm: str) -> None:
    signer = Signer(store_sqlite, settings)
    await names(await records(signer))
    if algorithm != "both":
        await store_sqlite.write(lambda unit: unit.run("DELETE FROM dkim_key WHERE algorithm <> ?", algorithm))
    signed = await signer.signed(plain("Thư mới", "Some \t words. \r\n\r\n.dot\r\n\r\n", sender="ann@example.org"))
    whole, *changed = [
        await run(tmp_path, signed.replace(*change), OPENDKIM, "-t", tmp_path)
        for change in ((b"", b"", 0), (b"words", b"other"), (b"To: Ann", b"To: Eve"))
    ]
    assert whole == (0, b"")
    assert all(code and b"Bad signature" in said for code, said in changed)


@needs_dkimpy
async def test_dkimpy_believes_what_we_seal(store_sqlite, settings, names, tmp_path) -> None:
    signer, forwarder = Signer(store_sqlite, settings), Forwarder(store_sqlite, settings)
    await names(await records(signer))
    once = await forwarder.sealed(await signer.signed(plain("Thư mới", sender="ann@example.org")), "", RESULTS)
    twice = await forwarder.sealed(once, "", (*RESULTS, Result("arc", "pass")))
    for raw, value in ((once, b"pass"), (twice, b"pass"), (twice.replace(b"words", b"other"), b"fail")):
        code, said = await run(tmp_path, raw, ARCVERIFY)
        assert code == 0 and said.startswith(b"arc verification: cv=b'%s'" % value), said
    broken = await forwarder.sealed(once, "", (*RESULTS, Result("arc", "fail")))
    assert b"i=2; a=rsa-sha256; cv=fail" in broken
    assert b"the chain is terminated" in (await run(tmp_path, broken, ARCVERIFY))[1]


@needs_dkimpy
async def test_we_believe_what_dkimpy_seals(store_sqlite, settings, names, tmp_path) -> None:
    signer, forwarder = Signer(store_sqlite, settings), Forwarder(store_sqlite, settings)
    theirs = dkim_keys.generate("list.example", "s", "rsa")
    known = {**await records(signer), theirs.name: theirs.record}
    await names(known)
    (tmp_path / "key.pem").write_text(theirs.pem())
    command = ("/usr/bin/python3", "-c", ARCSIGN, theirs.selector, theirs.domain, tmp_path / "key.pem")
    raw = plain()
    for number in range(1, 4):
        if number == 2:
            raw = await forwarder.sealed(raw, "", (*RESULTS, Result("arc", "pass")))
        else:
            state = b"pass" if number > 1 else b"none"
            said = b"Authentication-Results: list.example; arc=%s; dmarc=pass\r\n" % state
            code, raw = await run(tmp_path, said + raw, *command)
            assert code == 0, raw.decode()
            raw = raw.replace(said, b"")
        text = Text(raw)
        found = arc.chain(text)
        assert found is not None and len(found.sets) == number
        assert arc.validate(text, found, known, clock.now_ms() // 1000) == ("pass", "")
