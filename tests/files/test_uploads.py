"""Uploads by tus against the real server: created, cut, resumed, checked, put together, ended."""

import asyncio
import base64
import hashlib
import random
from contextlib import suppress

import pytest

from parvis.access.principal import Right
from parvis.files import store as files
from parvis.files.uploads import store as uploads
from parvis.files.uploads.receive import Receiver
from parvis.kernel import clock, ids
from parvis.store.store import Store

MIB = 1024 * 1024
TUS = {"tus-resumable": "1.0.0"}
BYTES = TUS | {"content-type": "application/offset+octet-stream"}


def told(**values: str) -> dict[str, str]:
    pairs = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in values.items())
    return {"upload-metadata": pairs}


@pytest.fixture
async def http(open_http, ann):
    return await open_http(ann)


async def begin(http, size: int | None, **values: str):
    length = {"upload-length": str(size)} if size is not None else {"upload-defer-length": "1"}
    return await http.post("/files/uploads", headers=TUS | length | told(**values))


async def patch(http, url: str, offset: int, content, **more: str):
    return await http.patch(url, headers=BYTES | {"upload-offset": str(offset)} | more, content=content)


async def read(store: Store, node_id: str) -> bytes:
    return await store.blobs.get((await files.by_id(store.db, ids.parse(node_id))).hash)


async def test_what_is_understood(http) -> None:
    answer = await http.options("/files/uploads")
    assert answer.headers["tus-version"] == "1.0.0" and "concatenation" in answer.headers["tus-extension"]
    wrong = await http.post("/files/uploads", headers={"tus-resumable": "0.2.2", "upload-length": "1"})
    assert wrong.status_code == 412 and wrong.headers["tus-version"] == "1.0.0"


async def test_a_file_in_parts(http, store) -> None:
    content = random.Random(7).randbytes(3 * MIB + 5)
    made = await begin(
        http, len(content), filename="a.bin", filetype="video/mp4", parentId="", relativePath="F/G/a.bin"
    )
    assert made.status_code == 201 and made.headers["upload-offset"] == "0"
    url, place = made.headers["location"], 0
    for end in (1, MIB + 3, 2 * MIB, len(content)):
        answer = await patch(http, url, place, content[place:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end)), answer.text
        place = end
        assert (await http.head(url, headers=TUS)).headers["upload-offset"] == str(end)
    node = await files.by_id(store.db, ids.parse(answer.headers["x-parvis-node"]))
    assert (node.name, node.media_type, node.hash) == ("a.bin", "video/mp4", hashlib.sha256(content).hexdigest())
    assert [one.name for one in await files.above(store.db, node.id)] == ["a.bin", "G", "F"]
    assert await store.blobs.get(node.hash) == content
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = ?", uploads.LINK) == 0


async def test_cuts_are_where_they_would_be_without_interruption(http, store) -> None:
    content = random.Random(9).randbytes(5 * MIB)
    writer = await store.blobs.writer()
    for start in range(0, len(content), 65_536):
        await writer.write(content[start : start + 65_536])
    digest = await writer.commit()
    pieces = "SELECT piece FROM blob_piece WHERE hash = ? ORDER BY start"
    once = await store.db.rows(pieces, digest)
    url, place = (await begin(http, len(content), filename="a", parentId="")).headers["location"], 0
    for end in range(700_001, len(content) + 700_001, 700_001):
        answer = await patch(http, url, place, content[place:end])
        place = min(end, len(content))
    assert answer.headers["x-parvis-blob"] == "b" + digest
    assert await store.db.rows(pieces, digest) == once and len(once) > 1


async def sending(doors, ann, url: str, size: int, begun: bytes) -> asyncio.StreamWriter:
    """A connection on which so much of an upload has been sent."""
    credentials = base64.b64encode(f"{ann.address}:a long enough pass phrase".encode()).decode()
    _, writer = await asyncio.open_connection("127.0.0.1", doors.context.settings.ports.http)
    head = f"PATCH {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nTus-Resumable: 1.0.0\r\n"
    head += "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
    writer.write(head.encode() + f"Content-Length: {size}\r\n\r\n".encode() + begun)
    await writer.drain()
    return writer


