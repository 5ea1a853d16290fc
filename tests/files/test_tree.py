"""The tree below all doors: names, counts, moves, copies, the trash, versions, quota."""

import pytest

from parvis.access.check import check as check_visible
from parvis.access.principal import Right
from parvis.files import service, trash, versions
from parvis.files import store as files
from parvis.files.check import check as check_files
from parvis.files.model import DEPTH, Content, node_name, numbered
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from parvis.store.check import check
from parvis.store.sql.contract import counting

KINDS = {"FileNode": "SELECT account_id, id FROM file_node"}


async def sound(store) -> None:
    """The store is whole, and every count is what walking finds."""
    assert await check(store, KINDS) == []
    assert await check_visible(store.db) == []
    assert await check_files(store.db) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "a\nb", "x" * 256, "ế" * 90])
def test_names_that_no_folder_takes(name: str) -> None:
    with pytest.raises(Invalid):
        node_name(name)


def test_numbered_names_fit() -> None:
    assert numbered("a.tar.gz", 2) == "a (2).tar.gz" and numbered(".env", 3) == ".env (3)"
    assert numbered("v1.2", 2, folder=True) == "v1.2 (2)"
    assert len(numbered("ế" * 85, 12).encode()) <= 255 and len(numbered("a." + "b" * 253, 12).encode()) <= 255


async def test_names_are_unique_in_their_folder(store, tree, ann) -> None:
    await tree.file(ann, "a/b.txt")
    with pytest.raises(Conflict):
        await tree.file(ann, "a/b.txt")
    await tree.file(ann, "a/B.txt")
    await tree.file(ann, "b.txt")
    await sound(store)


async def into(unit, who, node, folder, name="x") -> None:
    await service.move(
        unit, who, node, await service.place(unit, who, node.account_id, folder.id if folder else 0), name
    )


async def add(unit, who, folder, name):
    return await service.add(unit, who, await service.place(unit, who, who.id, folder), name, None)


async def copied(unit, who, node, folder, name="copy") -> int:
    where = await service.place(unit, who, node.account_id, folder.id if folder else 0)
    return await service.copy(unit, who, node, where, name)


async def test_a_move_of_many_touches_few(store, tree, ann) -> None:
    for number in range(30):
        await tree.file(ann, f"one/two/{number}.txt")
    top, two = await tree.folder(ann, "other/place"), await tree.folder(ann, "one/two")
    before = await store.state(ann.id, "FileNode")
    with counting() as statements:
        await tree.do(into, ann, two, top)
    assert len(statements) < 40
    assert await store.db.value("SELECT COUNT(*) FROM change WHERE kind = 'FileNode' AND modseq > ?", before) == 1
    assert (await tree.get(top)).tree_nodes == 31
    await sound(store)
    with pytest.raises(Invalid):
        await tree.do(into, ann, top, two)


async def test_folders_are_only_so_deep(store, tree, ann) -> None:
    deepest = await tree.folder(ann, "/".join("x" * DEPTH))
    with pytest.raises(Invalid):
        await tree.do(add, ann, deepest.id, "y")
    await tree.folder(ann, "p/q")
    with pytest.raises(Invalid):
        await tree.do(into, ann, await tree.folder(ann, "p"), deepest)


async def test_copies_are_whole_and_share_bytes(store, tree, ann) -> None:
    await tree.file(ann, "a/b/c.txt", b"deep")
    await tree.file(ann, "a/d.txt", b"shallow")
    source = await tree.folder(ann, "a")
    made = await files.by_id(store.db, await tree.do(copied, ann, source, None))
    assert (made.name, made.tree_nodes, made.tree_bytes) == ("copy", 3, 11)
    await sound(store)
    with pytest.raises(Invalid):
        await tree.do(copied, ann, source, source)


async def test_destroying_takes_everything(store, tree, ann) -> None:
    await tree.file(ann, "a/b/c.txt")
    top = await tree.folder(ann, "a")
    with pytest.raises(Conflict):
        await tree.do(service.destroy, ann, ann.id, top.id)
    gone = await tree.do(service.destroy, ann, ann.id, top.id, children=True)
    assert len(gone) == 3 and gone[0] == top.id
    await sound(store)
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'FileNode'") == 0


async def test_the_trash_remembers_and_gives_back(store, tree, ann) -> None:
    node = await tree.file(ann, "a/b/c.txt")
    folder = await tree.folder(ann, "a/b")
    await tree.do(trash.put, ann, folder)
    assert (await tree.get(node)).scope_id != node.scope_id
    await sound(store)
    with pytest.raises(Invalid):
        await tree.do(trash.put, ann, await tree.get(folder))
    await tree.file(ann, "a/b")  # the name is taken meanwhile
    assert (await tree.do(trash.restore, ann, ann.id, folder.id))[1] == "b (2)"
    assert (await tree.get(node)).scope_id == node.scope_id
    await sound(store)
    with pytest.raises(NotFound):
        await tree.do(trash.restore, ann, ann.id, folder.id)


