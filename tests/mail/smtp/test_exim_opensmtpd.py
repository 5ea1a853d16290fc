"""Mail to and from Exim and OpenSMTPD: who it is from is proved both ways, and what one of them says of the other's
signature, SPF and DMARC is what the other has published. OpenDKIM and rspamd judge what they have stored."""

import asyncio
import os
import pathlib
import secrets
import shutil

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from bench.peers.exim import Exim
from bench.peers.opensmtpd import OpenSmtpd
from bench.peers.unpacked import Unpacked
from parvis.kernel.settings import Dns
from parvis.mail.signing import Signer
from parvis.wire import authres, dkim_keys, mime
from tests.authority import Authority, needs_nsd, zone
from tests.certificates import Authority as Certificates
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Site, talking
from tests.mail.smtp.test_authentication import HERE, boxes
from tests.mail.test_signing_peers import OPENDKIM, run
from tests.servers import Rspamd

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    needs_nsd,
    pytest.mark.skipif(not HERE, reason="this machine has no address but loopback"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a name server at port 53 needs root"),
]
DNS_HOST = f"127.{64 + secrets.randbelow(60)}.{secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
KEYS = {domain: dkim_keys.generate(domain, "x", "rsa") for domain in ("exim.example", "opensmtpd.example")}
TEXTS = {
    **{key.name: key.record for key in KEYS.values()},
    **dict.fromkeys(KEYS, f"v=spf1 ip4:{HERE} -all"),
    **{f"_dmarc.{domain}": "v=DMARC1; p=reject; adkim=s; aspf=s" for domain in KEYS},
    "bank.example": "v=spf1 -all",
    "_dmarc.bank.example": "v=DMARC1; p=reject",
    "careful.example": "v=spf1 -all",
    "_dmarc.careful.example": "v=DMARC1; p=quarantine",
    "example.org": "v=spf1 ip4:127.0.0.1 ip4:198.51.100.7 -all",
    "_dmarc.example.org": "v=DMARC1; p=reject; adkim=s",
}
BODY = "\r\n".join([".", "..", ". dot", "Đường vào tim em", "x" * 900, "", "From the top", ""])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    opened = Authority(tmp_path_factory.mktemp("nsd"), zone(TEXTS), host=DNS_HOST)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rspamd(authority, tmp_path_factory):
    if shutil.which("rspamd") is None:
        pytest.skip("rspamd is not installed (apt-get install rspamd)")
    server = Rspamd(tmp_path_factory.mktemp("rspamd") / "own", authority.address)
    yield server.port
    server.close()


@pytest.fixture
def mail_settings(mail_settings, authority):
    mail_settings.dns = Dns(nameservers=[authority.address])
    mail_settings.host = "0.0.0.0"
    mail_settings.limits.message_bytes = 20_000_000
    return mail_settings


@pytest.fixture(params=[Exim, OpenSmtpd], ids=["exim", "opensmtpd"])
async def peer(request, site_sqlite: Site, authority, tmp_path):
    kind: type[Unpacked] = request.param
    if why := kind.missing():
        pytest.skip(why)
    port, key = site_sqlite.ports["smtp"], KEYS[f"{kind.__name__.lower()}.example"]
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    if kind is Exim:
        Certificates(tmp_path / "ca").context("exim.example")
        certificate = (tmp_path / "ca" / "exim.example1.pem").read_text()
        running = await asyncio.to_thread(Exim, DNS_HOST, f"{HERE}::{port}", certificate, pem)
    else:
        running = await asyncio.to_thread(OpenSmtpd, DNS_HOST, f"{HERE}:{port}", pem)
    site_sqlite.settings.delivery.routes = {"*": f"127.0.0.1:{running.port}"}
    keys = await Signer(site_sqlite.store, site_sqlite.settings).keys("example.org")
    await asyncio.to_thread(authority.change, zone(TEXTS | {one.key.name: one.key.record for one in keys}))
    yield running
    await asyncio.to_thread(running.close)


