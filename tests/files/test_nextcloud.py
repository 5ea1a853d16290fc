"""What the programs of Nextcloud and ownCloud ask of files, against the real server; and one of them, when it is
here."""

import asyncio
import base64
import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

from parvis.access import sessions
from parvis.access.principal import Right
from parvis.files import store as files
from parvis.files import versions
from parvis.kernel import clock, ids
from parvis.store.sql.contract import counting
from tests.files.conftest import PASSWORD
from tests.files.test_dav import Peer
from tests.files.test_tree import sound

DAV = "/remote.php/dav"
TAG = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
PROGRAM = "Mozilla/5.0 (Linux) mirall/3.7.3"


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


@pytest.fixture
async def other(open_http, bob) -> Peer:
    return Peer(await open_http(bob), bob)


async def tag(peer: Peer, path: str = "") -> str:
    answer = await peer("PROPFIND", path, TAG, depth="0")
    assert answer.status_code == 207, answer.text
    return re.search(r"<D:getetag>(\"[^<]+\")</D:getetag>", answer.text)[1]


async def tags(peer: Peer) -> dict[str, str]:
    return {path: await tag(peer, path) for path in ("", "a", "a/b", "a/b/c", "x")}


# Entity tags of folders


async def test_a_change_is_seen_in_every_folder_around_it_and_nowhere_else(peer, store) -> None:
    for path in ("a", "a/b", "a/b/c", "x", "x/y"):
        assert (await peer("MKCOL", path)).status_code == 201
    kept = await tags(peer)
    assert len(set(kept.values())) == len(kept)

    async def changed(*paths: str) -> None:
        nonlocal kept
        now = await tags(peer)
        assert {path for path in now if now[path] != kept[path]} == {"", *paths}
        kept = now

    home = str(peer.client.base_url).rstrip("/") + peer.home
    deep = ("a", "a/b", "a/b/c")
    await peer("PUT", "a/b/c/f", b"one")
    await changed(*deep)
    await peer("PUT", "a/b/c/f", b"two")  # as large as before
    await changed(*deep)
    await peer("PUT", "a/b/c/f", b"two", x_oc_mtime="1600000000")  # the same, of another time
    await changed(*deep)
    await peer("MOVE", "a/b/c/f", destination=home + "a/b/c/g")
    await changed(*deep)
    await peer("MOVE", "a/b/c/g", destination=home + "x/y/g")
    await changed(*deep, "x")
    await peer("COPY", "x/y/g", destination=home + "a/b/g")
    await changed("a", "a/b")
    await peer("DELETE", "x/y/g")
    await changed("x")
    await peer("DELETE", "x/y")
    await changed("x")
    same = await tags(peer)
    await peer("GET", "a/b/g")
    assert await tags(peer) == same
    await sound(store)


async def test_what_others_share_is_in_the_tag_of_ones_own_home(peer, other, tree, ann, bob) -> None:
    folder = await tree.folder(ann, "F/G")
    first = await tag(other)
    await tree.share(ann, folder, bob, Right.READ)
    shared = await tag(other)
    assert shared != first
    await peer("PUT", "F/G/deep.txt", b"new")
    written = await tag(other)
    assert written != shared and await tag(other, "G (ann)") != ""
    await peer("PUT", "elsewhere.txt", b"hers")
    assert await tag(other) == written


async def test_tags_of_folders_are_conditions(peer) -> None:
    await peer("MKCOL", "F")
    old = await tag(peer, "F")
    await peer("PUT", "F/a", b"new")
    assert (await peer("DELETE", "F", if_match=old)).status_code == 412
    assert (await peer("DELETE", "F", if_match=await tag(peer, "F"))).status_code == 204


async def test_asking_and_changing_cost_the_same_in_small_and_in_large_trees(peer, tree, ann) -> None:
    await tree.file(ann, "a/b/c/0")
    await peer("PUT", "a/b/c/warm", b"x")
    with counting() as first:
        await tag(peer)
        await peer("PUT", "a/b/c/0", b"another")
    for number in range(60):
        await tree.file(ann, f"a/{number}/{number}")
    with counting() as later:
        await tag(peer)
        await peer("PUT", "a/b/c/0", b"one more")
    assert len(later) <= len(first) and len(first) < 45


# What the server is, and other addresses of the tree


