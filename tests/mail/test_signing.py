"""Keys of our domains, and mail signed with them as it leaves."""

import asyncio

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Invalid
from parvis.mail.signing import KEEP_DAYS, Signer
from parvis.wire import dkim
from parvis.wire.canonical import Text
from tests.mail.conftest import plain

DAY = 86_400_000
NOW = 1_795_000_000_000  # 18 November 2026


def values(raw: bytes, records: dict[str, str]) -> list[str]:
    text = Text(raw)
    now = clock.now_ms() // 1000
    return [dkim.verify(text, one, records.get(one.key_name), now).value for one in dkim.signatures(text)]


async def records(signer: Signer) -> dict[str, str]:
    return {one.key.name: one.key.record for one in await signer.keys("example.org")}


async def test_keys_are_made_once_when_they_are_needed(store, settings) -> None:
    signer, other = Signer(store, settings), Signer(store, settings)
    with clock.frozen(NOW):
        first, second = await asyncio.gather(signer.keys("example.org"), other.keys("example.org"))
    assert [one.key.pem() for one in first] == [one.key.pem() for one in second]
    assert [one.key.selector for one in first] == ["20261118-rsa", "20261118-ed25519"]
    with pytest.raises(Invalid):
        await signer.keys("example.net")


async def test_what_is_ours_is_signed_twice(store_sqlite, settings) -> None:
    signer = Signer(store_sqlite, settings)
    raw = plain(sender="Ann <ann@Example.org>")
    signed = await signer.signed(raw)
    assert signed.endswith(raw) and values(signed, await records(signer)) == ["pass", "pass"]
    large = plain(sender="ann@example.org", body="words \t and more\r\n" * 20_000)
    assert values(await signer.signed(large), await records(signer)) == ["pass", "pass"]
    for none in (plain(), plain(sender="ann@sub.example.org"), b"Subject: nobody\r\n\r\n", b""):
        assert await signer.signed(none) is none


async def test_new_keys_are_published_before_they_sign_and_old_ones_kept_after(store, settings) -> None:
    signer = Signer(store, settings)
    raw = plain(sender="ann@example.org")
    with clock.frozen(NOW):
        before = await signer.signed(raw)
        assert [one.state for one in await signer.rotate("example.org")] == ["signs", "signs", "next", "next"]
        assert [one.key.selector for one in await signer.keys("example.org")][2:] == [
            "20261118-2-rsa",
            "20261118-2-ed25519",
        ]
        with pytest.raises(Conflict):
            await signer.rotate("example.org")
    with clock.frozen(NOW + DAY):
        assert b"s=20261118-rsa;" in await signer.signed(raw)
    with clock.frozen(NOW + 2 * DAY):
        signed = await signer.signed(raw)
        assert b"s=20261118-2-rsa;" in signed and values(signed, await records(signer)) == ["pass", "pass"]
        assert [one.state for one in await signer.keys("example.org")] == ["old", "old", "signs", "signs"]
        assert values(before, await records(signer)) == ["pass", "pass"]
    with clock.frozen(NOW + (3 + KEEP_DAYS) * DAY):
        assert values(before, await records(signer)) == ["permerror", "permerror"]
        await signer.rotate("example.org", days=0)
        assert len(await signer.keys("example.org")) == 4
        assert await store.db.value("SELECT COUNT(*) FROM dkim_key") == 4
