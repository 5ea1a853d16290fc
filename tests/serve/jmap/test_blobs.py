"""Blobs: up, down, ranges, rights, and the methods of RFC 9404."""

import asyncio
import base64
import hashlib

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.serve.jmap import transfer
from parvis.serve.jmap.blobs import UPLOAD_MS, link

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:blob", "urn:example:todo"]


async def call(client, name, **arguments):
    arguments.setdefault("accountId", client.account)
    answer = await client.post("/jmap/api", json={"using": USING, "methodCalls": [[name, arguments, "c"]]})
    return answer.json()["methodResponses"][0][1]


async def upload(client, content: bytes, media_type="text/plain") -> str:
    made = await client.post(
        f"/jmap/upload/{client.account}/", content=content, headers={"content-type": media_type}
    )
    assert made.status_code == 200, made.text
    assert made.json()["size"] == len(content)
    assert made.json()["type"] == media_type
    return made.json()["blobId"]


def place(client, blob, name="a.txt", query="?type=text/plain") -> str:
    return f"/jmap/download/{client.account}/{blob}/{name}{query}"


async def test_what_goes_up_comes_down(open_client) -> None:
    ann = await open_client("ann")
    blob = await upload(ann, b"hello")
    down = await ann.get(place(ann, blob))
    assert down.content == b"hello"
    assert down.headers["content-type"] == "text/plain"
    assert down.headers["content-disposition"] == 'attachment; filename="a.txt"'
    assert "immutable" in down.headers["cache-control"]
    assert "sandbox" in down.headers["content-security-policy"]
    assert (await ann.get(place(ann, blob), headers={"if-none-match": down.headers["etag"]})).status_code == 304
    head = await ann.head(place(ann, blob))
    assert (head.headers["content-length"], head.content) == ("5", b"")


async def test_a_file_name_cannot_break_out(open_client) -> None:
    ann = await open_client("ann")
    blob = await upload(ann, b"x")
    name = "%22%0d%0aset-cookie:%20x=1%0d%0a..%2F%E2%82%AC%20r%C3%A9.html"
    down = await ann.get(place(ann, blob, name, "?type=text/html%0d%0ax:y&disposition=inline"))
    assert down.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''" in down.headers["content-disposition"]
    assert "set-cookie" not in down.headers
    assert down.headers["content-type"] == "application/octet-stream"
    shown = await ann.get(place(ann, blob, "a.png", "?type=image/png&disposition=inline"))
    assert shown.headers["content-disposition"].startswith("inline;")
    for risky in ("text/html", "image/svg+xml", "application/xml"):
        hidden = await ann.get(place(ann, blob, "a", f"?type={risky}&disposition=inline".replace("+", "%2B")))
        assert hidden.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=1-3", 206, b"123"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=10-", 416, b""),
        ("bytes=3-1", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
    ],
)
async def test_ranges(open_client, asked, status, content) -> None:
    ann = await open_client("ann")
    blob = await upload(ann, b"0123456789")
    got = await ann.get(place(ann, blob), headers={"range": asked})
    assert (got.status_code, got.content) == (status, content)


async def test_nobody_else_may_read_it_and_it_ends(open_client, store) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    blob = await upload(ann, b"mine")
    assert (await bob.get(place(ann, blob))).status_code == 404
    assert (await bob.get(place(bob, blob))).status_code == 404
    scope = (await gate.require(store.db, ann.person, ann.person.id, "todo")).scope.id
    grant = await store.write(lambda unit: gate.give(unit, ann.person, scope, bob.person.id, Right.READ))
    assert (await bob.get(place(ann, blob))).status_code == 404, "an upload is the uploader's alone"
    await store.write(lambda unit: link(unit, blob[1:], ann.person.id, "Todo", 7, 4))
    assert (await bob.get(place(ann, blob))).status_code == 200
    await store.write(lambda unit: gate.withdraw(unit, ann.person, grant))
    assert (await bob.get(place(ann, blob))).status_code == 404
    other = await upload(ann, b"passing")
    with clock.frozen(clock.now_ms() + UPLOAD_MS + 1000):
        assert (await ann.get(place(ann, other))).status_code == 404
        assert (await ann.get(place(ann, blob))).status_code == 200
    assert (await ann.get(place(ann, "bnonsense"))).status_code == 404
    assert (await bob.post(f"/jmap/upload/{ann.account}/", content=b"x")).status_code == 404


