"""What strangers see: published calendars and booking pages, by real requests without signing in."""

import re

import httpx
import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.serve.jmap.engine import Engine
from parvis.store.sql.contract import counting
from tests.calendar.conftest import Client, run_jobs
from tests.wire.ical.texts import ms

NOW = ms(2026, 1, 4, 12)
"""A Sunday."""
HOURS = {"0": [[540, 660]], "1": [[540, 600]]}


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def visitor(doors, context):
    async with httpx.AsyncClient(base_url=context.public_url, trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
async def ann(doors, peer, context) -> Client:
    return Client(context.need(Engine), (await peer("ann")).person)


async def page_of(ann, **more) -> str:
    """The path of a new booking page."""
    given = {
        "calendarId": await ann.calendar(),
        "title": "Visite",
        "hours": HOURS,
        "minutes": 30,
        "days": 3,
        "timeZone": "Europe/Paris",
        **more,
    }
    made = await ann("Calendar/openBookingPage", **given)
    assert "page" in made, made
    return "/book/" + made["page"]["url"].rpartition("/")[2]


def times(answer) -> list[str]:
    return re.findall(r">(\d\d:\d\d)</label>", answer.text)


def starts(answer) -> list[str]:
    return re.findall(r'value="(\d+)" required', answer.text)


async def test_a_published_calendar_until_it_is_withdrawn(ann, visitor, context) -> None:
    number = await ann.calendar()
    await ann.make(title="Open house")
    await ann.make(title="Clinic", privacy="private")
    with clock.frozen(NOW):
        whole = (await ann("Calendar/published", create=number))["list"][0]
        busy = (await ann("Calendar/published", create=number, busyOnly=True))["list"][1]
        seen = await visitor.get("/published/" + whole["url"].rpartition("/")[2])
        assert seen.status_code == 200 and "Open house" in seen.text and "Clinic" not in seen.text
        seen = await visitor.get("/published/" + busy["url"].rpartition("/")[2])
    assert (
        seen.text.count("BEGIN:VEVENT") == 2
        and "Open house" not in seen.text
        and "Clinic" not in seen.text
        and "CLASS" not in seen.text
    )
    assert (await visitor.get("/published/nothing.ics")).status_code == 404
    await ann("Calendar/published", destroy=whole["id"])
    assert (await visitor.get("/published/" + whole["url"].rpartition("/")[2])).status_code == 404


async def test_a_stranger_books_moves_and_cancels(ann, visitor, context, desk) -> None:
    with clock.frozen(NOW):
        await ann.make(title="Taken", start="2026-01-05T09:30:00", timeZone="Europe/Paris", duration="PT30M")
        path = await page_of(ann)
        page = await visitor.get(path, headers={"accept-language": "fr"})
        assert page.status_code == 200 and "Choisissez" in page.text and "lundi 5 janvier 2026" in page.text
        assert times(page) == ["09:00", "10:00", "10:30", "09:00", "09:30"]
        assert "default-src 'none'" in page.headers["content-security-policy"] and "Taken" not in page.text
        first = starts(page)[0]
        guest = {"start": first, "name": "Zoé <b>", "email": "zoe@elsewhere.example", "note": "Bonjour"}
        done = await visitor.post(path, data=guest)
        assert done.status_code == 303, done.text
        place = done.headers["location"]
        await run_jobs(context)
        assert [(each.method, each.to) for each in desk.letters] == [("REQUEST", ("zoe@elsewhere.example",))]
        again = await visitor.post(path, data=guest)
        assert again.status_code == 409 and "taken" in again.text
        kept = await visitor.get(place)
        assert "5 January 2026, 09:00" in kept.text and "zoe@elsewhere.example" in kept.text
        other = starts(await visitor.get(place + "?change"))
        assert first in other
        assert (await visitor.post(place, data={"start": other[-1]})).status_code == 303
        assert "6 January 2026, 09:30" in (await visitor.get(place)).text
        await run_jobs(context)
        events = (await ann("CalendarEvent/get", ids=None))["list"]
        booked = next(each for each in events if each["title"].startswith("Visite"))
        assert booked["start"] == "2026-01-06T09:30:00" and booked["description"] == "Bonjour"
        gone = await visitor.post(place, data={"do": "cancel"})
        assert gone.status_code == 200 and place.rpartition("/")[0] in gone.text
        await run_jobs(context)
    assert [each.method for each in desk.letters] == ["REQUEST", "REQUEST", "CANCEL"]
    assert (await visitor.get(place)).status_code == 404
    assert len((await ann("CalendarEvent/get", ids=None))["list"]) == 1


async def test_rules_of_a_page(ann, visitor, context) -> None:
    with clock.frozen(NOW):
        path = await page_of(ann, noticeMinutes=60 * 24, mostADay=1, gapMinutes=30)
        page = await visitor.get(path)
        assert "5 January" not in page.text and len(starts(page)) == 2
        await visitor.post(path, data={"start": starts(page)[0], "name": "Z", "email": "z@elsewhere.example"})
        assert starts(await visitor.get(path)) == [] and "no free time" in (await visitor.get(path)).text


async def test_a_page_is_changed_paused_and_tells_who_booked(ann, visitor, peer, context) -> None:
    guest = {"name": "Zoé", "email": "zoe@elsewhere.example"}
    with clock.frozen(NOW):
        path = await page_of(ann)
        first = (await ann("Calendar/bookingPages"))["list"][0]
        place = (await visitor.post(path, data={**guest, "start": starts(await visitor.get(path))[0]})).headers[
            "location"
        ]
        same = {name: first[name] for name in ("id", "calendarId", "timeZone")}
        changed = await ann("Calendar/openBookingPage", **same, title="Autre", hours={"2": [[600, 660]]}, days=5)
        assert changed["page"]["url"] == first["url"] and changed["page"]["minutes"] == 30
        seen = await visitor.get(path)
        assert "Autre" in seen.text and "Wednesday 7 January 2026" in seen.text and len(times(seen)) == 2
        with counting() as count:
            booked = (await ann("Calendar/bookings", pageId=first["id"]))["list"]
        assert len(count) <= 8, "\n".join(count.statements)
        assert [(each["name"], each["email"], each["utcStart"]) for each in booked] == [
            ("Zoé", "zoe@elsewhere.example", "2026-01-05T08:00:00Z")
        ]
        await ann.change(booked[0]["eventId"], {"start": "2026-01-05T11:00:00"})
        assert "5 January 2026, 11:00" in (await visitor.get(place)).text
        assert "17:00 (Asia/Ho_Chi_Minh)" in (await visitor.get(place + "?zone=Asia/Ho_Chi_Minh")).text
        await ann("Calendar/openBookingPage", **same, title="Autre", hours={"2": [[600, 660]]}, paused=True)
        assert "no free time" in (await visitor.get(path)).text
        assert (await visitor.post(path, data={**guest, "start": starts(seen)[0]})).status_code == 409
        await ann("CalendarEvent/set", destroy=[booked[0]["eventId"]])
        assert (await visitor.get(place)).status_code == 404
        assert (await ann("Calendar/bookings", pageId=first["id"]))["list"] == []
        bob = Client(context.need(Engine), (await peer("bob")).person)
        for method, asked in (
            ("bookings", {"pageId": first["id"]}),
            ("openBookingPage", {**same, "title": "x", "hours": {}}),
        ):
            refused = await bob(f"Calendar/{method}", **asked)
            assert refused["error"] == "invalidArguments", refused


async def test_what_a_visitor_wrote_stays_when_something_is_missing(ann, visitor) -> None:
    with clock.frozen(NOW):
        path = await page_of(ann)
        start = starts(await visitor.get(path))[1]
        given = {"start": start, "name": "Zoé <b>", "email": "nobody", "zone": "America/New_York"}
        answer = await visitor.post(path, data=given)
    assert answer.status_code == 400 and 'value="Zoé &lt;b&gt;"' in answer.text and "<b>" not in answer.text
    assert f'value="{start}" required checked' in answer.text and "03:30" in times(answer)


async def test_several_hosts_are_all_free(ann, visitor, peer, context) -> None:
    other = await peer("bob")
    bob = Client(context.need(Engine), other.person)
    with clock.frozen(NOW):
        await bob.make(start="2026-01-05T09:00:00", timeZone="Europe/Paris", duration="PT1H")
        path = await page_of(ann, hosts=[bob.account])
        assert len(starts(await visitor.get(path))) == 6
        number = await context.store.db.value("SELECT id FROM calendar WHERE account_id = ?", other.person.id)
        await context.store.write(
            lambda unit: gate.give(unit, other.person, number, ann.principal.id, Right.FREE_BUSY)
        )
        page = await visitor.get(path)
        assert len(starts(page)) == 4
        await visitor.post(path, data={"start": starts(page)[0], "name": "Z", "email": "z@elsewhere.example"})
        await run_jobs(context)
        assert len((await bob("CalendarEvent/get", ids=None))["list"]) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"start": "1"},
        {"start": "x", "name": "Z", "email": "z@x.example"},
        {"start": "1", "name": "Z", "email": "nobody"},
    ],
)
async def test_what_is_no_booking(ann, visitor, wrong) -> None:
    with clock.frozen(NOW):
        path = await page_of(ann)
        assert (await visitor.post(path, data=wrong)).status_code == 400
        assert (
            await visitor.post(path, data={"start": "1", "name": "Z", "email": "z@x.example"})
        ).status_code == 409
    assert (await visitor.get("/book/nothing")).status_code == 404
    assert (await visitor.post("/book/nothing", data={})).status_code == 404


