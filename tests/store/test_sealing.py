"""Secrets are sealed, open only with their key, and the key is never replaced behind anybody's back."""

import stat

import pytest

from parvis.kernel.errors import Unavailable
from parvis.store.sealing import is_sealed
from parvis.store.store import Store

SECRET = "mật khẩu of the relay"


async def test_a_secret_comes_back_and_does_not_show(store, settings):
    sealed = await store.sealer.seal(SECRET, "relay:1")
    assert is_sealed(sealed) and not is_sealed(SECRET) and SECRET not in sealed
    assert sealed != await store.sealer.seal(SECRET, "relay:1")
    assert await store.sealer.open(sealed, "relay:1") == SECRET
    file = settings.folder / "sealing.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in settings.folder.glob("sealing*")] == ["sealing.key"]


@pytest.mark.parametrize(
    "change", [lambda text: text[:-8] + "AAAAAAA=", lambda text: "1.", lambda text: text + "é"]
)
async def test_what_was_changed_does_not_open(store_sqlite, change):
    sealed = await store_sqlite.sealer.seal(SECRET, "relay:1")
    with pytest.raises(Unavailable):
        await store_sqlite.sealer.open(change(sealed), "relay:1")
    with pytest.raises(Unavailable):
        await store_sqlite.sealer.open(sealed, "relay:2")


async def test_another_node_uses_the_same_key(store, settings, rooms):
    sealed = await store.sealer.seal(SECRET, "relay:1")
    other = await Store.open(settings, rooms)
    assert await other.sealer.open(sealed, "relay:1") == SECRET
    await other.close()


async def test_what_is_derived_is_the_same_on_each_node_and_another_for_each_purpose(store, settings, rooms):
    first = await store.sealer.derived("push", 40)
    other = await Store.open(settings, rooms)
    assert await other.sealer.derived("push", 40) == first
    await other.close()
    assert await store.sealer.derived("else", 40) != first
    assert len(first) == 40


async def test_a_key_that_is_gone_or_another_stops_the_program(store, settings, rooms):
    await store.sealer.seal(SECRET, "relay:1")
    file = settings.folder / "sealing.key"
    kept = file.read_text()
    file.unlink()
    with pytest.raises(Unavailable, match=r"sealing\.key"):
        await Store.open(settings, rooms)
    assert not file.exists()
    file.write_text("00" * 32)
    with pytest.raises(Unavailable, match="is not the one"):
        await Store.open(settings, rooms)
    file.write_text("not a key")
    with pytest.raises(Unavailable, match="cannot be read"):
        await Store.open(settings, rooms)
    file.write_text(kept)
    await (await Store.open(settings, rooms)).close()


async def test_nothing_is_made_before_it_is_needed(store, settings):
    assert not (settings.folder / "sealing.key").exists()
