"""The keys that sign mail, and the secret behind addresses: readable only with a key that is not in the database."""

import pathlib

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.mail import sealing, secrets
from parvis.mail.signing import Signer
from parvis.store.sealing import is_sealed
from parvis.store.store import Store
from parvis.wire import dkim_keys
from tests.mail.conftest import plain

WORD = "an old secret in the clear"


async def old(store: Store) -> dict[str, str]:
    """What an older version left in the clear, keys of six rotations and the secret; some of the keys it had deleted
    again. All keys by selector."""
    made = {}
    for number in range(12):
        key = dkim_keys.generate("example.org", f"s{number}", "ed25519" if number % 2 else "rsa")
        made[key.selector] = key.pem()

    async def work(unit) -> None:
        await unit.many(
            """INSERT INTO dkim_key (id, domain, selector, algorithm, pem, from_ms) VALUES (?, 'example.org', ?, ?, ?, 0)""",
            [
                (number, selector, "ed25519" if number % 2 else "rsa", pem)
                for number, (selector, pem) in enumerate(made.items(), start=1)
            ],
        )
        await unit.run("INSERT INTO mail_secret (id, secret) VALUES (1, ?)", WORD)

    await store.write(work)
    await store.write(lambda unit: unit.run("DELETE FROM dkim_key WHERE id > 2 AND id < 9"))
    return made


def found(folder: pathlib.Path, *words: bytes) -> set[str]:
    """The files of a folder that hold one of these words."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.name for file in files for word in words if word in file.read_bytes()}


async def test_new_secrets_are_never_in_the_clear(store, settings) -> None:
    (rsa, _), word = await Signer(store, settings).keys("example.org"), await secrets.secret(store)
    rows = await store.db.rows("SELECT pem FROM dkim_key UNION ALL SELECT secret FROM mail_secret")
    assert len(rows) == 3 and all(is_sealed(row[0]) for row in rows)
    assert await secrets.secret(store) == await secrets.kept(store) == word and len(word) > 30
    assert not await sealing.seal(store)
    lines = rsa.key.pem().encode().splitlines()
    assert found(settings.folder, b"PRIVATE KEY", *lines[1:-1], word) == set()


async def test_old_secrets_are_sealed_and_work_on(store, settings) -> None:
    signer, made = Signer(store, settings), await old(store)
    before = {one.key.selector: one.key.pem() for one in await signer.keys("example.org")}
    with clock.frozen(1_795_000_000_000):
        signed = await signer.signed(plain(sender="ann@example.org"))
        assert await sealing.seal(store) and not await sealing.seal(store)
        rows = await store.db.rows("SELECT pem FROM dkim_key UNION ALL SELECT secret FROM mail_secret")
        assert len(rows) == 7 and len(made) == 12 and all(is_sealed(row[0]) for row in rows)
        assert {one.key.selector: one.key.pem() for one in await signer.keys("example.org")} == before
        assert await signer.signed(plain(sender="ann@example.org")) == signed
    assert await secrets.secret(store) == WORD.encode()


async def test_nothing_of_old_secrets_is_left_in_the_files(store_sqlite, settings) -> None:
    made = await old(store_sqlite)
    words = [WORD.encode(), b"PRIVATE KEY", *(line.encode() for pem in made.values() for line in pem.split()[3:-3])]
    assert found(settings.folder, *words) >= {"parvis.sqlite-wal"}
    await store_sqlite.db.scan("PRAGMA wal_checkpoint(PASSIVE)")
    assert found(settings.folder, *words) >= {"parvis.sqlite"}
    await sealing.seal(store_sqlite)
    assert found(settings.folder, *words) == set()


async def test_a_key_of_another_selector_does_not_open(store, settings) -> None:
    signer = Signer(store, settings)
    await signer.keys("example.org")

    async def exchange(unit) -> None:
        rows = await unit.rows("SELECT id, pem FROM dkim_key ORDER BY id")
        for (number, _), (_, pem) in zip(rows, reversed(rows), strict=True):
            await unit.run("UPDATE dkim_key SET pem = ? WHERE id = ?", pem, number)

    await store.write(exchange)
    with pytest.raises(Unavailable, match=r"dkim:example\.org:"):
        await signer.keys("example.org")


async def test_without_the_sealing_key_nothing_new_is_made(store, settings, rooms) -> None:
    await Signer(store, settings).keys("example.org")
    (settings.folder / "sealing.key").rename(settings.folder / "away.key")
    with pytest.raises(Unavailable, match=r"sealing\.key: put it back"):
        await Store.open(settings, rooms)
    assert not (settings.folder / "sealing.key").exists()
    settings.sealing_key = str(settings.folder / "away.key")
    opened = await Store.open(settings, rooms)
    assert len(await Signer(opened, settings).keys("example.org")) == 2
    await opened.close()