async def test_many_bookings_from_one_network_wait(ann, visitor) -> None:
    with clock.frozen(NOW):
        path = await page_of(ann)
        given = {"start": "1", "name": "Z", "email": "z@x.example"}
        answers = [(await visitor.post(path, data=given)).status_code for _ in range(14)]
    assert 429 in answers


async def test_a_page_ends_with_the_right_of_who_made_it(ann, visitor, context) -> None:
    with clock.frozen(NOW):
        path = await page_of(ann)
        pages = (await ann("Calendar/bookingPages"))["list"]
        await ann("Calendar/bookingPages", destroy=pages[0]["id"])
        assert (await visitor.get(path)).status_code == 404
        assert (await ann("Calendar/bookingPages"))["list"] == []
    bad = await ann("Calendar/openBookingPage", calendarId=await ann.calendar(), title="x", hours={"9": [[0, 1]]})
    assert bad["error"] == "invalidArguments"


async def test_an_alert_is_pushed_to_whom_it_belongs_to(ann, peer, visitor, context) -> None:
    """draft-ietf-jmap-calendars §6.4"""
    import asyncio

    from parvis.serve.jmap.push.delivery import Delivery
    from tests.calendar.conftest import SECRET

    heard: list[str] = []
    opened = asyncio.Event()

    async def listen() -> None:
        auth = (ann.principal.address, SECRET)
        async with visitor.stream("GET", "/jmap/events?types=CalendarAlert&ping=5", auth=auth) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                heard.append(line)
                opened.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(opened.wait(), 60)
    alert = {"a": {"trigger": {"@type": "OffsetTrigger", "offset": "-PT10M"}}}
    with clock.frozen(NOW):
        number = await ann.make(start="2026-01-04T13:00:00", alerts=alert)
    with clock.frozen(NOW + 3_000_000):
        await run_jobs(context)
    await context.need(Delivery).follow(await context.store.outbox.after(0, 0, 500))
    for _ in range(600):
        if any("CalendarAlert" in line for line in heard):
            break
        await asyncio.sleep(0.1)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert "event: calendarAlert" in heard and any(number in line and '"a"' in line for line in heard), heard
