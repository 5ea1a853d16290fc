"""Bad input through the real doors of the whole program: a clear refusal in bounded time, and nothing has changed."""

import asyncio
import base64
import io
import time
import zipfile

import httpx
import pytest

from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.settings import Ports, Settings
from parvis.ops import people
from tests.wire.ical.texts import event, text

ADDRESS, SECRET = "ann@example.org", "a long enough pass phrase"
SECONDS = 20.0
"""No single request may take longer, on a machine that has other things to do."""
DEEP = b"BEGIN:X\r\n" * 5_000
CARD = b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u\r\nFN:x\r\n%sEND:VCARD\r\n"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b'<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)
CALENDARS = [
    b"",
    b"\xff\xfe\0",
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n",
    text(*event("DTSTART:20261301T000000Z")),
    text(*event("DTSTART:20260101T000000Z", "RRULE:FREQ=NEVER")),
    text(*event("DTSTART:20260101T000000Z"))[:-20],
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + DEEP + b"END:VCALENDAR\r\n",
    text(*event("DTSTART:20260101T000000Z", *("X-A:1" for _ in range(200_000)))),
    text(*event("DTSTART:20260101T000000Z", "DESCRIPTION:" + "x" * 2_000_000)),
    text(*event("DTSTART:20260101T000000Z", *(f"RDATE:20{n % 90 + 10}0101T000000Z" for n in range(100_000)))),
]
CARDS = [
    b"",
    b"\xff\xfe\0",
    b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u\r\n",
    (CARD % b"")[:-5],
    CARD % DEEP,
    CARD % (b"X-A:1\r\n" * 300_000),
    CARD % (b"NOTE:" + b"x" * 20_000_000 + b"\r\n"),
]
TRICKS = ["..", "%2e%2e%2fx", "a%00b", "a%2fb", "%FF", "a" * 300, "a%0d%0ab"]


@pytest.fixture
async def app(tmp_path):
    opened = await App.open(Settings(data=str(tmp_path), domains=["example.org"], ports=Ports(http=0)))
    await opened.start()
    ann = await people.create(
        opened.context.store, opened.features, "person", "Ann", ADDRESS, password=SECRET, language="en"
    )
    opened.home = ids.text(ann.id)
    yield opened
    await opened.stop()


@pytest.fixture
async def http(app):
    async with httpx.AsyncClient(
        base_url=app.context.public_url, auth=(ADDRESS, SECRET), trust_env=False, timeout=2 * SECONDS
    ) as client:
        yield client


async def clock_of(app: App) -> list[tuple]:
    """Where the clocks of what Ann has are."""
    sql = """SELECT kind, modseq FROM kind_state WHERE account_id = ? AND kind IN
        ('CalendarEvent', 'ContactCard', 'FileNode', 'Task') ORDER BY kind"""
    return [tuple(row) for row in await app.context.store.db.rows(sql, ids.parse(app.home))]