async def test_what_was_in_a_folder_that_is_gone_comes_back_to_the_top(store, tree, ann) -> None:
    node = await tree.file(ann, "a/c.txt")
    await tree.do(trash.put, ann, node)
    await tree.do(trash.put, ann, await tree.folder(ann, "a"))
    assert await tree.do(trash.restore, ann, ann.id, node.id) == (0, "c.txt")
    await sound(store)


async def test_the_trash_is_emptied_in_time(store, tree, ann) -> None:
    await tree.file(ann, "a/b/c.txt")
    await tree.do(trash.put, ann, await tree.folder(ann, "a"))
    assert await trash.purge(store, 30) == 0
    with clock.frozen(clock.now_ms() + 31 * trash.DAY_MS):
        assert await trash.purge(store, 30) == 3
    await sound(store)


async def test_the_trash_itself_stays(store, tree, ann) -> None:
    _, bin_id, _, _ = await files.room(store.db, ann.id)
    bin_ = await files.by_id(store.db, bin_id)
    for work, args in [
        (trash.put, (ann, bin_)),
        (service.destroy, (ann, ann.id, bin_id)),
        (add, (ann, bin_id, "x")),
    ]:
        with pytest.raises(Invalid):
            await tree.do(work, *args)


async def test_a_new_content_keeps_the_old_one(store, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"first")
    for number in range(versions.MOST + 3):
        content = f"number {number}".encode()
        digest = await store.blobs.put(content)
        node = await tree.do(service.write, ann, node, Content(digest, len(content), "text/plain"))
    kept = await versions.of(store.db, node.id)
    assert len(kept) == versions.MOST and kept[0].number == node.number - 1
    await sound(store)


async def test_quota_counts_versions_and_refuses_more(store, tree, make_owner) -> None:
    cleo = await make_owner(store, "cleo", quota_bytes=100)
    node = await tree.file(cleo, "a", b"x" * 60)
    with pytest.raises(OverQuota):
        await tree.file(cleo, "b", b"x" * 41)
    digest = await store.blobs.put(b"y" * 41)
    with pytest.raises(OverQuota):
        await tree.do(service.write, cleo, node, Content(digest, 41, "text/plain"))
    await sound(store)


async def test_strangers_see_nothing_and_readers_change_nothing(store, tree, ann, bob) -> None:
    node = await tree.file(ann, "a/b.txt")
    folder = await tree.folder(ann, "a")
    with pytest.raises(NotFound):
        await service.find(store.db, bob, ann.id, node.id)
    await tree.share(ann, folder, bob)
    assert (await service.find(store.db, bob, ann.id, node.id)).name == "b.txt"
    fresh = await tree.get(node)
    for work in (
        lambda unit: service.change(unit, bob, fresh, {"executable": True}),
        lambda unit: service.write(unit, bob, fresh, fresh.content),
        lambda unit: trash.put(unit, bob, fresh),
        lambda unit: service.destroy(unit, bob, ann.id, node.id),
        lambda unit: into(unit, bob, fresh, folder),
    ):
        with pytest.raises(Forbidden):
            await store.write(work)
    await sound(store)


async def test_parts_inside_parts_move_with_what_is_around_them(store, tree, ann, bob, make_owner) -> None:
    cleo = await make_owner(store, "cleo")
    node = await tree.file(ann, "a/b/c/d.txt")
    await tree.share(ann, await tree.folder(ann, "a/b/c"), bob, Right.READ | Right.WRITE)
    await tree.share(ann, await tree.folder(ann, "a"), cleo)
    assert (await service.find(store.db, cleo, ann.id, node.id)).id == node.id
    await tree.do(into, ann, await tree.folder(ann, "a/b"), None, "b")
    with pytest.raises(NotFound):
        await service.find(store.db, cleo, ann.id, node.id)
    assert (await service.find(store.db, bob, ann.id, node.id)).id == node.id
    await sound(store)
    await tree.do(trash.put, ann, await tree.folder(ann, "b"))
    with pytest.raises(NotFound):
        await service.find(store.db, bob, ann.id, node.id)
    await sound(store)


async def test_the_check_finds_what_is_torn(store, tree, ann) -> None:
    node = await tree.file(ann, "F/a.txt", b"hello")
    assert await check_files(store.db) == []
    for sql, code in (
        ("UPDATE file_node SET tree_bytes = 7 WHERE name = 'F'", "count"),
        ("UPDATE file_account SET used_bytes = 7", "weight"),
        ("UPDATE file_node SET scope_id = 7 WHERE name = 'a.txt'", "part"),
        ("UPDATE file_node SET parent_id = 7 WHERE name = 'a.txt'", "tree"),
        ("DELETE FROM blob_link WHERE kind = 'FileNode'", "link"),
    ):
        await store.write(lambda unit, sql=sql: unit.run(sql))
        assert code in {fault.code for fault in await check_files(store.db)}, sql
    assert node.size == 5
