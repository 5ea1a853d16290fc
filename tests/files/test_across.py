"""Files that go from one account into another: they stay what they are."""

import asyncio

import pytest

from parvis.access import directory
from parvis.access.principal import Right
from parvis.files import across, person, service, trash, versions
from parvis.files import store as files
from parvis.files.links import service as link_service
from parvis.files.links import store as links
from parvis.files.model import DEPTH, Content
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from parvis.search.request import SearchRequest
from parvis.serve.dav import dead
from parvis.store.sql.contract import counting
from tests.files.test_dav import Peer
from tests.files.test_tree import sound


@pytest.fixture
async def team(store, make_owner, tree, ann, bob):
    """A space that Ann manages and Bob is a member of."""
    made = await make_owner(store, "team", kind="space")
    await tree.do(directory.join, made.id, ann.id, "manager")
    await tree.do(directory.join, made.id, bob.id, "member")
    return made


async def moved(store, who, node, account, folder=None, name="") -> int:
    """Moves a node to the top of an account, or into a folder there."""

    async def work(unit) -> int:
        where = await service.place(unit, who, account.id, folder.id if folder else 0)
        return await across.move(unit, who, await files.by_id(unit, node.id), where, name or node.name)

    return await store.write(work)


async def written(store, who, node, content: bytes):
    digest = await store.blobs.put(content)
    held = Content(digest, len(content), "text/plain")
    return await store.write(lambda unit: service.write(unit, who, node, held))


async def test_a_folder_keeps_all_that_is_known_of_it_there_and_back(store, tree, ann, bob, team) -> None:
    around, home = await tree.folder(ann, "F"), await tree.folder(ann, "Archive/2026", team)
    await tree.folder(ann, "G", team)
    file = await written(store, ann, await tree.file(ann, "F/G/a.txt", b"first"), b"second")
    file = await tree.do(service.change, ann, file, {"tags": ("plan",)})
    await tree.do(person.note, ann, file, {"favourite": True})
    await tree.do(dead.patch, ann.id, file.id, {"{x}y": "<y/>"})
    folder = await tree.folder(ann, "F/G")
    folder = await tree.do(service.change, ann, folder, {"role": "pictures"})
    for account, place, left, name in ((team, home, around, "H"), (ann, None, home, "I")):
        assert await moved(store, ann, folder, account, place, name) == folder.id
        now = await tree.get(file)
        assert (now.account_id, now.number, now.tags, now.created_by) == (account.id, 2, ("plan",), ann.id)
        top = await tree.get(folder)
        assert (top.name, top.role, top.parent_id) == (name, "", place.id if place else 0)
        (version,) = await versions.of(store.db, file.id)
        assert await store.blobs.get(version.hash) == b"first"
        assert (await person.of(store.db, ann, [file.id]))[file.id].favourite
        assert await dead.of(store.db, [file.id]) == {file.id: {"{x}y": "<y/>"}}
        tables = ("dead_property", "file_version", "file_person")
        assert [await store.db.value(f"SELECT account_id FROM {each}") for each in tables] == [account.id] * 3
        weights = [(await files.room(store.db, each.id))[2] for each in (ann, team)]
        assert weights == ([0, 11] if account is team else [11, 0])
        assert (await tree.get(left)).tree_nodes == 0
        await sound(store)
        if account is team:  # whoever is in the space has it from now on, and nobody else
            assert (await service.find(store.db, bob, team.id, file.id, Right.DELETE)).id == file.id
    with pytest.raises(NotFound):
        await service.find(store.db, bob, ann.id, file.id)


async def test_shares_end_and_links_go_along_with_the_right_of_who_made_them(store, tree, ann, bob, team) -> None:
    file = await tree.file(ann, "F/G/a.txt")
    folder, inner = await tree.folder(ann, "F"), await tree.folder(ann, "F/G")
    await tree.share(ann, folder, bob)
    await tree.share(ann, inner, bob, Right.READ | Right.SHARE)
    hers = await tree.do(link_service.add, ann, ann.id, file.id, {})
    his = await tree.do(link_service.add, bob, ann.id, file.id, {})
    await tree.do(links.note, hers, "got", "a.txt", 5)

    async def good() -> list[bool]:
        return [await links.good(store.db, each.token) is not None for each in (hers, his)]

    assert await good() == [True, True]
    await moved(store, ann, folder, team)
    assert await good() == [True, False]
    assert [each.account_id for each in await links.several(store.db, team.id, None)] == [team.id, team.id]
    assert await store.db.value("SELECT account_id FROM file_link_use") == team.id
    assert await store.db.value("SELECT COUNT(*) FROM file_part WHERE node_id = ?", inner.id) == 0
    await sound(store)
    await tree.do(directory.join, team.id, ann.id, "member")
    assert await good() == [False, False]
    await moved(store, ann, folder, ann)
    assert await good() == [True, False]
    await sound(store)