async def reaches(http, url: str, least: int) -> int:
    """Where an upload has come to, once that is so far."""
    async with asyncio.timeout(20):
        while (reached := int((await http.head(url, headers=TUS)).headers["upload-offset"])) < least:
            await asyncio.sleep(0.05)
    return reached


async def test_a_connection_that_is_cut_loses_nothing(http, store, doors, ann) -> None:
    content = random.Random(3).randbytes(4 * MIB)
    url = (await begin(http, len(content), filename="a", parentId="")).headers["location"]
    writer = await sending(doors, ann, url, len(content), content[: 2 * MIB + 100])
    await asyncio.sleep(1)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    reached = await reaches(http, url, 2 * MIB + 100)
    assert reached == 2 * MIB + 100
    answer = await patch(http, url, reached, content[reached:])
    assert await read(store, answer.headers["x-parvis-node"]) == content


async def test_what_is_durable_is_noted_while_more_comes(http, store, doors, ann, monkeypatch) -> None:
    monkeypatch.setattr(store.blobs.inner, "at_once", 1)
    content = random.Random(4).randbytes(21 * MIB)
    url = (await begin(http, len(content), filename="a", parentId="")).headers["location"]
    writer = await sending(doors, ann, url, len(content), content[: 12 * MIB])
    place = 12 * MIB
    async with asyncio.timeout(20):
        while not (noted := await reaches(http, url, 0)):
            writer.write(content[place : place + 1000])
            place += 1000
            await asyncio.sleep(0.05)
    assert noted < place
    writer.write(content[place : 17 * MIB])
    await writer.drain()
    writer.close()
    reached = await reaches(http, url, 17 * MIB)
    assert reached == 17 * MIB
    answer = await patch(http, url, reached, content[reached:])
    assert await read(store, answer.headers["x-parvis-node"]) == content
    assert answer.headers["x-parvis-blob"] == "b" + hashlib.sha256(content).hexdigest()


