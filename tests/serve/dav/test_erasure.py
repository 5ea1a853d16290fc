"""What the engine itself keeps for somebody is gone with the account: locks and dead properties."""

from parvis.access.erasure import Gone
from parvis.serve.jmap.core import feature as core
from tests.serve.dav.test_tree_changes import EXCLUSIVE, patch


async def test_locks_and_dead_properties_go_with_the_account(ann, bob, dav_doors, store) -> None:
    for peer in (ann, bob):
        await peer.ask("PUT", peer.files + "a", b"x")
        await peer.ask("PROPPATCH", peer.files + "a", patch("p", "1"))
        assert (await peer.ask("LOCK", peer.files + "a", EXCLUSIVE)).status_code == 200
    erase = core(dav_doors.context).erase
    assert erase is not None
    await erase(store, Gone(ann.person.id, ()))
    for table, column in (
        ("dead_property", "account_id"),
        ("dav_lock", "account_id"),
        ("dav_lock", "principal_id"),
    ):
        assert await store.db.value(f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", ann.person.id) == 0
        assert await store.db.value(f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", bob.person.id) == 1


async def test_what_is_deleted_leaves_no_property_and_no_lock(ann, store) -> None:
    await ann.ask("MKCOL", ann.files + "d")
    for name in ("d/a", "d/b"):
        await ann.ask("PUT", ann.files + name, b"x")
        await ann.ask("PROPPATCH", ann.files + name, patch("p", "1"))
    token = (await ann.ask("LOCK", ann.files + "d/a", EXCLUSIVE)).headers["lock-token"]
    held = f"<{ann.files}d/a> ({token})"
    assert (await ann.ask("DELETE", ann.files + "d", If=held)).status_code == 204
    assert await store.db.value("SELECT COUNT(*) FROM dead_property") == 0
    assert await store.db.value("SELECT COUNT(*) FROM dav_lock") == 0