async def test_nobody_takes_a_file_away_from_its_owner(store, tree, ann, bob) -> None:
    file = await written(store, ann, await tree.file(ann, "F/a.txt", b"first"), b"second")
    folder = await tree.folder(ann, "F")
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE)
    with pytest.raises(Forbidden):
        await moved(store, bob, file, bob)
    await tree.share(ann, folder, bob, Right.READ | Right.DELETE)
    number = await moved(store, bob, file, bob)
    assert number != file.id and await versions.of(store.db, number) == []
    assert file.id in await trash.of(store.db, [file.id])
    await tree.do(trash.restore, ann, ann.id, file.id)
    assert len(await versions.of(store.db, file.id)) == 1
    await sound(store)


async def test_what_one_has_put_into_somebodys_folder_can_be_taken_back(store, tree, ann, bob) -> None:
    folder = await tree.folder(ann, "F")
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE | Right.DELETE)
    file = await written(store, bob, await tree.file(bob, "G/a.txt", b"first"), b"second")
    own = await tree.folder(bob, "G")
    for account, place in ((ann, folder), (bob, None)):
        assert await moved(store, bob, own, account, place) == own.id
    assert len(await versions.of(store.db, file.id)) == 1
    await moved(store, bob, own, ann, folder)
    await written(store, ann, await tree.get(file), b"third")
    await written(store, bob, await tree.get(file), b"fourth")
    assert await moved(store, bob, own, bob) != own.id
    assert own.id in await trash.of(store.db, [own.id])
    await sound(store)


async def test_what_cannot_be_there_stays_where_it_is(store, tree, ann, make_owner, team) -> None:
    small = await make_owner(store, "small", kind="space", quota_bytes=8)
    await tree.do(directory.join, small.id, ann.id, "member")
    file = await written(store, ann, await tree.file(ann, "a.txt", b"first"), b"last")
    with pytest.raises(OverQuota):  # its versions are counted
        await moved(store, ann, file, small)
    await tree.file(ann, "a.txt", b"theirs", team)
    with pytest.raises(Conflict):
        await moved(store, ann, file, team)
    bin_ = await files.by_id(store.db, (await files.room(store.db, team.id))[1])
    own = await files.by_id(store.db, (await files.room(store.db, ann.id))[1])
    for node, place in ((file, bin_), (own, None)):
        with pytest.raises(Invalid):
            await moved(store, ann, node, team, place, "b.txt")
    deep = await tree.folder(ann, "/".join("d" * (DEPTH - 1)), team)
    high = await tree.folder(ann, "x")
    await tree.folder(ann, "x/y")
    with pytest.raises(Invalid):
        await moved(store, ann, high, team, deep)
    assert (await tree.get(file)).account_id == ann.id
    await sound(store)
    await moved(store, ann, file, team, deep, "b.txt")
    await sound(store)


async def test_out_of_a_trash_it_is_there_again(store, tree, ann, team) -> None:
    file = await tree.file(ann, "a.txt")
    await tree.do(trash.put, ann, file)
    await moved(store, ann, file, team)
    assert await trash.of(store.db, [file.id]) == {}
    await sound(store)


async def test_it_costs_the_same_however_much_goes(store, tree, ann, team) -> None:
    costs = []
    for count in (1, 40):
        for number in range(count):
            await tree.file(ann, f"F{count}/{number}.txt", b"words")
        folder = await tree.folder(ann, f"F{count}")
        with counting() as counted:
            await moved(store, ann, folder, team)
        costs.append(len(counted.statements))
    assert costs[0] == costs[1] <= 55, costs
    await sound(store)


async def test_two_that_go_past_each_other(store, tree, ann, team) -> None:
    here = [await tree.file(ann, f"{number}.txt") for number in range(4)]
    there = [await tree.file(ann, f"there {number}.txt", owner=team) for number in range(4)]
    await asyncio.gather(
        *(moved(store, ann, node, team) for node in here), *(moved(store, ann, node, ann) for node in there)
    )
    for nodes, account in ((here, team), (there, ann)):
        assert {(await tree.get(node)).account_id for node in nodes} == {account.id}
    await sound(store)


