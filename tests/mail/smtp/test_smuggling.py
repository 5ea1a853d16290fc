"""SMTP smuggling: whatever stands for the end of a message elsewhere does not here, and such messages are refused.

The variants are those of SEC Consult's publication (December 2023) and of the answers to it: each line end around
the dot in each wrong form."""

import itertools

import pytest

from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Site, talking

END = b"\r\n.\r\n"
ENDS = [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\r\0\n", b"\0\r\n", b"\r\n\0", b"\x85", b"\x0b", b"\x0c"]
VARIANTS = [one for before, after in itertools.product(ENDS, ENDS) if END not in (one := before + b"." + after)]
INNER = (
    b"MAIL FROM:<forged@example.net>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
)


@pytest.mark.parametrize("cut", [0, 1])
async def test_no_variant_ends_a_message(site_sqlite: Site, cut: int) -> None:
    ann = await site_sqlite.person("ann")
    taken = 0
    for variant in VARIANTS:
        async with talking(site_sqlite.ports["smtp"]) as client:
            await client.hello()
            await client.say("MAIL FROM:<bob@example.net>", "RCPT TO:<ann@example.org>", "DATA")
            body = plain() + variant + INNER
            for piece in [body] if not cut else [body[: -len(INNER)], INNER]:
                await client.raw(piece)
            first = await client.answer()
            assert first[:3] in ("250", "554"), (variant, first)
            bare = b"\n" in variant.replace(b"\r\n", b"") or b"\r" in variant.replace(b"\r\n", b"")
            assert (first[:3] == "554") == bare, (variant, first)
            taken += first.startswith("250")
            # What follows is again the command state: exactly one answer to one command, nothing smuggled before it.
            assert (await client.say("NOOP"))[0] == "250 2.0.0 OK"
    rows = await site_sqlite.store.db.rows("SELECT blob FROM email WHERE account_id = ?", ann.id)
    assert len(rows) == taken
    for (blob,) in rows:
        raw = await site_sqlite.store.blobs.get(blob)
        assert b"Return-Path: <bob@example.net>" in raw and b"smuggled" in raw  # inside, as text


@pytest.mark.parametrize("line", [b"NOOP\nMAIL FROM:<a@b.example>\r\n", b"NOOP\n", b"NOOP\rX\r\n", b"NOOP\r\r\n"])
async def test_a_command_with_a_strange_line_end_ends_the_session(site_sqlite: Site, line: bytes) -> None:
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        await client.raw(line)
        rest = await client.reader.read()
    assert rest.startswith(b"421 5.5.2") and rest.count(b"\r\n") == 1


async def test_chunks_with_strange_line_ends_are_refused(site_sqlite: Site) -> None:
    await site_sqlite.person("ann")
    for body in (b"a\n.\nb\r\n", b"a\rb\r\n", b"a\r"):
        async with talking(site_sqlite.ports["smtp"]) as client:
            await client.hello()
            await client.say("MAIL FROM:<bob@example.net>", "RCPT TO:<ann@example.org>")
            await client.raw(f"BDAT {len(body)} LAST\r\n".encode() + body)
            assert (await client.answer()).startswith("554 5.6.0")
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM email") == 0