def domain_of(peer: Unpacked) -> str:
    return f"{type(peer).__name__.lower()}.example"


async def arrived(peer: Unpacked, count: int = 1) -> list[bytes]:
    async with asyncio.timeout(30):
        while len(found := await asyncio.to_thread(peer.mailbox, "paul")) < count:
            await asyncio.sleep(0.1)
    return found


async def hand_in(peer: Unpacked, raw: bytes, sender: str) -> None:
    """Somebody over there sends; one command after the other, since OpenSMTPD takes no pipelining."""
    async with talking(peer.port) as client:
        await client.hello()
        for line in (f"MAIL FROM:<{sender}>", "RCPT TO:<ann@example.org>", "DATA"):
            (answer,) = await client.say(line)
            assert answer[0] in "23", answer
        await client.raw(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        assert (await client.answer()).startswith("250")


async def until_in(site: Site, person, role: str) -> bytes:
    async with asyncio.timeout(30):
        while not (found := (await boxes(site, person)).get(role)):
            await asyncio.sleep(0.1)
    return found[-1]


def found_in(raw: bytes) -> dict[str, list[str]]:
    """What our own field of a stored message says, by method."""
    found: dict[str, list[str]] = {}
    for field in mime.parse(raw).root.all("Authentication-Results"):
        results = authres.parse(field.value.decode())
        for one in results.results if results.server == "mail.example.org" else ():
            found.setdefault(one.method, []).append(one.value)
    return found


async def test_what_it_sends_is_proved(site_sqlite: Site, peer: Unpacked) -> None:
    ann, sender = await site_sqlite.person("ann"), f"paul@{domain_of(peer)}"
    raw = plain("Chào", body=BODY, sender=f"Paul <{sender}>")
    await hand_in(peer, raw, sender)
    stored = await until_in(site_sqlite, ann, "inbox")
    found = found_in(stored)
    assert found["spf"][0] == "pass" and found["dkim"] == ["pass"] and found["dmarc"] == ["pass"], stored
    assert stored.partition(b"\r\n\r\n")[2].rstrip(b"\r\n") == raw.partition(b"\r\n\r\n")[2].rstrip(b"\r\n")
    assert b"with ESMTPS id" in stored or b"with UTF8SMTPS id" in stored


async def test_what_it_forges_is_not_believed(site_sqlite: Site, peer: Unpacked) -> None:
    ann = await site_sqlite.person("ann")
    if isinstance(peer, Exim):  # OpenSMTPD's filter signs in its own name whatever it sends
        await hand_in(peer, plain("Pay now", sender="joe@bank.example"), "joe@bank.example")
        async with asyncio.timeout(20):
            while "bank.example wants mail refused that is not from it (DMARC)" not in peer.log():
                await asyncio.sleep(0.1)
    await hand_in(peer, plain("Pay later", sender="joe@careful.example"), f"paul@{domain_of(peer)}")
    stored = await until_in(site_sqlite, ann, "junk")
    assert b"Pay later" in stored and found_in(stored)["dmarc"] == ["fail"]
    await hand_in(peer, plain("Pay by list", sender="joe@bank.example"), f"paul@{domain_of(peer)}")
    async with asyncio.timeout(20):
        while len(found := (await boxes(site_sqlite, ann))["junk"]) < 2:
            await asyncio.sleep(0.1)
    assert b"Pay by list" in found[-1] and b"policy.dmarc=reject" in found[-1]
    assert "inbox" not in await boxes(site_sqlite, ann)


async def test_what_we_send_is_proved(site_sqlite: Site, peer: Unpacked, rspamd: int, tmp_path) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    email = await client.draft(f"paul@{domain_of(peer)}", subject="Đây là thư", bodyValues={"1": {"value": BODY}})
    await client.send(email)
    (raw,) = await arrived(peer)
    crlf = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    start_of_ours = crlf[crlf.index(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed") :]
    message = mime.parse(start_of_ours)
    assert mime.decode_text(start_of_ours, message.leaves()[0]).text.rstrip() == BODY.replace("\r\n", "\n").rstrip()
    if isinstance(peer, Exim):
        said = b" ".join(crlf.partition(b"Authentication-Results: ")[2].split(b"\r\nReceived")[0].split())
        assert said.count(b"dkim=pass") == 2 and b"spf=pass" in said, said  # RSA and Ed25519, read by Exim itself
        assert b"with esmtps" in raw and b"TLS1.3" in raw
    await opendkim_believes(crlf, tmp_path)
    symbols = await rspamd_says(crlf, rspamd)
    assert {"R_DKIM_ALLOW", "DMARC_POLICY_ALLOW", "R_SPF_ALLOW"} <= symbols, symbols


async def opendkim_believes(raw: bytes, folder: pathlib.Path) -> None:
    if OPENDKIM is None:
        return
    ours = raw[raw.index(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed") :]
    code, said = await run(folder, ours, OPENDKIM, at=DNS_HOST)
    assert code == 0, said
    code, said = await run(folder, ours + b"more\r\n", OPENDKIM, at=DNS_HOST)
    assert code != 0, said


async def rspamd_says(raw: bytes, port: int) -> set[str]:
    """The symbols of rspamd for a message, as if it came from an address of ours outside: it spares its own machine."""
    async with httpx.AsyncClient() as client:
        head = {"IP": "198.51.100.7", "Helo": "mail.example.org", "From": "ann@example.org"}
        answer = await client.post(f"http://127.0.0.1:{port}/checkv2", content=raw, headers=head, timeout=30)
    return set(answer.json()["symbols"])


async def test_a_large_message_arrives_as_it_was(site_sqlite: Site, peer: Unpacked) -> None:
    ann = await site_sqlite.person("ann")
    line = b"0123456789 " * 7 + b"\r\n"
    raw = plain("Large", sender=f"paul@{domain_of(peer)}")[:-2] + line * 65_000
    await hand_in(peer, raw, f"paul@{domain_of(peer)}")
    stored = await until_in(site_sqlite, ann, "inbox")
    assert line * 65_000 in stored and found_in(stored)["dkim"] == ["pass"]


async def test_what_it_does_not_take_comes_back(site_sqlite: Site, peer: Unpacked) -> None:
    ann = await site_sqlite.person("ann")
    client, domain = site_sqlite.client(ann), domain_of(peer)
    email = await client.draft(f"paul@{domain}", cc=[{"email": f"gone@{domain}"}])
    made = await client.send(email)
    await arrived(peer)
    report = await until_in(site_sqlite, ann, "inbox")
    assert f"gone@{domain}".encode() in report and b"Status: 5." in report
    status = (await client.submission(made["id"]))["deliveryStatus"]
    assert {address: one["delivered"] for address, one in status.items()} == {
        f"paul@{domain}": "unknown", f"gone@{domain}": "no"
    }  # fmt: skip


@pytest.mark.parametrize("peer", [Exim], ids=["exim"], indirect=True)
async def test_greylisting_and_a_late_refusal(site_sqlite: Site, peer: Unpacked) -> None:
    ann = await site_sqlite.person("ann")
    client = site_sqlite.client(ann)
    await client.send(await client.draft("grey@exim.example"))
    (raw,) = await arrived(peer)
    assert b"grey@exim.example" in raw and "come back later" in peer.log()
    made = await client.send(await client.draft("late@exim.example"))
    report = await until_in(site_sqlite, ann, "inbox")
    assert b"the mailbox has been closed" in report
    async with asyncio.timeout(20):
        while (await client.submission(made["id"]))["deliveryStatus"]["late@exim.example"]["delivered"] != "no":
            await asyncio.sleep(0.1)
