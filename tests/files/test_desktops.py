"""What the file managers of Windows and macOS ask, request by request, against the real server.

The sequences are those that are on record elsewhere: Windows' redirector in [MS-WDV] and in the documentation of
ILIAS (OPTIONS of the root by `DavClnt`) and of sabre/dav ("Windows"); Finder's in jsDAV's and sabre/dav's
documentation ("Finder"), davfs2's in ownCloud's reports (LOCK, HEAD, PUT with the tag it heard, UNLOCK)."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from parvis.access.principal import Right
from parvis.files import store as files
from parvis.files import versions
from tests.files.test_dav import Peer
from tests.files.test_tree import sound

WINDOWS = {"user-agent": "Microsoft-WebDAV-MiniRedir/10.0.19045", "translate": "f"}
FINDER = {"user-agent": "WebDAVFS/3.0.0 (03008000) Darwin/21.6.0 (x86_64)"}
LOCK = """<?xml version="1.0" encoding="utf-8" ?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype><D:owner><D:href>{}</D:href></D:owner></D:lockinfo>"""
TIMES = """<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:">
<D:set><D:prop><Z:Win32CreationTime>Thu, 12 Jun 2025 08:00:00 GMT</Z:Win32CreationTime>
<Z:Win32LastAccessTime>Fri, 13 Jun 2025 08:00:00 GMT</Z:Win32LastAccessTime>
<Z:Win32LastModifiedTime>Sat, 14 Jun 2025 08:00:00 GMT</Z:Win32LastModifiedTime>
<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>"""


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


def token(answer) -> str:
    return re.search(r"<(urn:uuid:[^>]+)>", answer.headers["lock-token"])[1]


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not said, as Finder sends it."""
    for place in range(0, len(content), 100_000):
        yield content[place : place + 100_000]


async def test_windows_connects(peer, open_http) -> None:
    stranger = Peer(await open_http(None), peer.who)
    for path in ("/", "/dav", stranger.home):
        told = await stranger("OPTIONS", path, user_agent="DavClnt", translate="f")
        assert told.status_code == 200 and told.headers["ms-author-via"] == "DAV"
        assert {"1", "2"} <= set(told.headers["dav"].replace(" ", "").split(","))
        assert {"PROPFIND", "LOCK", "MOVE"} <= set(told.headers["allow"].replace(" ", "").split(","))
    asks = await stranger("PROPFIND", "/dav", b"", depth="0", **WINDOWS)
    assert asks.status_code == 401 and asks.headers["www-authenticate"].startswith("Basic ")
    for path in ("/dav", "/dav/files", peer.home.rstrip("/"), peer.home):
        for depth in ("0", "1"):
            told = await peer("PROPFIND", path, b"", depth=depth, content_length="0", **WINDOWS)
            assert told.status_code == 207 and "<D:collection/>" in told.text
    assert (await peer("PROPFIND", peer.home + "desktop.ini", b"", depth="0", **WINDOWS)).status_code == 404


