"""Files by WebDAV: bytes, conditions, ranges, names, sizes. RFC 4918 §9, RFC 9110"""

import asyncio
import hashlib
import os

import pytest

from tests.serve.dav import shelf
from tests.serve.dav.conftest import SECRET


async def test_put_get_delete(ann) -> None:
    path = ann.files + "a%20b.txt"
    put = await ann.ask("PUT", path, b"hello", content_type="text/plain")
    assert (put.status_code, put.content) == (201, b"")
    got = await ann.ask("GET", path)
    assert (got.status_code, got.content) == (200, b"hello")
    assert got.headers["etag"] == put.headers["etag"]
    assert got.headers["content-type"] == "text/plain"
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["content-disposition"].startswith("attachment")
    again = await ann.ask("PUT", path, b"other")
    assert again.status_code == 204
    assert again.headers["etag"] != put.headers["etag"]
    head = await ann.ask("HEAD", path)
    assert (head.content, head.headers["content-length"]) == (b"", "5")
    assert (await ann.ask("DELETE", path)).status_code == 204
    assert (await ann.ask("GET", path)).status_code == 404
    assert (await ann.ask("DELETE", path)).status_code == 404


async def test_conditions_are_decided_where_the_change_is_made(ann) -> None:
    path = ann.files + "a"
    assert (await ann.ask("PUT", path, b"1", if_match="*")).status_code == 412
    first = (await ann.ask("PUT", path, b"1", if_none_match="*")).headers["etag"]
    assert (await ann.ask("PUT", path, b"2", if_none_match="*")).status_code == 412
    assert (await ann.ask("PUT", path, b"2", if_match='"other"')).status_code == 412
    assert (await ann.ask("PUT", path, b"2", if_match=f"W/{first}")).status_code == 412
    assert (await ann.ask("PUT", path, b"2", If=f"([{first}])")).status_code == 204
    assert (await ann.ask("PUT", path, b"3", If=f"([{first}])")).status_code == 412
    assert (await ann.ask("DELETE", path, if_match=first)).status_code == 412
    modified = (await ann.ask("HEAD", path)).headers["last-modified"]
    assert (
        await ann.ask("PUT", path, b"3", if_unmodified_since="Sat, 01 Jan 2000 00:00:00 GMT")
    ).status_code == 412
    assert (await ann.ask("PUT", path, b"3", if_unmodified_since=modified)).status_code == 204
    assert (await ann.ask("GET", path)).content == b"3"


