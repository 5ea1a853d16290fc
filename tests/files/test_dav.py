"""Files by WebDAV, against the real server."""

import asyncio
import random
import re
import shutil

import pytest

from parvis.access import directory, gate
from parvis.access.principal import Right
from parvis.files import service, versions
from parvis.files import store as files
from parvis.files.model import Content
from parvis.kernel import ids
from parvis.store.sql import contract
from parvis.store.sql.contract import counting
from tests.files.conftest import PASSWORD
from tests.files.test_tree import sound
from tests.serve.dav.test_budgets import handled

SYNC = """<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>{}</D:sync-level>
<D:prop><D:getetag/></D:prop></D:sync-collection>"""


class Peer:
    """Somebody with a WebDAV client; paths are below their home."""

    def __init__(self, client, who) -> None:
        self.client, self.who, self.home = client, who, f"/dav/files/{ids.text(who.id)}/"

    async def __call__(self, method: str, path: str = "", body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(
            method, path if path[:1] == "/" else self.home + path, content=body, headers=named
        )

    async def names(self, path: str = "") -> list[str]:
        answer = await self("PROPFIND", path, depth="1")
        assert answer.status_code == 207, answer.text
        found = re.findall(r"<D:href>([^<]*)</D:href>\s*<D:propstat>", answer.text)
        return [href.rstrip("/").rpartition("/")[2] for href in found[1:]]

    async def sync(self, token: str = "", path: str = "", level: str = "1") -> tuple[list[str], list[str], str]:
        answer = await self("REPORT", path, SYNC.format(token, level))
        assert answer.status_code == 207, answer.text
        here, gone = [], []
        for part in re.findall(r"<D:response>(.*?)</D:response>", answer.text, re.S):
            name = re.search(r"<D:href>([^<]*)<", part)[1].rstrip("/").rpartition("/")[2]
            (gone if "404" in part and "propstat" not in part else here).append(name)
        return here, gone, re.findall(r"<D:sync-token>([^<]*)<", answer.text)[-1]


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


@pytest.fixture
async def other(open_http, bob) -> Peer:
    return Peer(await open_http(bob), bob)


async def test_files_are_put_read_and_versioned(peer, store, ann) -> None:
    assert (await peer("MKCOL", "F")).status_code == 201
    made = await peer("PUT", "F/a.txt", b"hello world")
    assert made.status_code == 201
    got = await peer("GET", "F/a.txt", range="bytes=6-")
    assert (got.status_code, got.content, got.headers["content-type"]) == (206, b"world", "text/plain")
    again = await peer("PUT", "F/a.txt", b"other", if_match=made.headers["etag"])
    assert again.status_code == 204 and again.headers["etag"] != made.headers["etag"]
    assert (await peer("PUT", "F/a.txt", b"lost", if_match=made.headers["etag"])).status_code == 412
    folder = await files.child(store.db, ann.id, 0, "F")
    node = await files.child(store.db, ann.id, folder.id, "a.txt")
    assert [one.size for one in await versions.of(store.db, node.id)] == [11]
    same = await peer("PUT", "F/a.txt", b"other")
    assert same.headers["etag"] == again.headers["etag"]
    for bad in ("F/a.txt/b", "nowhere/a"):
        assert (await peer("PUT", bad, b"x")).status_code == 409
    assert await peer.names() == ["F"] and await peer.names("F") == ["a.txt"]


async def test_a_large_file_goes_up_and_comes_down_as_it_is(peer) -> None:
    content = random.Random(1).randbytes(9_000_017)

    async def trickled():
        for place in range(0, 300_000, 1000):  # each is a chunk of its own, and many come together
            yield content[place : place + 1000]
        yield content[300_000:]

    assert (await peer("PUT", "large", trickled())).status_code == 201
    whole = await peer("GET", "large")
    assert whole.content == content and whole.headers["content-length"] == str(len(content))
    for start, end in [(0, 1), (2_999_990, 7_000_001), (9_000_000, len(content))]:
        part = await peer("GET", "large", range=f"bytes={start}-{end - 1}")
        assert (part.status_code, part.content) == (206, content[start:end])
    told = await peer("HEAD", "large")
    assert (told.content, told.headers["content-length"]) == (b"", str(len(content)))


@pytest.mark.parametrize("many", [3, 900])
async def test_statements_do_not_grow_with_the_folder(doors, store, ann, many) -> None:
    async def fill(unit) -> None:
        top = await service.place(unit, ann, ann.id, 0)
        folder = await service.add(unit, ann, top, "F", None)
        around = await service.place(unit, ann, ann.id, folder.id)
        for number in range(many):
            content = Content(f"{number:064}", 7, "text/plain")
            await service.add(unit, ann, around, f"{number:04} & <others>.txt", content)

    await store.write(fill)
    home = f"/dav/files/{ids.text(ann.id)}/F/"

    async def costs(method: str, name: str, body: bytes = b"", **headers) -> tuple[int, bytes]:
        status, statements, answer = await handled(doors, ann, method, home + name, body, **headers)
        assert status < 300, answer
        return statements, answer

    names = b'<propfind xmlns="DAV:"><prop><getetag/><getcontentlength/><getlastmodified/></prop></propfind>'
    statements, answer = await costs("PROPFIND", "", names, depth="1")
    assert statements <= 4 + many // 400 and answer.count(b"<D:getcontentlength>7</D:getcontentlength>") == many
    assert all(b"%04d%%20&amp;%%20%%3Cothers%%3E.txt</D:href>" % number in answer for number in range(many))
    assert (await costs("PUT", "new.bin", b"new"))[0] <= 17
    assert await costs("GET", "new.bin") == (2, b"new")


async def test_a_deep_path_is_walked_by_the_index_of_names(peer, store, ann, bob) -> None:
    path = ""
    for depth in range(35):
        path += f"{depth}/"
        await peer("MKCOL", path)
        if depth in (0, 15, 16, 17, 34):
            assert (await peer("PUT", f"{path}file", str(depth).encode())).status_code == 201
            assert (await peer("GET", f"{path}file")).content == str(depth).encode()
    with counting() as count:
        found = await files.along(store.db, ann, ann.id, path.split("/")[:-1])
        assert found is not None and found[0].name == "34" and found[1].owner
        assert await files.along(store.db, bob, ann.id, path.split("/")[:-1]) is None
        assert await files.along(store.db, ann, ann.id, ["0", "no", "2"]) is None
    assert len(count.statements) == 3 + 3 + 1
    if store.db.dialect.name == "sqlite":
        for sql in set(count.statements):
            plan = [row[3] for row in await store.db.rows(f"EXPLAIN QUERY PLAN {sql}", *[0] * sql.count("?"))]
            walked = [step for step in plan if "file_node" in step or step.startswith("SEARCH n ")]
            assert walked and all(step.endswith("(parent_id=? AND name=? AND account_id=?)") for step in walked), (
                plan
            )


async def test_the_time_that_a_client_gives_is_kept(peer, store, ann) -> None:
    made = await peer("PUT", "a.txt", b"hello", x_oc_mtime="1600000000")
    assert made.headers["x-oc-mtime"] == "accepted"
    assert (await files.child(store.db, ann.id, 0, "a.txt")).modified_ms == 1_600_000_000_000
    assert "x-oc-mtime" not in (await peer("PUT", "a.txt", b"hello", x_oc_mtime="soon")).headers
    await peer("PUT", "a.txt", b"other", x_oc_mtime="1700000000.5")
    assert (await peer("GET", "a.txt")).headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


async def test_what_is_deleted_is_in_the_trash(peer, store, ann) -> None:
    await peer("MKCOL", "F")
    await peer("PUT", "F/a.txt", b"hello")
    assert (await peer("DELETE", "F")).status_code == 204
    assert await peer.names() == [] and (await peer("GET", "F/a.txt")).status_code == 404
    assert (await peer("GET", "Trash/F/a.txt")).status_code == 404
    room = await files.room(store.db, ann.id)
    assert (await files.by_id(store.db, room[1])).tree_nodes == 2
    await peer("PUT", "a", b"1")
    await peer("PUT", "b", b"2")
    assert (await peer("MOVE", "a", destination=peer.home + "b")).status_code == 204
    assert (await files.by_id(store.db, room[1])).tree_nodes == 3


async def test_sync_tells_what_came_and_went(peer) -> None:
    await peer("MKCOL", "F")
    await peer("PUT", "a", b"1")
    here, gone, token = await peer.sync()
    assert sorted(here) == ["F", "a"] and gone == []
    assert await peer.sync(token) == ([], [], token)
    await peer("PUT", "b", b"2")
    await peer("MOVE", "a", destination=peer.home + "F/c")
    here, gone, later = await peer.sync(token)
    assert (here, gone) == (["b"], ["a"])
    await peer("PUT", "a", b"again")
    await peer("DELETE", "b")
    here, gone, _ = await peer.sync(token)
    assert (here, gone) == (["a"], ["b"])
    assert (await peer.sync(later))[:2] == (["a"], ["b"])
    inside = await peer.sync(path="F")
    assert inside[0] == ["c"]


async def test_what_is_shared_is_in_ones_home(peer, other, tree, ann, bob) -> None:
    await tree.file(ann, "secret/Plans/a.txt", b"plans")
    folder = await tree.folder(ann, "secret/Plans")
    await tree.share(ann, folder, bob)
    assert await other.names() == ["Plans%20(ann)"]
    mount = "Plans%20(ann)/"
    assert await other.names(mount) == ["a.txt"]
    assert (await other("GET", mount + "a.txt")).content == b"plans"
    assert (await other("GET", peer.home + "secret/Plans/a.txt")).status_code == 200
    assert (await other("PUT", mount + "b.txt", b"x")).status_code == 403
    for path in (peer.home, peer.home + "secret"):
        assert (await other("PROPFIND", path, depth="1")).status_code == 404
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE | Right.DELETE)
    assert (await other("PUT", mount + "b.txt", b"x")).status_code == 201
    assert (await other("MOVE", mount + "b.txt", destination=other.home + "mine.txt")).status_code == 201
    assert await other.names() == ["Plans%20(ann)", "mine.txt"]
    assert (
        await other("COPY", other.home + "mine.txt", destination=other.home + mount + "c.txt")
    ).status_code == 201
    assert sorted(await peer.names("secret/Plans")) == ["a.txt", "c.txt"]
    grant = await tree.share(ann, folder, bob)
    await tree.do(gate.withdraw, ann, grant)
    assert await other.names() == ["mine.txt"]
    for path in (mount, mount + "a.txt", peer.home + "secret/Plans/a.txt"):
        assert (await other("PROPFIND", path, depth="0")).status_code == 404