async def test_windows_writes_a_file(peer, store, ann) -> None:
    """PUT of nothing, LOCK, PROPPATCH of its times, PUT of the bytes under the lock, PROPPATCH, HEAD, UNLOCK."""
    name = quote("Bản sao – Été (1).docx")
    assert (await peer("PROPFIND", name, b"", depth="0", **WINDOWS)).status_code == 404
    assert (await peer("PUT", name, b"", content_length="0", **WINDOWS)).status_code == 201
    locked = await peer("LOCK", name, LOCK.format("CORP\\ann"), timeout="Second-3600", depth="infinity", **WINDOWS)
    assert locked.status_code == 200 and "Second-" in locked.text
    held = {"if": f"(<{token(locked)}>)"}
    assert (await peer("PUT", name, b"without the token", **WINDOWS)).status_code == 423
    assert (await peer("PROPPATCH", name, TIMES, **held, **WINDOWS)).status_code == 207
    assert (await peer("HEAD", name, **WINDOWS)).headers["content-length"] == "0"
    assert (await peer("PUT", name, b"PK and so on", **held, **WINDOWS)).status_code == 204
    set_ = await peer("PROPPATCH", name, TIMES, **held, **WINDOWS)
    assert set_.text.count("200 OK") >= 1 and "403" not in set_.text
    again = await peer("LOCK", name, b"", timeout="Second-3600", **held, **WINDOWS)
    assert again.status_code == 200
    assert (await peer("UNLOCK", name, lock_token=f"<{token(locked)}>", **WINDOWS)).status_code == 204
    shown = (await peer("PROPFIND", name, b"", depth="0", **WINDOWS)).text
    assert "<D:getlastmodified>Sat, 14 Jun 2025 08:00:00 GMT<" in shown and "00000020" in shown
    wrong = TIMES.replace("Sat, 14 Jun 2025 08:00:00 GMT", "yesterday")
    refused = (await peer("PROPPATCH", name, wrong, **WINDOWS)).text
    assert "HTTP/1.1 409" in refused and "HTTP/1.1 424" in refused
    node = await files.child(store.db, ann.id, 0, "Bản sao – Été (1).docx")
    assert node.size == 12 and await versions.of(store.db, node.id) == []
    await sound(store)


async def test_windows_makes_renames_and_removes_a_folder(peer) -> None:
    host = str(peer.client.base_url).rstrip("/")
    first, later = quote("Nouveau dossier"), quote("Dự án & [100%] #1", safe="&[]")
    assert (await peer("MKCOL", first, **WINDOWS)).status_code == 201
    moved = await peer("MOVE", first + "/", destination=f"{host}{peer.home}{later}", overwrite="F", **WINDOWS)
    assert moved.status_code == 201
    assert (await peer("PROPPATCH", later, TIMES, **WINDOWS)).status_code == 207
    taken = await peer("MKCOL", later, **WINDOWS)
    assert taken.status_code == 405
    await peer("PUT", f"{later}/a.txt", b"a")
    onto = await peer("MOVE", f"{later}/a.txt", destination=f"{host}{peer.home}{later}", overwrite="F", **WINDOWS)
    assert onto.status_code in (403, 412)
    assert (await peer("DELETE", later + "/", **WINDOWS)).status_code == 204
    assert await peer.names() == []


async def test_windows_hears_how_much_room_there_is(open_http, store, make_owner) -> None:
    sam = await make_owner(store, "sam", quota_bytes=1000)
    peer = Peer(await open_http(sam), sam)
    await peer("PUT", "a", b"x" * 100)
    body = (
        '<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>'
    )
    told = (await peer("PROPFIND", "", body, depth="0", **WINDOWS)).text
    assert "<D:quota-available-bytes>900<" in told and "<D:quota-used-bytes>100<" in told
    assert (await peer("PUT", "b", b"x" * 1000, **WINDOWS)).status_code == 507


async def test_finder_writes_a_file(peer, store, ann) -> None:
    """PUT of nothing, LOCK, PUT in chunks of unknown length with X-Expected-Entity-Length, and its own file beside
    it; then UNLOCK. Names come decomposed, as macOS keeps them."""
    content = bytes(range(256)) * 2000
    name, beside = quote("Re\u0301union.pdf"), quote("._Re\u0301union.pdf")
    assert (await peer("PUT", name, b"", **FINDER)).status_code == 201
    locked = await peer(
        "LOCK", name, LOCK.format("http://www.apple.com/webdav_fs/"), timeout="Second-600", **FINDER
    )
    held = {"if": f"(<{token(locked)}>)"}
    assert locked.status_code == 200
    sized = {"x-expected-entity-length": str(len(content))}
    assert (await peer("PUT", name, chunks(content), **held, **sized, **FINDER)).status_code == 204
    seen = await peer("PROPFIND", quote("Réunion.pdf"), b"", depth="0", **FINDER)
    assert f"<D:getcontentlength>{len(content)}<" in seen.text
    own = await peer("LOCK", beside, LOCK.format("http://www.apple.com/webdav_fs/"), timeout="Second-600", **FINDER)
    assert own.status_code == 201
    fork = {"if": f"(<{token(own)}>)"}
    assert (await peer("PUT", beside, chunks(b"\0\5\x16\7" * 1000), **fork, **FINDER)).status_code == 204
    for path, answer in ((name, locked), (beside, own)):
        assert (await peer("UNLOCK", path, lock_token=f"<{token(answer)}>", **FINDER)).status_code == 204
    assert (await peer("GET", name, range="bytes=256-511", **FINDER)).content == bytes(range(256))
    assert (await peer("DELETE", beside, **FINDER)).status_code == 204
    assert (await files.child(store.db, ann.id, 0, "Réunion.pdf")).size == len(content)
    await sound(store)