async def test_uploads_are_streamed(open_client, doors, monkeypatch) -> None:
    ann = await open_client("ann")
    held, most = 0, 0
    plain = doors.context.store.blobs.writer

    async def writer():
        opened = await plain()
        write = opened.write

        async def counted(chunk: bytes) -> None:
            nonlocal held, most
            held += len(chunk)
            most = max(most, len(chunk))
            await write(chunk)

        opened.write = counted
        return opened

    monkeypatch.setattr(doors.context.store.blobs, "writer", writer)
    piece, count = b"x" * 100_000, 100
    digest = hashlib.sha256(piece * count).hexdigest()

    async def pieces():
        for _ in range(count):
            yield piece

    made = await ann.post(f"/jmap/upload/{ann.account}/", content=pieces())
    assert made.json()["blobId"] == "b" + digest
    assert held == len(piece) * count
    assert most <= 1_000_000, "a chunk is what the socket gave, not the body"
    async with ann.stream("GET", place(ann, made.json()["blobId"])) as down:
        assert sum([len(chunk) async for chunk in down.aiter_bytes()]) == held


async def test_too_large_and_too_many(open_client, doors, monkeypatch) -> None:
    ann = await open_client("ann")
    doors.context.settings.limits.upload_bytes = 1000
    assert (await ann.post(f"/jmap/upload/{ann.account}/", content=b"x" * 1001)).status_code == 413

    async def pieces():
        for _ in range(30):
            yield b"x" * 100

    assert (await ann.post(f"/jmap/upload/{ann.account}/", content=pieces())).status_code == 413
    assert not list((doors.context.settings.folder / "blobs" / "incoming").iterdir())
    monkeypatch.setattr(transfer, "_KEPT_UPLOADS", 2)
    first, *_, last = [await upload(ann, bytes([n]) * 900) for n in range(4)]
    assert (await ann.get(place(ann, first))).status_code == 404, "the oldest went first"
    assert (await ann.get(place(ann, last))).status_code == 200


async def test_blob_upload_and_get(open_client) -> None:
    """RFC 9404 §4.1, §4.2"""
    ann = await open_client("ann")
    done = await call(
        ann,
        "Blob/upload",
        create={
            "a": {"data": [{"data:asText": "how "}, {"data:asBase64": base64.b64encode(b"are").decode()}]},
            "b": {"data": [{"blobId": "#a", "offset": 1, "length": 3}, {"data:asText": "é"}], "type": "text/x"},
            "bin": {"data": [{"data:asBase64": "gIA="}]},
            "two": {"data": [{"data:asText": "x", "blobId": "y"}]},
            "none": {"data": [{"blobId": "nothing"}]},
            "far": {"data": [{"blobId": "#a", "offset": 5, "length": 9}]},
            "bad": {"data": [{"data:asBase64": "?"}]},
        },
    )
    assert set(done["created"]) == {"a", "b", "bin"}
    assert done["created"]["b"]["type"] == "text/x"
    assert done["notCreated"]["none"]["type"] == "blobNotFound"
    assert {done["notCreated"][each]["type"] for each in ("two", "far", "bad")} == {"invalidProperties"}
    a, b, raw = (done["created"][each]["id"] for each in ("a", "b", "bin"))
    got = await call(ann, "Blob/get", ids=[a, b, raw, "nothing", a])
    assert got["notFound"] == ["nothing"]
    assert got["list"][0] == {"id": a, "size": 7, "data:asText": "how are"}
    assert got["list"][1]["data:asText"] == "ow é"
    assert got["list"][2] == {"id": raw, "size": 2, "isEncodingProblem": True, "data:asBase64": "gIA="}
    part = await call(ann, "Blob/get", ids=[a], offset=4, length=2, properties=["data:asText", "digest:sha-256"])
    assert part["list"][0] == {
        "id": a,
        "data:asText": "ar",
        "digest:sha-256": base64.b64encode(hashlib.sha256(b"ar").digest()).decode(),
    }
    long = await call(ann, "Blob/get", ids=[a], offset=4, length=50, properties=["data", "digest:sha"])
    assert long["list"][0]["isTruncated"] is True
    assert long["list"][0]["data:asText"] == "are"
    wrong = await call(ann, "Blob/get", ids=[raw], properties=["data:asText", "size"])
    assert wrong["list"][0] == {"id": raw, "size": 2, "data:asText": None, "isEncodingProblem": True}
    assert (await call(ann, "Blob/get", ids=[a], properties=["digest:md5"]))["type"] == "invalidArguments"