async def test_of_many_who_create_at_once_one_wins(ann) -> None:
    path = ann.files + "race"
    answers = await asyncio.gather(*(ann.ask("PUT", path, b"%d" % n, if_none_match="*") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 7
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 201)
    assert (await ann.ask("GET", path)).content == b"%d" % winner


async def test_nothing_is_lost_between_those_who_read_and_write(ann) -> None:
    path = ann.files + "count"
    await ann.ask("PUT", path, b"0")

    async def add() -> None:
        while True:
            got = await ann.ask("GET", path)
            put = await ann.ask("PUT", path, b"%d" % (int(got.content) + 1), if_match=got.headers["etag"])
            if put.status_code == 204:
                return
            assert put.status_code == 412

    await asyncio.gather(*(add() for _ in range(10)))
    assert (await ann.ask("GET", path)).content == b"10"


async def test_reading_in_parts_and_not_again(ann) -> None:
    path = ann.files + "a"
    etag = (await ann.ask("PUT", path, b"0123456789")).headers["etag"]
    for given, status, content in (
        ("bytes=0-3", 206, b"0123"),
        ("bytes=-2", 206, b"89"),
        ("bytes=7-", 206, b"789"),
        ("bytes=7-99", 206, b"789"),
        ("bytes=10-", 416, b""),
        ("bytes=4-2", 200, b"0123456789"),
        ("lines=0-1", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
    ):
        got = await ann.ask("GET", path, range=given)
        assert (got.status_code, got.content) == (status, content), given
    assert (await ann.ask("GET", path, range="bytes=0-1", if_range='"x"')).status_code == 200
    assert (await ann.ask("GET", path, range="bytes=0-1", if_range=etag)).status_code == 206
    assert (await ann.ask("GET", path, if_none_match=etag)).status_code == 304
    assert (await ann.ask("GET", path, if_match='"x"')).status_code == 412
    modified = (await ann.ask("HEAD", path)).headers["last-modified"]
    assert (await ann.ask("GET", path, if_modified_since=modified)).status_code == 304


async def test_large_bodies_are_streamed_and_bounded(ann, dav_doors) -> None:
    content = os.urandom(3_000_000)

    async def pieces():
        for place in range(0, len(content), 100_000):
            yield content[place : place + 100_000]

    put = await ann.put(ann.files + "big", content=pieces())  # chunked
    assert put.status_code == 201
    got = await ann.ask("GET", ann.files + "big")
    assert hashlib.sha256(got.content).digest() == hashlib.sha256(content).digest()
    for tree in dav_doors.dav.trees.of("files"):
        tree.largest = 1_000_000
    refused = await ann.put(ann.files + "big", content=pieces())
    assert refused.status_code == 413
    assert (await ann.ask("GET", ann.files + "big", range="bytes=0-9")).content == content[:10]


async def test_a_body_that_is_cut_changes_nothing(ann, dav_doors) -> None:
    await ann.ask("PUT", ann.files + "a", b"before")
    port = dav_doors.context.settings.ports.http
    import base64

    secret = base64.b64encode(f"ann@example.org:{SECRET}".encode()).decode()
    for framing, body in (
        ("content-length: 1000000", b"x" * 500_000),
        ("transfer-encoding: chunked", b"5\r\nhello\r\n"),
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"PUT {ann.files}a HTTP/1.1\r\nhost: x\r\nauthorization: Basic {secret}\r\n{framing}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.2)
    assert (await ann.ask("GET", ann.files + "a")).content == b"before"


async def test_a_client_that_waits_is_told_to_go_on(ann, dav_doors) -> None:
    import base64

    secret = base64.b64encode(f"ann@example.org:{SECRET}".encode()).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", dav_doors.context.settings.ports.http)
    head = f"PUT {ann.files}a HTTP/1.1\r\nhost: x\r\nauthorization: Basic {secret}\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
    writer.write(head.encode())
    assert b"100 Continue" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write(b"ab")
    assert b" 201 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e/x", "a/../../b", "a%2Fb", "a%00b", "a%0Ab", "%FF", "a" * 300, "a/./b"]
)
async def test_path_tricks_are_refused(ann, dav_doors, name) -> None:
    import base64

    secret = base64.b64encode(f"ann@example.org:{SECRET}".encode()).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", dav_doors.context.settings.ports.http)
    writer.write(
        f"PUT {ann.files}{name} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {secret}\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx".encode()
    )
    status = int((await asyncio.wait_for(reader.readline(), 10)).split()[1])
    assert status in (400, 403, 404, 409), status
    writer.close()


async def test_names_of_all_the_world(ann) -> None:
    from urllib.parse import quote

    names = [
        "Đặng Thái Mai.pdf",
        "été & hiver #1?.txt",
        "100%.txt",
        "a'b\"c.txt",
        "日本.txt",
        "e\u0301.txt",
        "a;b=c.txt",
    ]
    for name in names:
        assert (await ann.ask("PUT", ann.files + quote(name), b"x")).status_code == 201, name
    listed = await ann.ask("PROPFIND", ann.files, depth="1")
    for name in names:
        import unicodedata

        told = quote(unicodedata.normalize("NFC", name), safe="!$&'()*+,;=:@~")
        assert f"{ann.files}{told}<" in listed.text.replace("&amp;", "&"), name
    assert (await ann.ask("GET", ann.files + quote("\u00e9.txt"))).status_code == 200


async def test_where_nothing_can_be_put(ann) -> None:
    assert (await ann.ask("PUT", ann.files + "no/a", b"x")).status_code == 409
    await ann.ask("MKCOL", ann.files + "d")
    assert (await ann.ask("PUT", ann.files + "d", b"x")).status_code == 405
    assert (await ann.ask("GET", ann.files + "d")).status_code == 405
    await ann.ask("PUT", ann.files + "f", b"x")
    assert (await ann.ask("PUT", ann.files + "f/a", b"x")).status_code == 409
    assert (await ann.ask("PUT", "/dav/files/a", b"x")).status_code in (403, 409)
    assert (await ann.ask("PUT", "/dav/a", b"x")).status_code in (403, 409)
    assert (await ann.ask("PUT", ann.calendars + "a.ics", b"x")).status_code == 403
    assert (await ann.ask("PUT", ann.files + "g", b"x", content_range="bytes 0-0/5")).status_code == 400
    assert (await ann.ask("DELETE", ann.files)).status_code == 403
    assert (await ann.ask("DELETE", "/dav/files/")).status_code == 403
    assert (await ann.ask("PURGE", ann.files)).status_code == 405


async def test_collections(ann) -> None:
    assert (await ann.ask("MKCOL", ann.files + "d/")).status_code == 201
    assert (await ann.ask("MKCOL", ann.files + "d")).status_code == 405
    assert (await ann.ask("MKCOL", ann.files + "no/d")).status_code == 409
    assert (await ann.ask("MKCOL", ann.files + "e", b"x", content_type="text/plain")).status_code == 415
    assert (await ann.ask("MKCOL", ann.files + "e", b"<x/>", content_type="application/xml")).status_code == 415
    await ann.ask("PUT", ann.files + "d/a", b"x")
    assert (await ann.ask("DELETE", ann.files + "d", depth="0")).status_code == 400
    assert (await ann.ask("DELETE", ann.files + "d")).status_code == 204
    assert (await ann.ask("GET", ann.files + "d/a")).status_code == 404


async def test_a_member_may_get_its_name_from_the_server(ann) -> None:
    """RFC 5995"""
    where = await ann.ask(
        "PROPFIND",
        ann.calendars + "work/",
        '<propfind xmlns="DAV:"><prop><add-member/></prop></propfind>',
        depth="0",
    )
    assert f"<D:href>{ann.calendars}work/?add-member</D:href>" in where.text
    made = await ann.ask("POST", ann.calendars + "work/?add-member", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    assert made.status_code == 201
    assert made.headers["location"].startswith(ann.calendars + "work/")
    assert made.headers["location"].endswith(".ics")
    assert (await ann.ask("GET", made.headers["location"])).headers["etag"] == made.headers["etag"]
    echo = await ann.ask("POST", ann.calendars + "work/?action=echo", b"hi")
    assert (echo.status_code, echo.content) == (200, b"hi")
    assert (await ann.ask("POST", ann.calendars + "work/", b"hi")).status_code == 405


async def test_quota_is_told(ann) -> None:
    """RFC 4331"""
    await ann.ask("PUT", ann.files + "a", b"x" * 1000)
    body = '<propfind xmlns="DAV:"><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>'
    found = await ann.ask("PROPFIND", ann.files, body, depth="0")
    assert "<D:quota-used-bytes>1000</D:quota-used-bytes>" in found.text
    assert f"<D:quota-available-bytes>{shelf.MOST - 1000}</D:quota-available-bytes>" in found.text


async def test_a_cookie_alone_changes_nothing_from_another_site(ann) -> None:
    await ann.ask("PUT", ann.files + "a", b"x")
    given = {"username": "ann@example.org", "password": SECRET, "device": "t"}
    await ann.post("/auth/sign-in", json=given, headers={"x-parvis": "1"})
    ann.auth = None
    for method in ("PUT", "DELETE", "PROPPATCH", "MKCOL", "MOVE", "COPY", "LOCK", "UNLOCK", "POST"):
        assert (await ann.ask(method, ann.files + "a")).status_code == 403, method
    assert (await ann.ask("GET", ann.files + "a")).status_code == 200
    assert (await ann.ask("PUT", ann.files + "a", b"y", x_parvis="1")).status_code == 204