async def refused(http: httpx.AsyncClient, method: str, path: str, body: bytes = b"", **headers: str) -> None:
    """Asked, it is refused, soon, and the server is none the worse. 502: the destination is elsewhere (RFC 4918
    §9.8.5)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    started = time.monotonic()
    answer = await http.request(method, path, content=body, headers=named)
    assert 400 <= answer.status_code < 500 or answer.status_code == 502, (
        method,
        path,
        body[:60],
        answer.status_code,
        answer.text[:300],
    )
    assert time.monotonic() - started < SECONDS, (method, path, body[:60])


@pytest.mark.slow
async def test_malformed_objects_and_documents(app, http) -> None:
    calendar, book = f"/dav/calendars/{app.home}/calendar/", f"/dav/addressbooks/{app.home}/contacts/"
    tasks, files = f"/dav/calendars/{app.home}/tasks/", f"/dav/files/{app.home}/"
    before = await clock_of(app)
    for body in CALENDARS:
        await refused(http, "PUT", calendar + "a.ics", body, content_type="text/calendar")
        await refused(http, "PUT", tasks + "a.ics", body.replace(b"VEVENT", b"VTODO"), content_type="text/calendar")
    for body in CARDS:
        await refused(http, "PUT", book + "a.vcf", body, content_type="text/vcard")
    for method, path in (
        ("PROPFIND", files),
        ("PROPPATCH", files),
        ("REPORT", calendar),
        ("REPORT", book),
        ("MKCALENDAR", f"/dav/calendars/{app.home}/new/"),
        ("MKCOL", f"/dav/addressbooks/{app.home}/new/"),
        ("LOCK", files + "locked"),
    ):
        for body in (LAUGHS + b"<a>&j;</a>", LAUGHS + b"<a>&file;</a>", b"<a>" * 5_000, b"<a", b"\xff" * 100):
            await refused(http, method, path, body, content_type="application/xml")
    for home in (calendar, book, files):
        for name in TRICKS:
            await refused(http, "PUT", home + name, b"x")
            await refused(http, "MOVE", home, destination=str(http.base_url).rstrip("/") + home + name)
    await refused(http, "COPY", files, destination="http://elsewhere.example/dav/files/x/")
    assert await clock_of(app) == before


@pytest.mark.slow
async def test_lengths_that_lie(app, http) -> None:
    credentials = base64.b64encode(f"{ADDRESS}:{SECRET}".encode()).decode()
    path = f"/dav/files/{app.home}/a.bin"
    before = await clock_of(app)

    async def sent(framing: str, body: bytes, *, goes: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.context.settings.ports.http)
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n{framing}\r\n\r\n"
        writer.write(head.encode() + body)
        if goes:
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()
        return answer

    for framing, body in (
        ("Content-Length: 100", b"x"),
        ("Content-Length: -1", b"x"),
        ("Content-Length: 1\r\nContent-Length: 2", b"xy"),
        ("Content-Length: 1, 2", b"xy"),
        ("Content-Length: 999999999999999999999", b"x"),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked", b"0\r\n\r\nDELETE /dav/ HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"ffffffffffffffffff\r\nx"),
        ("Transfer-Encoding: chunked", b"5\r\nhe"),
    ):
        answer = await sent(framing, body)
        assert b" 201 " not in answer and b" 204 " not in answer, (framing, answer[:200])
    assert await clock_of(app) == before and (await http.get(path)).status_code == 404
    # what comes after the body is another request, and nothing of it is in the file
    answer = await sent("Content-Length: 1\r\nConnection: close", b"xGET / HTTP/1.1\r\nHost: x\r\n\r\n", goes=False)
    assert b" 201 " in answer and (await http.get(path)).content == b"x"


@pytest.mark.slow
async def test_a_hundred_thousand_instances(app, http) -> None:
    home = f"/dav/calendars/{app.home}/calendar/"
    series = text(*event("DTSTART:20260101T000000Z", "DURATION:PT1M", "RRULE:FREQ=MINUTELY;COUNT=100000"))
    assert (
        await http.put(home + "a.ics", content=series, headers={"content-type": "text/calendar"})
    ).status_code == 201
    year = '<C:time-range start="20260101T000000Z" end="20270101T000000Z"/>'
    query = (
        '<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data>{}'
        '</C:calendar-data></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{}'
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )
    busy = f'<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">{year}</C:free-busy-query>'
    expand = '<C:expand start="20260101T000000Z" end="20270101T000000Z"/>'
    for body, most in (
        (query.format("", year), 10_000),
        (query.format(expand, year), 30_000_000),
        (busy, 1_000_000),
    ):
        started = time.monotonic()
        answer = await http.request("REPORT", home, content=body, headers={"depth": "1"})
        assert answer.status_code < 500 and len(answer.content) < most, (answer.status_code, answer.text[:300])
        assert time.monotonic() - started < SECONDS
    call = {
        "accountId": app.home,
        "filter": {"after": "2026-01-01T00:00:00", "before": "2027-01-01T00:00:00"},
        "expandRecurrences": True,
    }
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:calendars"]
    started = time.monotonic()
    answer = await http.post(
        "/jmap/api", json={"using": using, "methodCalls": [["CalendarEvent/query", call, "c"]]}
    )
    assert answer.status_code == 200 and len(answer.content) < 1_000_000, answer.text[:300]
    assert time.monotonic() - started < SECONDS


@pytest.mark.slow
async def test_a_zip_bomb_is_a_file_as_any_other(app, http) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as out:
        for _ in range(1_000):
            out.write(b" " * 1_000_000)
    path = f"/dav/files/{app.home}/bomb.docx"
    assert (await http.put(path, content=held.getvalue())).status_code == 201
    started = time.monotonic()
    await app._search.indexer.settle()
    assert (await http.get(path)).content == held.getvalue()
    assert (await http.request("PROPFIND", path, headers={"depth": "0"})).status_code == 207
    assert time.monotonic() - started < SECONDS
