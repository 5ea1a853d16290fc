"""Mail for domains that want TLS goes to whom they mean and to nobody else: MTA-STS and DANE."""

import asyncio
import contextlib
import gzip
import json
import ssl
from hashlib import sha256

import pytest

from parvis.kernel import clock
from parvis.kernel.settings import Dns
from parvis.mail.queue import policies
from parvis.mail.queue import store as queue
from parvis.mail.queue.service import Queue
from parvis.mail.queue.tls_report import TlsReporter
from parvis.mail.signing import Signer
from parvis.store.jobs import Retry
from parvis.wire import dkim, mime
from parvis.wire.canonical import Text
from tests import certificates
from tests.answering import Answering
from tests.authority import Authority, Validating, needs_nsd, txt
from tests.certificates import key_of
from tests.mail.smtp.conftest import Sink, Site
from tests.mail.smtp.test_queue import put, states

pytestmark = needs_nsd
DOMAINS = ("one.example", "try.example", "other.example", "plain.example", "safe.example", "weak.example")
ENFORCE = "version: STSv1\nmode: enforce\nmx: *.{domain}\nmax_age: 86400\n"


class Web:
    """The host of policies."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.bodies: dict[str, str] = {}
        self.kind, self.asked = "text/plain", list[str]()
        self._context = context

    async def open(self) -> "Web":
        self._server = Answering(self._answer)
        self.port = await self._server.open(ssl=self._context)
        return self

    async def close(self) -> None:
        await self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            host = head.split("host: ")[1].split("\r\n")[0]
            self.asked.append(host)
            assert head.startswith("get /.well-known/mta-sts.txt ")
            body = self.bodies.get(host, "").encode()
            status = "200 OK" if body else "404 Not Found"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {self.kind}\r\nContent-Length: ".encode())
            writer.write(f"{len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()


@pytest.fixture
def trusted(tmp_path, monkeypatch) -> certificates.Authority:
    """An authority that the system trusts."""
    made = certificates.Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def stranger(tmp_path) -> certificates.Authority:
    """One that nobody trusts."""
    return certificates.Authority(tmp_path / "stranger", "A stranger")


def zone(*more: str, ids: str = "1") -> str:
    lines = list(more)
    for domain in DOMAINS:
        lines += [f"{domain}. MX 10 mx.{domain}.", f"mx.{domain}. A 127.0.0.1", f"mta-sts.{domain}. A 127.0.0.1"]
        if domain in ("one.example", "try.example", "other.example"):
            lines.append(txt(f"_mta-sts.{domain}", f"v=STSv1; id={ids};"))
    return "\n".join(lines)


@pytest.fixture
async def web(trusted, monkeypatch):
    opened = await Web(trusted.context(*(f"mta-sts.{domain}" for domain in DOMAINS))[0]).open()
    monkeypatch.setattr(policies, "PORT", opened.port)
    opened.bodies = {f"mta-sts.{domain}": ENFORCE.format(domain=domain) for domain in DOMAINS}
    opened.bodies["mta-sts.try.example"] = ENFORCE.format(domain="try.example").replace("enforce", "testing")
    opened.bodies["mta-sts.other.example"] = ENFORCE.format(domain="one.example")
    yield opened
    await opened.close()


@pytest.fixture
async def far(mail_settings, web):
    """The server of all these domains."""
    opened = await Sink().open()
    mail_settings.delivery.port = opened.port
    mail_settings.delivery.retries = [1]
    yield opened
    await opened.close()


@pytest.fixture
def authority(tmp_path, mail_settings, far):
    opened = Authority(tmp_path / "nsd", zone())
    mail_settings.dns = Dns(nameservers=[opened.address], loopback=True)
    yield opened
    opened.close()


async def said(site: Site, number: int) -> str:
    """What became of the one recipient, once it was tried."""
    async with asyncio.timeout(20):
        while True:
            found = await states(site, number)
            if not found:
                return "sent"
            ((_, reply),) = found.values()
            if reply:
                return "sent" if reply.startswith("250") else reply
            await asyncio.sleep(0.02)


async def send(site: Site, domain: str) -> str:
    ann = site.people.get("ann") or await site.person("ann")
    return await said(site, await put(site, ann, f"x@{domain}"))


async def test_the_right_certificate_gets_the_mail(authority, site: Site, far: Sink, web: Web, trusted) -> None:
    far.tls, _ = trusted.context("mx.one.example")
    assert await send(site, "one.example") == "sent" and far.commands[1] == "STARTTLS"
    assert await send(site, "one.example") == "sent"
    assert web.asked == ["mta-sts.one.example"]  # it is kept
    row = await site.store.db.row("SELECT domain, policy_id, expires_ms - fetched_ms FROM sts_policy")
    assert row == ("one.example", "1", 86_400_000)


@pytest.mark.parametrize(
    ("server", "status"),
    [
        (lambda trusted, stranger: None, "4.7.4 mx.one.example: it offers no TLS"),
        (lambda trusted, stranger: stranger.context("mx.one.example")[0], "self-signed certificate in certificate"),
        (lambda trusted, stranger: trusted.context("mx.two.example")[0], "Hostname mismatch"),
        (lambda trusted, stranger: trusted.context("mx.one.example", days=-1)[0], "certificate has expired"),
    ],
)
async def test_somebody_in_between_gets_nothing(
    authority, site_sqlite: Site, far: Sink, trusted, stranger, server, status
) -> None:
    far.tls = server(trusted, stranger)
    reply = await send(site_sqlite, "one.example")
    assert status in reply and reply.startswith("451 4.7.") and "one.example wants mail sent by safe ways" in reply
    assert not far.messages and not any(line.startswith("MAIL") for line in far.commands)
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM outgoing WHERE state = 'active'") == 1


async def test_a_server_that_the_policy_does_not_name_gets_nothing(authority, site_sqlite, far, trusted) -> None:
    far.tls, _ = trusted.context("mx.other.example")
    assert "4.7.5 mx.other.example is not in the MTA-STS policy" in await send(site_sqlite, "other.example")
    assert not far.commands


async def test_who_only_tries_gets_mail_all_the_same(authority, site_sqlite, far, stranger) -> None:
    assert await send(site_sqlite, "try.example") == "sent"
    far.tls, _ = stranger.context("mx.else.example")
    assert await send(site_sqlite, "try.example") == "sent" and len(far.messages) == 2
    assert await send(site_sqlite, "plain.example") == "sent"  # no policy: any certificate


async def test_a_policy_counts_until_its_time_is_over(authority, site_sqlite, far, web, trusted) -> None:
    far.tls, _ = trusted.context("mx.one.example")
    assert await send(site_sqlite, "one.example") == "sent"
    await site_sqlite.store.write(lambda unit: unit.run("UPDATE sts_policy SET policy_id = '0'"))
    web.kind = "text/html"  # as a captive portal would say
    far.tls = None
    await site_sqlite.idle()
    await site_sqlite.context.need(Queue)._transfer.close()
    assert "it offers no TLS" in await send(site_sqlite, "one.example") and len(web.asked) == 2
    await site_sqlite.store.write(lambda unit: unit.run("UPDATE sts_policy SET expires_ms = 1"))
    assert await send(site_sqlite, "one.example") == "sent"
    assert len(web.asked) == 2  # a host that has just failed is left alone


async def vouched(authority: Authority, site: Site, *lines: str) -> Validating:
    """Other records, and a resolver that vouches for two domains."""
    await asyncio.to_thread(authority.change, zone(*lines))
    return Validating(authority, "safe.example", "weak.example")


def tlsa(site: Site, host: str, *fields) -> str:
    port = site.settings.delivery.port
    return f"_{port}._tcp.{host}. TLSA {fields[0]} {fields[1]} {fields[2]} {fields[3].hex()}"


async def test_dns_names_the_certificate(authority, site: Site, far: Sink, stranger) -> None:
    context, own = stranger.context("anything.example", days=-1)  # neither name nor time count. RFC 7671 §5.1
    lines = [tlsa(site, "mx.safe.example", 3, 1, 1, sha256(key_of(own)).digest())]
    async with await vouched(authority, site, *lines) as near:
        site.context.resolver._settings.nameservers = [near.address]
        far.tls = context
        assert await send(site, "safe.example") == "sent"
        await site.idle()  # only then is the connection kept for a next message
        await site.context.need(Queue)._transfer.close()
        far.tls, _ = stranger.context("anything.example")
        assert "not the one that DNS names (DANE)" in await send(site, "safe.example")
        far.tls = None
        assert "4.7.4 mx.safe.example: it offers no TLS" in await send(site, "safe.example")
        assert len(far.messages) == 1


async def test_dns_names_an_authority(authority, site_sqlite: Site, far: Sink, stranger, tmp_path) -> None:
    site = site_sqlite
    lines = [tlsa(site, "mx.safe.example", 2, 0, 1, sha256(stranger.der).digest())]
    async with await vouched(authority, site, *lines) as near:
        site.context.resolver._settings.nameservers = [near.address]
        far.tls, _ = stranger.context("mx.safe.example")
        assert await send(site, "safe.example") == "sent"
        await site.idle()  # only then is the connection kept for a next message
        await site.context.need(Queue)._transfer.close()
        far.tls, _ = stranger.context("mx.other.example")
        assert "Hostname mismatch" in await send(site, "safe.example")
        far.tls, _ = certificates.Authority(tmp_path / "third", "A stranger").context("mx.safe.example")
        assert "not the one that DNS names" in await send(site, "safe.example")
        assert len(far.messages) == 1


async def test_records_that_are_not_understood_still_want_tls(authority, site_sqlite, far, stranger) -> None:
    lines = [tlsa(site_sqlite, "mx.weak.example", 0, 0, 1, bytes(32))]
    async with await vouched(authority, site_sqlite, *lines) as near:
        site_sqlite.context.resolver._settings.nameservers = [near.address]
        assert "4.7.4" in await send(site_sqlite, "weak.example")
        far.tls, _ = stranger.context("anything.example")
        assert await send(site_sqlite, "weak.example") == "sent"


async def test_what_nobody_vouches_for_is_not_believed(authority, site_sqlite, far) -> None:
    lines = [tlsa(site_sqlite, "mx.plain.example", 3, 1, 1, bytes(32))]
    async with await vouched(authority, site_sqlite, *lines) as near:
        site_sqlite.context.resolver._settings.nameservers = [near.address]
        assert await send(site_sqlite, "plain.example") == "sent"
        async with asyncio.timeout(30):
            while await queue.listing(site_sqlite.store.db):
                await asyncio.sleep(0.02)


async def test_a_domain_that_wants_to_know_is_told(
    authority, site: Site, far: Sink, web: Web, trusted, stranger
) -> None:
    wants = [txt("_smtp._tls.one.example", "v=TLSRPTv1; rua=mailto:tls@one.example")]
    await asyncio.to_thread(authority.change, zone(*wants))
    root = await site.person("root", administrator=True)
    far.tls, _ = trusted.context("mx.one.example")
    assert await send(site, "one.example") == "sent"
    await site.context.need(Queue)._transfer.close()
    far.tls, _ = stranger.context("mx.one.example")
    site.settings.delivery.retries[:] = [3]
    assert "4.7.5" in await send(site, "one.example")
    (failed,) = await queue.listing(site.store.db)
    await site.store.write(lambda unit: queue.pause(unit, failed.id))
    assert await send(site, "plain.example") == "sent"  # nobody asked
    assert len(await site.store.db.rows("SELECT 1 FROM tls_result")) == 2
    far.messages.clear()
    await site.store.write(lambda unit: unit.run("UPDATE tls_result SET day = day - 1"))
    reporter = TlsReporter(site.store, site.settings, site.context.need(Queue), site.context.resolver)
    with pytest.raises(Retry):
        await reporter.handle(None)
    async with asyncio.timeout(20):
        while not far.messages:  # over the very TLS that it tells of
            await asyncio.sleep(0.02)
    ((sender, to, raw),) = far.messages
    assert (sender, to) == ("", ["tls@one.example"]) and root.administrator
    message = mime.parse(raw)
    root_part = message.root
    assert root_part.media_type == "multipart/report" and b"TLS-Report-Domain: one.example" in raw
    report = json.loads(gzip.decompress(mime.decode_body(raw, message.leaves()[1])))
    (one,) = report["policies"]
    assert one["policy"] == {
        "policy-type": "sts", "policy-domain": "one.example", "mx-host": ["*.one.example"],
        "policy-string": ["version: STSv1", "mode: enforce", "mx: *.one.example", "max_age: 86400"],
    }  # fmt: skip
    assert one["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 1}
    (failure,) = one["failure-details"]
    assert (failure["result-type"], failure["receiving-mx-hostname"]) == (
        "certificate-not-trusted",
        "mx.one.example",
    )
    keys = {each.key.name: each.key.record for each in await Signer(site.store, site.settings).keys("example.org")}
    text = Text(raw)
    signed = dkim.signatures(text)
    assert [dkim.verify(text, each, keys[each.key_name], clock.now_ms() // 1000).value for each in signed] == [
        "pass", "pass",
    ]  # fmt: skip
    assert await site.store.db.rows("SELECT 1 FROM tls_result") == []