async def test_the_server_says_what_it_can_do(open_http, ann, doors) -> None:
    stranger, client = await open_http(None), await open_http(ann)
    assert (await stranger.get("/status.php")).json()["installed"] is True
    assert (await stranger.get("/index.php/204")).status_code == 204
    refused = await stranger.get("/ocs/v2.php/cloud/user")
    assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Basic ")
    assert (await stranger.request("PROPFIND", f"{DAV}/files/{ids.text(ann.id)}/")).status_code == 401
    one = (await client.get("/ocs/v1.php/cloud/user?format=json")).json()["ocs"]
    two = (await client.get("/ocs/v2.php/cloud/user", headers={"accept": "application/json"})).json()["ocs"]
    assert (one["meta"]["statuscode"], two["meta"]["statuscode"]) == (100, 200)
    assert one["data"] == two["data"] and one["data"]["id"] == ids.text(ann.id)
    told = await client.get("/ocs/v2.php/cloud/capabilities")
    assert "<chunking>1.0</chunking>" in told.text and told.headers["content-type"].startswith("application/xml")
    absent = await client.get("/ocs/v2.php/apps/notifications/api/v2/notifications?format=json")
    assert absent.status_code == 404 and absent.json()["ocs"]["meta"]["status"] == "failure"


@pytest.mark.parametrize("base", [f"{DAV}/files/{{}}/", f"{DAV}/files/ann@example.org/", "/remote.php/webdav/"])
async def test_the_tree_is_at_other_addresses_too(peer, ann, base) -> None:
    base = base.format(ids.text(ann.id))
    host = str(peer.client.base_url).rstrip("/")
    made = await peer("MKCOL", base + "F")
    assert made.status_code == 201 and made.headers["oc-fileid"]
    put = await peer("PUT", base + "F/ế #.txt".replace(" ", "%20").replace("#", "%23"), b"hello")
    assert put.status_code == 201 and put.headers["oc-fileid"] and put.headers["etag"]
    asked = '<D:propfind xmlns:D="DAV:" xmlns:o="http://owncloud.org/ns"><D:prop><o:id/><o:fileid/><o:permissions/>'
    asked += "<o:size/><o:checksums/><D:getetag/></D:prop></D:propfind>"
    listed = await peer("PROPFIND", base + "F", asked, depth="1")
    folder, file = re.findall(r"<D:response>(.*?)</D:response>", listed.text, re.S)
    assert f"<D:href>{base.replace('@', '@')}F/</D:href>" in folder
    assert re.search(r"permissions[^>]*>RGDNVCK<", folder) and re.search(r"permissions[^>]*>RGDNVW<", file)
    assert f">{put.headers['oc-fileid']}</" in file and re.search(r"fileid[^>]*>\d+<", file)
    assert re.search(r"checksum [^>]*>SHA256:[0-9a-f]{64}</", file) and re.search(r"size[^>]*>5<", folder)
    moved = await peer("MOVE", base + "F", destination=f"{host}{base}G")
    assert moved.status_code == 201 and moved.headers["location"] == base + "G"
    away = await peer("MOVE", base + "G", destination=f"{host}/elsewhere/files/{ids.text(ann.id)}/H")
    assert away.status_code == 502
    assert await peer.names() == ["G"]
    assert (await peer("OPTIONS", base)).headers["dav"].startswith("1, 2, 3")


async def test_bytes_that_came_wrong_are_refused(peer) -> None:
    path = f"{DAV}/files/{ids.text(peer.who.id)}/a"
    right = hashlib.sha256(b"hello").hexdigest()
    wrong = await peer("PUT", path, b"hell0", oc_checksum=f"SHA256:{right}")
    assert wrong.status_code == 400 and await peer.names() == []
    assert (await peer("PUT", path, b"hello", oc_checksum=f"SHA256:{right.upper()}")).status_code == 201
    assert (await peer("PUT", path, b"other", oc_checksum="MD5:0")).status_code == 204  # not one that we know


async def test_a_hash_of_what_has_come_is_told(peer, other) -> None:
    path = f"{DAV}/files/{ids.text(peer.who.id)}/a"
    content = os.urandom(5_000_000)
    await peer("PUT", path, content)
    for name in ("sha1", "MD5", "sha256"):
        told = await peer("PATCH", path, x_recalculate_hash=name)
        right = hashlib.new(name.lower(), content, usedforsecurity=False).hexdigest()
        assert told.status_code == 204 and told.headers["oc-checksum"] == f"{name.upper()}:{right}"
    assert (await peer("PATCH", path, x_recalculate_hash="crc7")).status_code == 400
    assert (await peer("PATCH", path + "b", x_recalculate_hash="sha1")).status_code == 404
    assert (await peer("PATCH", path)).status_code == 405
    assert (await other("PATCH", path, x_recalculate_hash="sha1")).status_code == 404


# Large files in chunks