async def test_a_file_whose_last_byte_came_just_before_the_server_died(http, store, monkeypatch) -> None:
    url = (await begin(http, 5, filename="a", parentId="")).headers["location"]

    async def dies(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as dying:
        dying.setattr(Receiver, "finish", dies)
        assert (await patch(http, url, 0, b"hello")).status_code == 500
    assert await store.db.value("SELECT COUNT(*) FROM file_node WHERE name = 'a'") == 0
    seen = await asyncio.gather(*(http.head(url, headers=TUS) for _ in range(3)))
    assert {answer.headers["upload-offset"] for answer in seen} == {"5"}
    assert len({answer.headers["x-parvis-node"] for answer in seen}) == 1
    assert await read(store, seen[0].headers["x-parvis-node"]) == b"hello"


async def test_wrong_requests(http, store) -> None:
    url = (await begin(http, 10, filename="a", parentId="")).headers["location"]
    assert (await patch(http, url, 3, b"x")).status_code == 409
    assert (await http.patch(url, headers=TUS | {"upload-offset": "0"}, content=b"x")).status_code == 415
    assert (await patch(http, url, 0, b"x" * 11)).status_code == 413
    assert (await patch(http, url + "x", 0, b"x")).status_code == 404
    for headers in (
        {},
        {"upload-length": "-1"},
        {"upload-length": "x"},
        {"upload-length": "1", "upload-metadata": "a ?"},
    ):
        assert (await http.post("/files/uploads", headers=TUS | headers)).status_code == 400, headers
    assert (await begin(http, 10**12, filename="a")).status_code == 413
    for values in ({"parentId": ids.text(7)}, {"accountId": ids.text(7)}, {"nodeId": "x"}):
        assert (await begin(http, 1, filename="a", **values)).status_code == 404, values
    assert (await begin(http, 1, filename="a/b", parentId="")).status_code == 400
    assert (await http.delete(url, headers=TUS)).status_code == 204
    assert (await http.head(url, headers=TUS)).status_code == 404


async def test_checksums(http, store) -> None:
    url = (await begin(http, 10, filename="a", parentId="")).headers["location"]

    def sum_of(content: bytes) -> str:
        return "sha1 " + base64.b64encode(hashlib.sha1(content).digest()).decode()

    wrong = await patch(http, url, 0, b"hello", **{"upload-checksum": sum_of(b"jello")})
    assert wrong.status_code == 460
    assert (await http.head(url, headers=TUS)).headers["upload-offset"] == "0"
    assert (await patch(http, url, 0, b"x", **{"upload-checksum": "crc32 AA=="})).status_code == 400
    right = await patch(http, url, 0, b"hello", **{"upload-checksum": sum_of(b"hello")})
    assert right.headers["upload-offset"] == "5"
    done = await patch(http, url, 5, b"world", **{"upload-checksum": sum_of(b"world")})
    assert await read(store, done.headers["x-parvis-node"]) == b"helloworld"


async def test_an_unknown_length_and_bytes_with_the_first_request(http, store) -> None:
    headers = BYTES | {"upload-defer-length": "1"} | told(filename="a", parentId="")
    made = await http.post("/files/uploads", headers=headers, content=b"hello")
    assert (made.status_code, made.headers["upload-offset"]) == (201, "5")
    done = await patch(http, made.headers["location"], 5, b"", **{"upload-length": "5"})
    assert await read(store, done.headers["x-parvis-node"]) == b"hello"
    empty = await begin(http, 0, filename="empty", parentId="")
    assert await read(store, empty.headers["x-parvis-node"]) == b""


async def test_parts_are_put_together(http, store) -> None:
    urls = []
    for content in (b"hello ", b"world"):
        part = TUS | {"upload-length": str(len(content)), "upload-concat": "partial"}
        urls.append((await http.post("/files/uploads", headers=part)).headers["location"])
        await patch(http, urls[-1], 0, content)
    final = TUS | {"upload-concat": "final;" + " ".join(urls)} | told(filename="a", parentId="")
    done = await http.post("/files/uploads", headers=final)
    assert done.status_code == 201 and await read(store, done.headers["x-parvis-node"]) == b"hello world"


async def test_names_that_are_taken(http, store, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"old")
    asked = await begin(http, 3, filename="a.txt", parentId="")
    assert asked.status_code == 409
    for choice, name in (("rename", "a (2).txt"), ("replace", "a.txt")):
        url = (await begin(http, 3, filename="a.txt", parentId="", onExists=choice)).headers["location"]
        done = await patch(http, url, 0, b"new")
        assert (await files.by_id(store.db, ids.parse(done.headers["x-parvis-node"]))).name == name
    assert ids.parse(done.headers["x-parvis-node"]) == node.id
    assert (await tree.get(node)).number == 2
    url = (await begin(http, 4, nodeId=ids.text(node.id))).headers["location"]
    await patch(http, url, 0, b"next")
    assert (await tree.get(node)).number == 3


async def test_rights_and_quota(http, open_http, store, tree, ann, bob, make_owner) -> None:
    folder = await tree.folder(ann, "F")
    other = await open_http(bob)
    where = {"accountId": ids.text(ann.id), "parentId": ids.text(folder.id), "filename": "b"}
    assert (await begin(other, 3, **where)).status_code == 404
    await tree.share(ann, folder, bob, Right.READ)
    assert (await begin(other, 3, **where)).status_code == 403
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE)
    made = await begin(other, 3, **where)
    assert (await http.head(made.headers["location"], headers=TUS)).status_code == 404
    await tree.share(ann, folder, bob, Right.READ)
    refused = await patch(other, made.headers["location"], 0, b"new")
    assert refused.status_code == 403
    cleo = await make_owner(store, "cleo", quota_bytes=10)
    assert (await begin(await open_http(cleo), 11, filename="a", parentId="")).status_code == 507


async def test_uploads_end(http, store, settings) -> None:
    url = (await begin(http, 10, filename="a", parentId="")).headers["location"]
    await patch(http, url, 0, b"hello")
    with clock.frozen(clock.now_ms() + (settings.files.upload_hours + 1) * 3_600_000):
        assert await uploads.forget(store) == 1
    for table in ("file_upload", "file_upload_piece", "blob_link"):
        assert await store.db.value(f"SELECT COUNT(*) FROM {table}") == 0
