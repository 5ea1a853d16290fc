"""Mail from another host, with a DNS server of our own: what is found out, written down, refused and put aside."""

import asyncio
import contextlib
import shutil
import socket

import pytest

from parvis.kernel import clock
from parvis.kernel.settings import Dns, Mail
from parvis.mail.authentication import Authentication, Origin
from parvis.wire import arc, authres, dkim, dkim_keys, mime
from parvis.wire.canonical import Text
from tests.authority import Authority, needs_nsd, zone
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Site, talking


def own_address() -> str:
    """An address of this machine that is not loopback: what comes from there is mail from outside."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        return probe.getsockname()[0]
    return ""


HERE = own_address()
RSA, ED25519 = dkim_keys.generate("good.example", "r1", "rsa"), dkim_keys.generate("good.example", "e1", "ed25519")
LIST = dkim_keys.generate("list.example", "l", "ed25519")
TEXTS = {
    "good.example": f"v=spf1 ip4:{HERE or '192.0.2.1'} -all",
    "_dmarc.good.example": "v=DMARC1; p=reject; rua=mailto:dmarc@good.example",
    "_dmarc.careful.example": "v=DMARC1; p=quarantine",
    "bad.example": "v=spf1 -all",
    "_dmarc.bad.example": "v=DMARC1; p=reject",
    "slow.example": "v=spf1 include:x.broken.example -all",
    "_dmarc.slow.example": "v=DMARC1; p=reject",
    "client.example.net": "v=spf1 -all",
    **{key.name: key.record for key in (RSA, ED25519, LIST)},
}
pytestmark = [needs_nsd, pytest.mark.skipif(not HERE, reason="this machine has no address but loopback")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    opened = Authority(tmp_path_factory.mktemp("nsd"), zone(TEXTS))
    yield opened
    opened.close()


@pytest.fixture
def mail_settings(mail_settings, authority):
    mail_settings.dns = Dns(nameservers=[authority.address])
    mail_settings.host = "0.0.0.0"
    return mail_settings


@contextlib.asynccontextmanager
async def outside(site: Site):
    """A client at an address that is not loopback."""
    async with talking(site.ports["smtp"], host=HERE) as client:
        yield await client.hello()


async def boxes(site: Site, person) -> dict[str, list[bytes]]:
    rows = await site.store.db.rows(
        """SELECT m.role, e.blob FROM email e JOIN email_mailbox p ON p.email_id = e.id
        JOIN mailbox m ON m.id = p.mailbox_id WHERE m.account_id = ? ORDER BY e.id""",
        person.id,
    )
    found: dict[str, list[bytes]] = {}
    for role, blob in rows:
        found.setdefault(role, []).append(await site.store.blobs.get(blob))
    return found


def found_in(raw: bytes) -> dict[str, list[str]]:
    """What our own field of a stored message says, by method."""
    (field,) = mime.parse(raw).root.all("Authentication-Results")
    results = authres.parse(field.value.decode())
    assert results.server == "mail.example.org"
    found: dict[str, list[str]] = {}
    for one in results.results:
        found.setdefault(one.method, []).append(one.value)
    return found


def signed(raw: bytes) -> bytes:
    return dkim.sign(Text(raw), [RSA, ED25519], clock.now_ms() // 1000) + raw


def from_good(**more: str) -> bytes:
    return plain(sender="Good <joe@good.example>", **more) + b"\r\n"  # the line end that the end of DATA brings


async def test_a_signed_message_and_what_is_said_of_it(site: Site) -> None:
    ann = await site.person("ann")
    forged = b"Authentication-Results: mail.example.org; dmarc=pass header.from=bank.example\r\n"
    async with outside(site) as client:
        raw = forged + b"Authentication-Results: elsewhere.example; spf=pass\r\n" + signed(from_good())
        assert await client.message("ann@example.org", raw[:-2], "joe@good.example") == "250 2.0.0 Stored"
    (stored,) = await site.inbox(ann)
    lines = stored.split(b"\r\n")
    assert lines[0] == b"Return-Path: <joe@good.example>" and lines[1].startswith(b"Received: ")
    assert stored.index(b"\r\nReceived: ") < stored.index(b"\r\nAuthentication-Results: mail.example.org;\r\n")
    assert b"bank.example" not in stored and b"Authentication-Results: elsewhere.example" in stored
    ours = stored.replace(b"Authentication-Results: elsewhere.example; spf=pass\r\n", b"")
    assert found_in(ours) == {"spf": ["pass", "fail"], "dkim": ["pass", "pass"], "dmarc": ["pass"]}
    assert b"\tdkim=pass header.d=good.example header.i=@good.example header.s=r1 header.a=rsa-sha256" in stored
    assert stored.endswith(from_good())


async def test_who_forges_a_domain_is_refused(site: Site) -> None:
    ann = await site.person("ann")
    async with outside(site) as client:
        answer = await client.message("ann@example.org", plain(sender="joe@bad.example"), "eve@evil.example")
        assert answer == "550 5.7.1 bad.example wants mail refused that is not from it (DMARC)"
        changed = signed(from_good()).replace(b"Some words", b"Pay here")
        assert (await client.message("ann@example.org", changed, "eve@evil.example")).startswith(
            "550 5.7.1 good.example"
        )
        two = plain(sender="eve@evil.example, joe@bad.example")
        assert (await client.message("ann@example.org", two, "eve@evil.example")).startswith(
            "550 5.7.1 bad.example"
        )
        assert (await client.message("ann@example.org", plain(sender="joe@nothing.example"))).startswith("250")
    assert [len(found) for found in (await boxes(site, ann)).values()] == [1]


async def test_who_forges_a_domain_in_the_name_of_another_comes_into_junk(site: Site) -> None:
    ann = await site.person("ann")
    async with outside(site) as client:  # as a mailing list does that leaves the author in From
        assert (await client.message("ann@example.org", plain(sender="joe@bad.example"), "list@good.example")) == (
            "250 2.0.0 Stored"
        )
    found = await boxes(site, ann)
    assert list(found) == ["junk"] and found_in(found["junk"][0])["dmarc"] == ["fail"]
    assert b"policy.dmarc=reject" in found["junk"][0]


async def test_a_forwarded_message_is_known_by_its_signature(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    async with outside(site_sqlite) as client:
        assert (await client.message("ann@example.org", signed(from_good())[:-2], "fwd@evil.example")).startswith(
            "250"
        )
    (stored,) = await site_sqlite.inbox(ann)
    assert found_in(stored) == {"spf": ["none", "fail"], "dkim": ["pass", "pass"], "dmarc": ["pass"]}


async def test_what_is_doubtful_goes_into_junk(site: Site) -> None:
    ann = await site.person("ann")
    async with outside(site) as client:
        answer = await client.message("ann@example.org", plain(sender="joe@careful.example"))
        assert answer == "250 2.0.0 Stored"
    found = await boxes(site, ann)
    assert (
        list(found) == ["junk"]
        and b"dmarc=fail" in found["junk"][0]
        and b"policy.dmarc=quarantine" in found["junk"][0]
    )


async def test_only_marked_when_the_settings_say_so(site_sqlite: Site) -> None:
    site_sqlite.settings.mail = Mail(dmarc="mark")
    ann = await site_sqlite.person("ann")
    async with outside(site_sqlite) as client:
        for domain in ("bad.example", "careful.example"):
            assert (await client.message("ann@example.org", plain(sender=f"joe@{domain}"))).startswith("250")
    assert [found_in(raw)["dmarc"] for raw in await site_sqlite.inbox(ann, 2)] == [["fail"], ["fail"]]


async def test_what_dns_does_not_say_refuses_nothing(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    async with outside(site_sqlite) as client:
        raw = plain(sender="joe@slow.example")
        assert (await client.message("ann@example.org", raw, "joe@slow.example")).startswith("250")
        raw = plain(sender="joe@x.broken.example")
        assert (await client.message("ann@example.org", raw, "joe@x.broken.example")).startswith("250")
        raw = raw.replace(b"x.broken", b"bad")  # a broken domain of somebody else excuses nobody
        assert (await client.message("ann@example.org", raw, "joe@x.broken.example")).startswith("550")
    for stored in await site_sqlite.inbox(ann, 2):
        assert found_in(stored)["spf"][0] == "temperror" and found_in(stored)["dmarc"] == ["temperror"]


async def test_a_silent_dns_holds_nobody_up(site_sqlite: Site) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        dns = Dns(nameservers=[f"127.0.0.1:{silent.getsockname()[1]}"])
        ann = await site_sqlite.person("ann")
        site_sqlite.context.resolver._settings = dns
        begin = clock.monotonic()
        async with outside(site_sqlite) as client:
            raw = signed(plain(sender="joe@bad.example"))
            assert (await client.message("ann@example.org", raw, "joe@bad.example")).startswith("250")
        assert clock.monotonic() - begin < 9
    (stored,) = await site_sqlite.inbox(ann)
    assert found_in(stored) == {"spf": ["temperror"] * 2, "dkim": ["temperror"] * 2, "dmarc": ["temperror"]}


async def test_from_this_machine_nothing_is_checked_but_forged_results_go(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        raw = b"Authentication-Results: mail.example.org; dmarc=pass\r\n" + plain(sender="joe@bad.example")
        assert (await client.message("ann@example.org", raw)).startswith("250")
    (stored,) = await site_sqlite.inbox(ann)
    assert b"Authentication-Results" not in stored


async def test_a_list_that_is_trusted_may_change_a_message(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    now = clock.now_ms() // 1000
    changed = plain(sender="joe@bad.example", subject="[list] Hello") + b"\r\n"
    raw = (
        arc.seal(Text(changed), None, "none", "list.example; dmarc=pass header.from=bad.example", LIST, now)
        + changed
    )
    async with outside(site_sqlite) as client:
        assert (await client.message("ann@example.org", raw[:-2], "bounce@list.example")).startswith("550")
        site_sqlite.settings.mail = Mail(trusted_sealers=["list.example"])
        assert (await client.message("ann@example.org", raw[:-2], "bounce@list.example")).startswith("250")
        broken = raw.replace(b"[list] Hello", b"[list] Pay")
        assert (await client.message("ann@example.org", broken[:-2], "bounce@list.example")).startswith("550")
    (stored,) = await site_sqlite.inbox(ann)
    assert found_in(stored)["arc"] == ["pass"] and found_in(stored)["dmarc"] == ["fail"]


async def test_a_message_without_an_author(site_sqlite: Site) -> None:
    examiner = Authentication(site_sqlite.context.resolver, site_sqlite.settings)
    for raw in (b"Subject: x\r\n\r\nbody", b"From: nobody\r\n\r\n", b"", b"\r\n\r\n"):
        verdict = await examiner.examine(raw, 0, Origin(HERE, "client.example.net", ""))
        assert verdict.wish == "none" and verdict.results[-1].value == "permerror"


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed (apt-get install swaks)")
async def test_swaks_from_outside(site_sqlite: Site, tmp_path) -> None:
    ann = await site_sqlite.person("ann")
    bare = plain(sender="joe@bad.example")
    for name, raw, sender, code in (
        ("signed", signed(from_good()), "joe@good.example", 0),
        ("bare", bare, "eve@evil.example", 26),
    ):
        file = tmp_path / name
        file.write_bytes(raw.removesuffix(b"\r\n").replace(b"\r\n", b"\n"))
        process = await asyncio.create_subprocess_exec(
            "swaks", "--server", f"{HERE}:{site_sqlite.ports['smtp']}", "--local-interface", HERE, "--helo",
            "client.example.net", "--from", sender, "--to", "ann@example.org", "--data", f"@{file}",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == code, said.decode()
    (stored,) = await site_sqlite.inbox(ann)
    assert found_in(stored) == {"spf": ["pass", "fail"], "dkim": ["pass", "pass"], "dmarc": ["pass"]}