class Transfer:
    """One transfer of somebody."""

    def __init__(self, peer: Peer, name: str = "4211") -> None:
        self.peer, user = peer, ids.text(peer.who.id)
        self.at = f"{DAV}/uploads/{user}/{name}"
        self.files = f"{peer.client.base_url!s}".rstrip("/") + f"{DAV}/files/{user}"

    async def begin(self, **more):
        return await self.peer("MKCOL", self.at, **more)

    async def put(self, name: str, content: bytes, **more):
        return await self.peer("PUT", f"{self.at}/{name}", content, **more)

    async def there(self) -> dict[str, int]:
        answer = await self.peer("PROPFIND", self.at, TAG, depth="1")
        assert answer.status_code == 207, answer.text
        found = re.findall(r"<D:href>[^<]*/([^</]+)</D:href>.*?getcontentlength>(\d+)<", answer.text)
        return {name: int(size) for name, size in found}

    async def move(self, path: str, **more):
        return await self.peer("MOVE", f"{self.at}/.file", destination=f"{self.files}/{path}", **more)


async def test_chunks_become_a_file_in_the_order_of_their_numbers(peer, store, ann) -> None:
    transfer, content = Transfer(peer), os.urandom(3_000_000)
    assert (await transfer.put("1", b"x")).status_code == 404
    assert (await transfer.begin()).status_code == 201 and (await transfer.begin()).status_code == 405
    pieces = {"10": content[2_000_000:], "9": content[1_000_000:2_000_000], "00001": content[:1_000_000]}
    assert (await transfer.put("9", b"what was cut")).status_code == 201
    for name, piece in pieces.items():
        assert (await transfer.put(name, piece)).status_code == 201
    assert await transfer.there() == {name: len(piece) for name, piece in pieces.items()}
    short = await transfer.move("big.bin", oc_total_length="3000001")
    assert short.status_code == 400 and await peer.names() == []
    right = f"SHA256:{hashlib.sha256(content).hexdigest()}"
    wrong = await transfer.move("big.bin", oc_checksum="SHA256:" + "0" * 64)
    assert wrong.status_code == 400 and await peer.names() == []
    made = await transfer.move("big.bin", oc_total_length="3000000", x_oc_mtime="1600000000", oc_checksum=right)
    assert made.status_code == 201 and made.headers["x-oc-mtime"] == "accepted" and made.headers["oc-fileid"]
    got = await peer("GET", "big.bin")
    assert got.content == content and got.headers["etag"] == made.headers["etag"]
    assert (await files.child(store.db, ann.id, 0, "big.bin")).modified_ms == 1_600_000_000_000
    assert (await transfer.move("big.bin")).status_code == 404
    assert await store.db.value("SELECT COUNT(*) FROM file_upload") == 0
    assert await store.db.value("SELECT COUNT(*) FROM file_upload_piece") == 0
    await sound(store)


async def test_a_transfer_replaces_only_what_its_sender_knew(peer, store, ann) -> None:
    first = await peer("PUT", "a.bin", b"old")
    await peer("PUT", "a.bin", b"by somebody else")
    transfer = Transfer(peer)
    await transfer.begin(destination=f"{transfer.files}/a.bin", oc_total_length="3")
    await transfer.put("1", b"new")
    known = {"if": f"<{transfer.files}/a.bin> ([{first.headers['etag']}])"}
    assert (await transfer.move("a.bin", **known)).status_code == 412
    assert (await transfer.move("nowhere/a.bin")).status_code == 409
    assert (await peer("GET", "a.bin")).content == b"by somebody else"
    assert (await transfer.move("a.bin")).status_code == 204
    node = await files.child(store.db, ann.id, 0, "a.bin")
    assert [one.size for one in await versions.of(store.db, node.id)] == [16, 3]


async def test_a_chunk_that_was_cut_is_not_there(peer, doors, ann) -> None:
    transfer = Transfer(peer)
    await transfer.begin()
    await transfer.put("1", b"whole")
    host, port = doors.context.public_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    basic = base64.b64encode(f"{ann.address}:{PASSWORD}".encode()).decode()
    head = (
        f"PUT {transfer.at}/2 HTTP/1.1\r\nhost: x\r\nauthorization: Basic {basic}\r\ncontent-length: 900000\r\n\r\n"
    )
    writer.write(head.encode() + b"x" * 200_000)
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    for _ in range(50):
        await asyncio.sleep(0.05)
        if await doors.context.store.db.value("SELECT COUNT(*) FROM file_upload") == 2:
            break
    assert await transfer.there() == {"1": 5}
    assert (await peer("DELETE", transfer.at)).status_code == 204
    assert (await peer("PROPFIND", transfer.at, depth="1")).status_code == 404