async def test_properties_and_quota(peer, other, store, tree, ann) -> None:
    await peer("PUT", "a.txt", b"hello")
    set_ = """<D:propertyupdate xmlns:D="DAV:" xmlns:o="http://owncloud.org/ns" xmlns:x="urn:x"><D:set><D:prop>
    <o:favorite>1</o:favorite><x:colour>red</x:colour></D:prop></D:set></D:propertyupdate>"""
    assert (await peer("PROPPATCH", "a.txt", set_)).status_code == 207
    await peer("COPY", "a.txt", destination=peer.home + "b.txt")
    ask = """<D:propfind xmlns:D="DAV:" xmlns:o="http://owncloud.org/ns" xmlns:x="urn:x"><D:prop><o:favorite/>
    <o:permissions/><o:checksums/><o:size/><x:colour/></D:prop></D:propfind>"""
    told = (await peer("PROPFIND", "a.txt", ask, depth="0")).text
    assert ">1<" in told and ">RGDNVW<" in told and "SHA256:" in told and ">5<" in told and "red" in told
    assert "red" in (await peer("PROPFIND", "b.txt", ask, depth="0")).text
    await store.write(
        lambda unit: unit.run("UPDATE file_account SET quota_bytes = 12 WHERE account_id = ?", ann.id)
    )
    quota = """<D:propfind xmlns:D="DAV:"><D:prop><D:quota-used-bytes/><D:quota-available-bytes/></D:prop></D:propfind>"""
    told = (await peer("PROPFIND", "", quota, depth="0")).text
    assert ">10<" in told and ">2<" in told
    assert (await peer("PUT", "c.txt", b"123")).status_code == 507