async def test_blob_copy_and_lookup(open_client, store) -> None:
    """RFC 8620 §6.3, RFC 9404 §4.3"""
    ann, bob = await open_client("ann"), await open_client("bob")
    scope = (await gate.require(store.db, ann.person, ann.person.id, "todo")).scope.id
    await store.write(lambda unit: gate.give(unit, ann.person, scope, bob.person.id, Right.READ | Right.WRITE))
    blob = await upload(bob, b"to be shared")
    done = await call(bob, "Blob/copy", fromAccountId=bob.account, accountId=ann.account, blobIds=[blob, "no"])
    assert done["copied"] == {blob: blob}
    assert done["notCopied"]["no"]["type"] == "blobNotFound"
    assert (await call(bob, "Blob/copy", fromAccountId=bob.account, blobIds=[]))["type"] == "invalidArguments"
    gone = await call(bob, "Blob/copy", fromAccountId="nobody", blobIds=[])
    assert gone["type"] == "fromAccountNotFound"
    await store.write(lambda unit: link(unit, blob[1:], ann.person.id, "Todo", 7, 12))
    found = await call(ann, "Blob/lookup", typeNames=["Todo"], ids=[blob, "none"])
    assert len(found["list"][0]["matchedIds"]["Todo"]) == 1
    assert found["list"][1] == {"id": "none", "matchedIds": {"Todo": []}} and found["notFound"] == ["none"]
    assert (await call(ann, "Blob/lookup", typeNames=["Foo"], ids=[]))["type"] == "unknownDataType"
    asked = ["Blob/lookup", {"accountId": ann.account, "typeNames": ["Todo"], "ids": [blob]}, "c"]
    unused = await ann.post("/jmap/api", json={"using": USING[:2], "methodCalls": [asked]})
    assert unused.json()["methodResponses"][0][1]["type"] == "unknownDataType"


async def test_who_knows_the_bytes_does_not_learn_which_hidden_things_have_them(open_client, store) -> None:
    """RFC 9404 §5"""
    ann, bob = await open_client("ann"), await open_client("bob")
    blob = await upload(ann, b"a well-known form")

    async def work(unit) -> None:
        await link(unit, blob[1:], ann.person.id, "Todo", 7, 17)
        notes = await gate.create_scope(unit, ann.person.id, "notes")
        await gate.give(unit, ann.person, notes, bob.person.id, Right.READ | Right.WRITE)

    await store.write(work)
    made = await bob.post(f"/jmap/upload/{ann.account}/", content=b"a well-known form")
    assert made.json()["blobId"] == blob
    asked = {"accountId": ann.account, "typeNames": ["Todo"], "ids": [blob]}
    assert (await call(ann, "Blob/lookup", **asked))["list"][0]["matchedIds"] != {"Todo": []}
    assert (await call(bob, "Blob/lookup", **asked))["list"][0]["matchedIds"] == {"Todo": []}


async def test_uploads_are_not_kept_without_number(open_client, store, monkeypatch) -> None:
    monkeypatch.setattr(transfer, "_MOST_UPLOADS", 3)
    ann = await open_client("ann")
    blobs = [await upload(ann, b"%d" % number) for number in range(5)]
    assert [(await ann.get(place(ann, blob))).status_code for blob in blobs] == [404, 404, 200, 200, 200]


async def test_a_person_has_few_downloads_under_way(open_client, monkeypatch) -> None:
    monkeypatch.setattr(transfer, "_DOWNLOADS", 1)
    ann, bob = await open_client("ann"), await open_client("bob")
    large, small = await upload(ann, b"x" * 20_000_000), await upload(ann, b"small")
    for _ in range(3):  # turns are given back, whatever was asked
        assert (await ann.head(place(ann, small))).status_code == 200
        assert (await ann.get(place(ann, small))).content == b"small"
        assert (await ann.get(place(ann, "b" + "0" * 64))).status_code == 404
    async with ann.stream("GET", place(ann, large)):
        waiting = asyncio.create_task(ann.get(place(ann, small)))
        assert (await bob.get(place(bob, await upload(bob, b"hers")))).content == b"hers"
        assert not waiting.done()
    assert (await waiting).content == b"small"
