"""Files that come in whole or not at all and go out, calendars of elsewhere, and finding a time."""

import asyncio
import contextlib

import pytest

from parvis.calendar import outside, transfer
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Invalid
from parvis.serve.jmap.blobs import UPLOAD, UPLOAD_MS, Library, blob_id, link
from parvis.wire.contentlines import BadContent
from tests.calendar.conftest import run_jobs
from tests.wire.ical.texts import event, text

ZONE = [
    "BEGIN:VTIMEZONE", "TZID:Customized", "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0130",
    "TZOFFSETTO:+0130", "END:STANDARD", "END:VTIMEZONE",
]  # fmt: skip
FILE = text(
    *ZONE,
    *event("DTSTART;TZID=Customized:20260105T100000", "SUMMARY:A", uid="a"),
    *event("DTSTART;VALUE=DATE:20260106", "SUMMARY:B", "RRULE:FREQ=YEARLY", uid="b"),
    *event("SUMMARY:task", kind="VTODO", uid="c"),
)


async def uploaded(who, context, data: bytes) -> str:
    digest = await context.store.blobs.put(data)
    number, end = who.principal.id, clock.now_ms() + UPLOAD_MS
    await context.store.write(
        lambda unit: link(unit, digest, number, UPLOAD, number, len(data), "text/calendar", end)
    )
    return blob_id(digest)


async def followed(who, arguments: dict) -> dict:
    """What Calendar/follow answers."""
    return (await who.all(("Calendar/follow", {"accountId": who.account} | arguments)))[0][1]


async def test_a_file_comes_in_once_and_goes_out(ann, bob, context) -> None:
    blob = await uploaded(ann, context, FILE)
    done = await ann("CalendarEvent/import", blobId=blob)
    assert len(done["created"]) == 2 and done["skipped"] == 1
    assert (await ann("CalendarEvent/import", blobId=blob))["skipped"] == 3
    first = await ann.event(done["created"][0], "start", "utcStart", "title")
    assert (first["title"], first["utcStart"]) == ("A", "2026-01-05T08:30:00Z")
    calendar = await ann.calendar()
    out = await (await context.need(Library).find(ann.principal, ann.principal.id, f"w{calendar}")).read()
    drafts, others = transfer.read(out)
    assert {each.uid for each in drafts} == {"a", "b"} and others == 0
    assert out.count(b"BEGIN:VTIMEZONE") == 1 and b"X-WR-CALNAME:Calendar" in out
    with pytest.raises(Exception, match="no such"):
        await context.need(Library).find(bob.principal, ann.principal.id, f"w{calendar}")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("DTSTART:20261301T000000Z", 12),
        ("RRULE:FREQ=NEVER", 12),
        ("DTEND:20250101T000000Z", 12),
        ("no colon here", 12),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_comes_in(ann, context, wrong, line) -> None:
    given = ["DTSTART:20260101T000000Z", wrong] if not wrong.startswith("DTSTART") else [wrong]
    padding = [] if len(given) == 2 else ["COMMENT:x"]
    data = text(
        *event("DTSTART:20260105T100000Z", uid="a"), "BEGIN:VEVENT", "UID:b", *padding, *given, "END:VEVENT"
    )
    blob = await uploaded(ann, context, data)
    assert (await ann("CalendarEvent/parse", blobIds=[blob], faults=True))["faults"][blob]["line"] == line
    answer = await ann("CalendarEvent/import", blobId=blob)
    assert answer["error"] == "notParsable" and answer["line"] == line, answer
    assert (await ann("CalendarEvent/get", ids=None))["list"] == []


def test_what_is_no_calendar() -> None:
    for data in (b"hello", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b""):
        with pytest.raises(BadContent):
            transfer.read(data)


@contextlib.asynccontextmanager
async def published(content: list[bytes]):
    """A server that publishes what is in the list, with its tag."""
    asked = []

    async def serve(reader, writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        tag = f'"{hash(content[0])}"'
        if f"if-none-match: {tag}".lower() in head.lower():
            writer.write(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            size = len(content[0])
            writer.write(
                f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(content[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/team.ics", asked
    finally:
        server.close()


async def test_a_calendar_of_elsewhere_is_followed(ann, context) -> None:
    context.settings.egress_allow.append("127.0.0.1")
    content = [
        text(*event("DTSTART:20260105T100000Z", "SUMMARY:A", uid="a"), *event("DTSTART:20260106T100000Z", uid="b"))
    ]
    mine = await ann.make(uid="b", title="Mine")
    async with published(content) as (url, asked):
        made = await followed(ann, {"name": "Elsewhere", "url": url})
        await run_jobs(context)
        calendar = made["calendarId"]
        found = await ann.found(inCalendar=calendar)
        assert [(await ann.event(each))["title"] for each in found] == ["A"]
        assert (await ann.event(mine))["title"] == "Mine"
        event_ = {"calendarIds": {calendar: True}, "start": "2026-01-05T10:00:00"}
        assert (await ann("CalendarEvent/set", create={"e": event_}))["notCreated"]["e"]["type"] == "forbidden"
        assert (await ann.change(found[0], {"title": "x"}))["notUpdated"][found[0]]["type"] == "forbidden"
        assert (await ann("CalendarEvent/set", destroy=found))["notDestroyed"][found[0]]["type"] == "forbidden"
        await ann("Calendar/followed", refresh=calendar)
        await run_jobs(context)
        assert len(asked) == 2 and "if-none-match" in asked[1].lower()
        content[0] = text(
            *event("DTSTART:20260105T100000Z", "SUMMARY:A2", uid="a"),
            *event("DTSTART:20260108T100000Z", "SUMMARY:C", uid="c"),
        )
        await ann("Calendar/followed", refresh=calendar)
        await run_jobs(context)
        assert sorted([(await ann.event(each))["title"] for each in await ann.found(inCalendar=calendar)]) == [
            "A2",
            "C",
        ]
        content[0] = b"rubbish"
        await ann("Calendar/followed", refresh=calendar)
        await run_jobs(context)
        (said,) = (await ann("Calendar/followed"))["list"]
        assert said["error"] and said["reason"] == "notCalendar" and said["url"] == url
        assert len(await ann.found(inCalendar=calendar)) == 2
    assert (await ann("Calendar/set", destroy=[calendar], onDestroyRemoveEvents=True))["destroyed"] == [calendar]


async def test_inside_is_not_asked(ann, context) -> None:
    async with published([FILE]) as (url, asked):
        await followed(ann, {"name": "Inside", "url": url})
        await run_jobs(context)
        (said,) = (await ann("Calendar/followed"))["list"]
        assert asked == [] and "outside" in said["error"] and said["reason"] == "unreachable"


async def test_what_the_gate_refuses_is_not_asked(ann, context) -> None:
    context.egress = Egress([], frozenset())
    await followed(ann, {"name": "Refused", "url": "https://calendar.example.org/a.ics"})
    await run_jobs(context)
    (said,) = (await ann("Calendar/followed"))["list"]
    assert "not allowed" in said["error"] and said["reason"] == "refused"


@pytest.mark.parametrize(
    "url", ["", "ftp://example.org/a", "file:///etc/passwd", "https://u:p@example.org/", "x" * 2001]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(Invalid):
        outside.checked(url)


def test_webcal_is_https() -> None:
    assert outside.checked("webcal://example.org/a.ics") == "https://example.org/a.ics"