async def test_nobody_else_sees_a_transfer(peer, other) -> None:
    transfer = Transfer(peer)
    await transfer.begin()
    await transfer.put("1", b"hers")
    for method, path in (("PROPFIND", ""), ("PUT", "/2"), ("MOVE", "/.file"), ("DELETE", "")):
        answer = await other(method, transfer.at + path, destination=f"{transfer.files}/stolen")
        assert answer.status_code == 404
    own = Transfer(other)
    assert (await own.move("stolen")).status_code == 404
    assert await transfer.there() == {"1": 4}


async def test_where_there_is_no_room_no_transfer_begins(store, make_owner, open_http) -> None:
    small = await make_owner(store, "sam", quota_bytes=1000)
    transfer = Transfer(Peer(await open_http(small), small))
    assert (await transfer.begin(oc_total_length="1001")).status_code == 507
    assert (await transfer.begin(oc_total_length="lots")).status_code == 400
    assert (await transfer.begin(oc_total_length="10")).status_code == 201
    assert (await transfer.put("1", b"x" * 1001)).status_code == 507
    assert (await transfer.put("1", b"x" * 600)).status_code == 201
    assert (await transfer.put("2", b"x" * 600)).status_code == 507
    for size, status in ((1001, 507), (700, 201), (600, 201)):  # what is sent again takes its own place
        assert (await transfer.put("1", b"x" * size)).status_code == status
    another = Transfer(transfer.peer, "4212")
    assert (await another.begin()).status_code == 201
    assert (await another.put("1", b"x" * 600)).status_code == 507
    await transfer.peer("PUT", "b", b"x" * 500)
    assert (await transfer.move("a")).status_code == 507
    assert await transfer.there() == {"1": 600}


async def test_chunks_are_no_larger_together_than_a_file_may_be(peer, doors) -> None:
    doors.context.settings.files.largest_bytes = 1000
    transfer = Transfer(peer)
    await transfer.begin()
    assert (await transfer.put("1", b"x" * 700)).status_code == 201
    assert (await transfer.put("2", b"x" * 301)).status_code == 413

    async def parts():
        for _ in range(301):
            yield b"x"

    assert (await peer("PUT", f"{transfer.at}/2", parts())).status_code == 413
    assert await transfer.there() == {"1": 700}
    assert (await transfer.put("2", b"x" * 300)).status_code == 201
    assert (await transfer.put("1", b"x" * 700)).status_code == 201
    assert (await transfer.put("1", b"x" * 701)).status_code == 413


# Letting a program in


class Asking:
    """A program that waits to be let in, and the browser that is opened for it."""

    def __init__(self, program, browser) -> None:
        self.program, self.browser = program, browser

    async def begin(self) -> None:
        made = (await self.program.post("/index.php/login/v2", headers={"user-agent": PROGRAM})).json()
        self.page, self.token = made["login"], made["poll"]["token"]
        self.endpoint = made["poll"]["endpoint"]

    async def poll(self):
        return await self.program.post(self.endpoint, data={"token": self.token})

    async def proof(self) -> str:
        return re.search(r'name="proof" value="([0-9a-f]+)"', (await self.browser.get(self.page)).text)[1]


@pytest.fixture
async def asking(open_http, ann, store) -> Asking:
    await open_http(ann)  # gives her a password
    browser = await open_http(None)
    token, _ = await sessions.open(store, ann, "browser", "127.0.0.1")
    browser.cookies.set("parvis_session", token)
    found = Asking(await open_http(None), browser)
    await found.begin()
    return found


async def test_a_program_is_let_in_by_who_is_signed_in(asking, open_http, ann) -> None:
    assert (await asking.poll()).status_code == 404
    page = await asking.browser.get(asking.page, headers={"accept-language": "fr"})
    assert "mirall/3.7.3" in page.text and "Autoriser" in page.text and ann.address in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    done = await asking.browser.post(asking.page, data={"answer": "allow", "proof": await asking.proof()})
    assert done.status_code == 200 and "go back to the program" in done.text
    assert (await asking.browser.get(asking.page)).status_code == 404
    given = (await asking.poll()).json()
    assert given["loginName"] == ann.address and (await asking.poll()).status_code == 404
    client = await open_http(None)
    client.auth = (ann.address, given["appPassword"])
    assert (await client.request("PROPFIND", f"{DAV}/files/{ids.text(ann.id)}/")).status_code == 207
    assert (await client.get("/jmap/session")).status_code in (401, 403)
    assert (await client.get("/auth/app-passwords")).status_code in (401, 403)
    assert (await client.delete("/ocs/v2.php/core/apppassword")).status_code == 200
    assert (await client.request("PROPFIND", f"{DAV}/files/{ids.text(ann.id)}/")).status_code == 401