async def test_finder_mounts_and_looks_for_its_own_files(peer) -> None:
    quota = (
        '<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/><D:quota/><D:quotaused/>'
    )
    quota += "</D:prop></D:propfind>"
    some = '<D:propfind xmlns:D="DAV:"><D:prop><D:getlastmodified/><D:getcontentlength/><D:creationdate/>'
    some += "<D:resourcetype/></D:prop></D:propfind>"
    assert "2" in (await peer("OPTIONS", "", **FINDER)).headers["dav"]
    for body in (some, quota, some):
        assert (await peer("PROPFIND", "", body, depth="0", **FINDER)).status_code == 207
    for name in ("._.", ".DS_Store", ".hidden", ".metadata_never_index", "mach_kernel", ".Spotlight-V100"):
        assert (await peer("PROPFIND", name, some, depth="0", **FINDER)).status_code == 404
    assert (await peer("PROPFIND", "", some, depth="1", **FINDER)).status_code == 207


async def test_a_lock_of_a_folder_holds_for_all_in_it(peer) -> None:
    await peer("MKCOL", "F")
    await peer("PUT", "F/a", b"a")
    locked = await peer("LOCK", "F", LOCK.format("me"), depth="infinity", timeout="Infinite, Second-4100000000")
    held = {"if": f"<{str(peer.client.base_url).rstrip('/')}{peer.home}F> (<{token(locked)}>)"}
    assert (await peer("PUT", "F/a", b"b")).status_code == 423 and (
        await peer("PUT", "F/new", b"b")
    ).status_code == 423
    assert (await peer("PUT", "F/new", b"b", **held)).status_code == 201
    assert (await peer("DELETE", "F")).status_code == 423
    inner = await peer("LOCK", "F/a", LOCK.format("me"), depth="0")
    assert inner.status_code == 423
    assert (await peer("UNLOCK", "F", lock_token=f"<{token(locked)}>")).status_code == 204


async def test_davfs2_writes_a_file_that_it_has_locked(peer) -> None:
    """LOCK of a name where nothing is, HEAD, PUT with the tag it heard, UNLOCK."""
    locked = await peer("LOCK", "a.tar", LOCK.format("davfs2"), timeout="Second-1800", depth="0")
    assert locked.status_code == 201
    heard = await peer("HEAD", "a.tar")
    both = f"(<{token(locked)}> [{heard.headers['etag']}])"
    assert (await peer("PUT", "a.tar", b"bytes", **{"if": both})).status_code == 204
    assert (await peer("UNLOCK", "a.tar", lock_token=f"<{token(locked)}>")).status_code == 204
    assert (await peer("GET", "a.tar")).content == b"bytes"


async def test_who_may_only_read_is_told_so_before_anything_is_sent(peer, open_http, tree, ann, bob) -> None:
    await tree.file(ann, "F/a.txt", b"a")
    await tree.share(ann, await tree.folder(ann, "F"), bob, Right.READ)
    other = Peer(await open_http(bob), bob)
    path = quote("F (ann)")
    assert (await other("PUT", f"{path}/new.txt", b"", **WINDOWS)).status_code == 403
    assert (await other("LOCK", f"{path}/a.txt", LOCK.format("bob"), **FINDER)).status_code == 403
    assert (await other("PROPPATCH", f"{path}/a.txt", TIMES, **WINDOWS)).status_code in (207, 403)
    assert (await other("GET", f"{path}/a.txt", **WINDOWS)).content == b"a"
