"""The check of a store says nothing of a whole one and names each thing that is torn."""

import pytest

from parvis.kernel import ids
from parvis.store import check
from parvis.store.blobs.small import LARGEST
from parvis.store.store import Store
from parvis.store.unit import Unit


async def filled(store: Store) -> tuple[int, str]:
    digest, account = await store.blobs.put(b"twelve bytes"), ids.new_id()

    async def work(unit: Unit) -> None:
        await unit.run("INSERT INTO account (id) VALUES (?)", account)
        for thing in (1, 2):
            await unit.changed(account, "Thing", thing, "created")
        await unit.run(
            "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, ?, 'Thing', 1, 12)",
            digest,
            account,
        )
        await store.jobs.add(unit, "index", {})

    await store.write(work)
    return account, digest


async def test_a_whole_store_has_no_faults(store: Store) -> None:
    await filled(store)
    assert await check.check(store, deep=True) == []


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("UPDATE account SET modseq = 1", "clock"),
        ("UPDATE kind_state SET modseq = 1", "state"),
        ("DELETE FROM kind_state", "state"),
        ("DELETE FROM change", "state"),
        ("UPDATE change SET created = 9", "change"),
        ("UPDATE change SET modseq = 2, created = 1", "change"),
        ("INSERT INTO outbox_cursor (name, xid, position) VALUES ('index', 0, 99)", "cursor"),
        ("UPDATE job SET state = 'done'", "job"),
        ("UPDATE job SET args = 'x'", "job"),
        ("UPDATE blob_link SET size = 13", "blob"),
        ("UPDATE blob_link SET hash = '00'", "blob"),
        ('UPDATE outbox SET body = \'{"kind": "Thing", "modseq": 7}\'', "outbox"),
    ],
)
async def test_damage_is_named(store: Store, damage: str, code: str) -> None:
    await filled(store)
    await store.write(lambda unit: unit.run(damage))
    assert code in {fault.code for fault in await check.check(store)}


async def test_an_object_without_a_line_and_a_line_without_an_object(store: Store) -> None:
    account, _ = await filled(store)
    objects = (
        f"SELECT CAST({account} AS BIGINT) AS account_id, 2 AS id UNION ALL SELECT CAST({account} AS BIGINT), 3"
    )
    faults = await check.check(store, {"Thing": objects})
    assert sorted(fault.code for fault in faults) == ["lost", "unlogged"]


async def test_damaged_bytes_are_found_when_looked_for(store_sqlite: Store, tmp_path) -> None:
    account, _ = await filled(store_sqlite)
    large = await store_sqlite.blobs.put(bytes(LARGEST + 1))
    link = "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, ?, 'Thing', 2, ?)"
    await store_sqlite.write(lambda unit: unit.run(link, large, account, LARGEST + 1))
    assert await check.check(store_sqlite, deep=True) == []
    [path] = tmp_path.glob(f"blobs/*/*/{large}")
    path.write_bytes(b"x" * (LARGEST + 1))
    await store_sqlite.write(lambda unit: unit.run("UPDATE blob_small SET content = ?", b"TWELVE bytes"))
    assert await check.check(store_sqlite) == []
    assert [fault.code for fault in await check.check(store_sqlite, deep=True)] == ["blob", "blob"]