async def test_a_large_tree_moves_at_once_and_a_folder_is_listed_in_pages(peer, store, tree, ann) -> None:
    folder = await tree.folder(ann, "big")
    where = service.Place(ann.id, folder.scope_id, folder)

    async def fill(unit) -> None:
        for number in range(1200):
            await service.add(unit, ann, where, f"{number:04}.txt", None)

    await store.write(fill)
    assert len(await peer.names("big")) == 1200
    counts: list[int] = []
    seen = contract.note

    with pytest.MonkeyPatch.context() as patch:
        module = __import__(f"parvis.store.sql.{store.db.dialect.name}", fromlist=["note"])
        patch.setattr(module, "note", lambda sql: (counts.append(1), seen(sql)))
        await peer("MKCOL", "other")
        counts.clear()
        assert (await peer("MOVE", "big", destination=peer.home + "other/large")).status_code == 201
        assert len(counts) < 60
        counts.clear()
        await peer("PROPFIND", "other/large", depth="1")
        assert len(counts) < 60


async def test_odd_names(peer) -> None:
    for name in ("%C3%A9t%C3%A9", "a%20b", "a%3Fb", "%25", "a%26b%3Cc", "%E1%BA%BF", "CON", "a%5Cb"):
        assert (await peer("PUT", name, b"x")).status_code == 201, name
        assert (await peer("GET", name)).content == b"x"
    for bad in ("a%00b", "a%0Ab", "a%2Fb", "..%2Fx", "x" * 256):
        assert (await peer("PUT", bad, b"x")).status_code in (400, 403, 404, 409), bad
    assert len(await peer.names()) == 8


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("litmus"), reason="litmus is not installed")
async def test_litmus(peer, ann, tmp_path) -> None:
    url = str(peer.client.base_url).rstrip("/") + peer.home
    process = await asyncio.create_subprocess_exec(
        "litmus", "-k", url, ann.address, PASSWORD,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told = (await process.communicate())[0].decode()
    summaries = re.findall(r"of (\d+) tests run: (\d+) passed, (\d+) failed", told)
    assert [failed for _, _, failed in summaries] == ["0"] * 5, told
    assert sum(int(passed) for _, passed, _ in summaries) >= 104, told
    assert "WARNING" not in told, told


async def test_a_space_has_a_tree_for_its_members(peer, other, store, tree, ann, bob, make_owner) -> None:
    team = await make_owner(store, "team", kind="space")

    async def joined(unit) -> None:
        await directory.join(unit, team.id, ann.id, "manager")
        await directory.join(unit, team.id, bob.id, "guest")

    await store.write(joined)
    assert await peer.names() == ["team"] == await other.names()
    assert (await peer("MKCOL", "team/Plans")).status_code == 201
    assert (await peer("PUT", "team/Plans/a.txt", b"plans")).status_code == 201
    assert (await other("GET", "team/Plans/a.txt")).content == b"plans"
    assert (await other("PUT", "team/Plans/b.txt", b"x")).status_code == 403
    folder = await files.child(store.db, team.id, 0, "Plans")
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE)  # shared by itself, inside what he sees anyway
    assert await other.names() == ["team"] and (await other("PUT", "team/Plans/b.txt", b"x")).status_code == 201
    assert (await peer("MOVE", "team/Plans", destination=peer.home + "team/Moved")).status_code == 201
    assert (await other("GET", "team/Moved/a.txt")).status_code == 200
    await tree.do(directory.leave, team.id, bob.id)
    assert await other.names() == ["Moved%20(team)"]
    await sound(store)


async def test_a_folder_keeps_its_id_and_lock_while_it_is_written(peer, other, tree, ann, bob) -> None:
    await tree.file(ann, "F/a.txt")
    await tree.share(ann, await tree.folder(ann, "F"), bob, Right.READ | Right.WRITE)
    lock = """<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>
    </D:lockinfo>"""
    held = await peer("LOCK", "F/a.txt", lock, timeout="Second-60")
    assert held.status_code == 200
    assert (await other("PUT", "F%20(ann)/a.txt", b"x")).status_code == 423
    token = held.headers["lock-token"]
    assert (await peer("PUT", "F/a.txt", b"x", **{"if": f"({token})"})).status_code == 204
    assert (await peer("UNLOCK", "F/a.txt", lock_token=token)).status_code == 204
    assert (await other("PUT", "F%20(ann)/a.txt", b"y")).status_code == 204