async def test_it_is_found_by_who_sees_it_now(store, engine, search, tree, ann, bob, team) -> None:
    file = await tree.file(ann, "F/budget.txt", b"The zeppelin costs 4200 euros.")
    for account, found in ((team, [team.id]), (ann, [])):
        await search.indexer.settle()
        await moved(store, ann, file, account)
        await search.indexer.settle()
        for who, known in ((ann, [account.id]), (bob, found)):
            hits = (await search.query(who, SearchRequest(text="zeppelin", mode="text"))).hits
            assert [hit.account_id for hit in hits] == known


async def taken(who, source: str, target: str, given: dict) -> list[dict]:
    """What a copy answers whose original is to be destroyed, and what that does."""
    arguments = {"fromAccountId": source, "accountId": target, "create": {"c": given}}
    answers = await who.all(("FileNode/copy", arguments | {"onSuccessDestroyOriginal": True}))
    return [answer for _, answer, _ in answers]


async def test_a_move_over_jmap_and_its_undoing(anna, bobby, tree, ann, team, store) -> None:
    """RFC 8620 §5.4: onSuccessDestroyOriginal"""
    file = await written(store, ann, await tree.file(ann, "F/a.txt", b"first"), b"second")
    number, home, space = ids.text(file.id), ids.text((await tree.folder(ann, "F")).id), ids.text(team.id)
    made = await anna("FileComment/set", create={"c": {"nodeId": number, "body": "Good"}})
    comment = made["created"]["c"]["id"]
    for source, target, folder in ((anna.account, space, None), (space, anna.account, home)):
        states = [(await anna("FileNode/get", accountId=each, ids=[]))["state"] for each in (source, target)]
        heard = (await anna("FileComment/get", accountId=target, ids=[]))["state"]
        copied, destroyed = await taken(anna, source, target, {"id": number, "parentId": folder})
        assert copied["created"]["c"] == {"id": number, "name": "a.txt"}
        assert destroyed["destroyed"] == [number] and not destroyed["notDestroyed"]
        changes = [
            await anna("FileNode/changes", accountId=each, sinceState=state)
            for each, state in zip((source, target), states, strict=True)
        ]
        assert number in changes[0]["destroyed"] and number in changes[1]["created"] + changes[1]["updated"]
        said = await bobby("FileComment/query", accountId=space, filter={"nodeId": number})
        assert said["ids"] == ([comment] if target == space else [])
        told = await anna("FileComment/changes", accountId=target, sinceState=heard)
        assert comment in told["created"] + told["updated"]
        kept = await anna("FileVersion/query", accountId=target, filter={"nodeId": number})
        assert len(kept["ids"]) == 1
        assert await anna.one(number, accountId=source) is None
    await sound(store)


async def test_what_may_not_be_destroyed_is_copied(anna, bobby, tree, ann, bob, store) -> None:
    file = await tree.file(ann, "F/a.txt")
    await tree.share(ann, await tree.folder(ann, "F"), bob)
    number = ids.text(file.id)
    copied, refused = await taken(bobby, anna.account, bobby.account, {"id": number})
    assert copied["created"]["c"]["id"] != number
    assert refused["notDestroyed"][number]["type"] == "forbidden", refused


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


async def test_a_move_over_webdav_and_what_is_synchronised_after_it(peer, tree, ann, team, store) -> None:
    await peer("MKCOL", "F")
    made = await peer("PUT", "F/a.txt", b"first")
    await peer("PUT", "F/a.txt", b"second")
    await peer("PUT", "F/b.txt", b"b")
    tokens = [(await peer.sync(path=path))[2] for path in ("", "F", "team")]
    away = await peer("MOVE", "F", destination=peer.home + "team/F")
    assert away.status_code == 201
    asked = '<D:propfind xmlns:D="DAV:"><D:prop><o:id xmlns:o="http://owncloud.org/ns"/></D:prop></D:propfind>'
    listed = await peer("PROPFIND", "team/F/a.txt", asked, depth="0")
    assert made.headers["oc-fileid"] in listed.text
    assert (await peer.sync(tokens[0]))[:2] == ([], ["F"])
    assert (await peer.sync(tokens[2], "team"))[:2] == (["F"], [])
    assert (await peer("DELETE", "team/F/b.txt")).status_code == 204
    assert (await peer("MOVE", "team/F", destination=peer.home + "F")).status_code == 201
    assert (await peer.sync(tokens[1], "F"))[:2] == (["a.txt"], ["b.txt"])
    assert (await peer("GET", "F/a.txt")).content == b"second"
    node = await files.child(store.db, ann.id, (await tree.folder(ann, "F")).id, "a.txt")
    assert len(await versions.of(store.db, node.id)) == 1
    await sound(store)
