"""Beside real programs on loopback: Postfix in both directions, swaks, smtp-source."""

import asyncio
import shutil

import pytest

from bench.peers.postfix import Postfix
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import PASSWORD, Site, talking

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.skipif(bool(Postfix.missing()), reason=Postfix.missing() or "-"),
]


def needs_program(name: str):
    return pytest.mark.skipif(
        shutil.which(name) is None, reason=f"{name} is not installed (apt-get install {name})"
    )


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


@pytest.fixture
async def postfix(site_sqlite: Site):
    peer = await asyncio.to_thread(
        Postfix,
        {
            "relay_domains": "example.org",
            "transport_maps": f"inline:{{{{example.org = smtp:[127.0.0.1]:{site_sqlite.ports['smtp']}}}}}",
            "virtual_mailbox_domains": "peer.example",
            "virtual_mailbox_maps": "inline:{{paul@peer.example = paul/}}",
            "notify_classes": "",
            "smtpd_tls_received_header": "yes",
        },
        str(site_sqlite.settings.folder / "tls.pem"),
    )
    site_sqlite.settings.delivery.routes = {"*": f"127.0.0.1:{peer.port}"}
    yield peer
    await asyncio.to_thread(peer.close)


async def until(condition, seconds: float = 20):
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.1)
    return found


async def test_postfix_delivers_to_us(site_sqlite: Site, postfix: Postfix) -> None:
    ann = await site_sqlite.person("ann")
    raw = plain("Chào", body=".dots\r\n..\r\nĐường vào tim em", to="ann@example.org")
    async with talking(postfix.port) as client:
        await client.hello()
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        assert (await client.message("ann@example.org", stuffed, "paul@peer.example")).startswith("250")
    (stored,) = await site_sqlite.inbox(ann)
    assert stored.endswith(raw.partition(b"\r\n\r\n")[2] + b"\r\n")
    assert b"with ESMTPS id" in stored and b"Return-Path: <paul@peer.example>" in stored  # TLS, as both can


async def test_postfix_hears_at_once_that_nobody_is_here(site_sqlite: Site, postfix: Postfix) -> None:
    async with talking(postfix.port) as client:
        await client.hello()
        answer = await client.message("gone@example.org", plain(to="gone@example.org"), "paul@peer.example")
        assert answer.startswith("250")
    (bounce,) = await until(lambda: postfix.mailbox("paul"))
    assert b"550 5.1.1 Nobody here has this address" in bounce.replace(b"\n    ", b" ")


async def test_we_deliver_to_postfix_and_hear_its_refusals(site_sqlite: Site, postfix: Postfix) -> None:
    ann = await site_sqlite.person("ann")
    client = site_sqlite.client(ann)
    email = await client.draft(
        "paul@peer.example",
        subject="Đây là thư",
        cc=[{"email": "gone@peer.example"}],
        bodyValues={"1": {"value": ".\n..\n. dot\nmostly plain words, with one é\n"}},
    )
    made = await client.send(email)
    (arrived,) = await until(lambda: postfix.mailbox("paul"))
    assert b"\n..\n. dot\n" in arrived
    assert b"using TLSv1.3" in arrived and b"Return-Path: <ann@example.org>" in arrived
    (report,) = await site_sqlite.inbox(ann)
    assert b"gone@peer.example" in report and b"Status: 5.1.1" in report
    status = (await client.submission(made["id"]))["deliveryStatus"]
    assert {address: one["delivered"] for address, one in status.items()} == {
        "paul@peer.example": "unknown", "gone@peer.example": "no",
    }  # fmt: skip


async def test_utf8_addresses_through_postfix(site_sqlite: Site, postfix: Postfix) -> None:
    from parvis.access import directory

    ann = await site_sqlite.person("ann")
    await site_sqlite.store.write(lambda unit: directory.add_address(unit, ann.id, "ngọc@example.org"))
    raw = "From: paul@peer.example\r\nTo: ngọc@example.org\r\nSubject: Chào\r\n\r\nx\r\n".encode()
    async with talking(postfix.port) as client:
        await client.hello()
        await client.say(
            "MAIL FROM:<paul@peer.example> SMTPUTF8 BODY=8BITMIME", "RCPT TO:<ngọc@example.org>", "DATA"
        )
        await client.raw(raw + b".\r\n")
        assert (await client.answer()).startswith("250")
    (stored,) = await site_sqlite.inbox(ann)
    assert b"with UTF8SMTPS id" in stored and "To: ngọc@example.org".encode() in stored


@needs_program("swaks")
async def test_swaks_signs_in_and_sends(site_sqlite: Site, postfix: Postfix) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    for mechanism, port, tls in (("PLAIN", "submission", "--tls"), ("LOGIN", "submissions", "--tls-on-connect")):
        code, said = await run(
            "swaks", "--server", f"127.0.0.1:{site_sqlite.ports[port]}", tls, "--auth", mechanism, "--auth-user",
            "ann@example.org", "--auth-password", PASSWORD, "--from", "ann@example.org", "--to", "paul@peer.example",
            "--body", mechanism,
        )  # fmt: skip
        assert code == 0, said
    arrived = await until(lambda: (found := postfix.mailbox("paul")) and len(found) == 2 and found)
    assert all(b"with ESMTPSA id" in raw for raw in arrived)


@needs_program("smtp-source")
@pytest.mark.parametrize("options", [["-s", "8"], ["-s", "4", "-d"], ["-s", "2", "-l", "300000"]])
async def test_smtp_source_loses_nothing(site_sqlite: Site, options) -> None:
    ann = await site_sqlite.person("ann")
    code, said = await run(
        "smtp-source", "-c", "-m", "40", *options, "-f", "bob@one.example", "-t", "ann@example.org",
        f"127.0.0.1:{site_sqlite.ports['smtp']}",
    )  # fmt: skip
    assert code == 0, said
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM email WHERE account_id = ?", ann.id) == 40