async def test_a_program_is_let_in_by_who_signs_in_with_it(asking, ann) -> None:
    asking.browser.cookies.clear()
    page = await asking.browser.get(asking.page)
    assert 'name="password"' in page.text and "proof" not in page.text and ann.name not in page.text
    form = {"answer": "allow", "username": ann.address, "password": "wrong"}
    assert (await asking.browser.post(asking.page, data=form)).status_code == 403
    assert (await asking.poll()).status_code == 404
    done = await asking.browser.post(asking.page, data=form | {"password": PASSWORD})
    assert done.status_code == 200 and (await asking.poll()).json()["loginName"] == ann.address


async def test_a_program_is_refused(asking) -> None:
    assert (await asking.browser.post(asking.page, data={"answer": "refuse"})).status_code == 200
    assert (await asking.poll()).status_code == 404 and (await asking.browser.get(asking.page)).status_code == 404


async def test_nobody_is_let_in_by_a_page_of_another_site(asking, store, ann) -> None:
    for proof in ("", "0" * 64):
        answer = await asking.browser.post(asking.page, data={"answer": "allow", "proof": proof})
        assert answer.status_code == 403
    asking.browser.cookies.clear()
    answer = await asking.browser.post(asking.page, data={"answer": "allow", "proof": "0" * 64})
    assert answer.status_code == 403 and (await asking.poll()).status_code == 404
    assert (
        await asking.program.post(asking.endpoint, data={"token": asking.page.rpartition("/")[2]})
    ).status_code == 404


async def test_a_question_that_nobody_answers_is_forgotten(asking, store, monkeypatch) -> None:
    proof = await asking.proof()
    now = clock.now_ms() + 21 * 60_000
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    answer = await asking.browser.post(asking.page, data={"answer": "allow", "proof": proof})
    assert answer.status_code == 404 and (await asking.poll()).status_code == 404
    await asking.begin()
    assert await store.db.value("SELECT COUNT(*) FROM file_login") == 1


# The program itself


def contents(folder: Path) -> dict[str, bytes]:
    """What a folder holds, but for what the program notes there for itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"/"
        for path in folder.rglob("*")
        if not path.name.startswith((".sync_", "._sync", ".owncloud"))
    }


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("nextcloudcmd"), reason="nextcloud-desktop-cmd is not installed")
async def test_two_folders_are_kept_in_step_by_nextclouds_own_program(
    doors, open_http, ann, peer, tmp_path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()

    async def sync(folder: Path) -> str:
        process = await asyncio.create_subprocess_exec(
            "nextcloudcmd", "--non-interactive", "-u", ann.address, "-p", PASSWORD, str(folder),
            doors.context.public_url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        told = (await process.communicate())[0].decode("utf-8", "replace")
        assert process.returncode == 0, told[-3000:]
        return told

    deep = one / "Été" / "Tiếng Việt"
    deep.mkdir(parents=True)
    (deep / "đường #1 %41.txt").write_text("xin chào")
    (one / "big.bin").write_bytes(os.urandom(30_000_000))
    (one / "empty").write_bytes(b"")
    assert f"/uploads/{ids.text(ann.id)}/" in await sync(one)
    await sync(two)
    assert contents(one) == contents(two) and len(contents(two)) == 5

    await peer("PUT", "Été/Tiếng Việt/from the web.txt", b"deep inside")  # only the folders' tags tell of it
    (two / "big.bin").rename(two / "Été" / "moved.bin")
    (two / "Été" / "Tiếng Việt" / "đường #1 %41.txt").unlink()
    told = await sync(two)
    assert "/uploads/" not in told.replace("remote.php/dav/uploads\n", ""), "what was moved is not sent again"
    await sync(one)
    assert contents(one) == contents(two)
    assert (one / "Été" / "Tiếng Việt" / "from the web.txt").read_bytes() == b"deep inside"

    (one / "empty").write_text("changed in one")
    (two / "empty").write_text("changed in two, longer")
    await sync(one)
    await sync(two)
    await sync(one)
    mine = {path: body for path, body in contents(two).items() if "empty" in path}
    assert mine.pop("empty") == b"changed in one"
    assert list(mine.values()) == [b"changed in two, longer"] and "conflict" in next(iter(mine))

    shutil.rmtree(one / "Été")
    await sync(one)
    await sync(two)
    assert not (two / "Été").exists() and "Été" not in await peer.names()
