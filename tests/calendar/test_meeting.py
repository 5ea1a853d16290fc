"""Finding a time: who is busy, for whom it is early, of whom nothing is known, and what is best of all that."""

import asyncio
import time

import httpx
import pytest

from parvis.calendar import elsewhere, meeting
from parvis.calendar.elsewhere import Elsewhere, Known
from parvis.calendar.meeting import Person, Wanted
from parvis.kernel import clock
from parvis.kernel.errors import Invalid, Unavailable
from parvis.serve.freebusy import FreeBusyLinks
from parvis.serve.jmap.engine import Engine
from parvis.store.sql.contract import counting
from parvis.wire.contentlines import BadContent
from parvis.wire.ical.freebusy import Busy
from parvis.wire.ical.span import Span
from parvis.wire.ical.zones import UTC, zone
from tests.calendar.conftest import Client
from tests.calendar.test_transfer import published
from tests.wire.ical.texts import event, ms, text

DAY = Span(ms(2026, 1, 5), ms(2026, 1, 6))
"""A Monday."""
HOUR = 3_600_000
BUSY = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//x//x//EN\r
BEGIN:VFREEBUSY\r
DTSTART:20260105T000000Z\r
DTEND:20260105T120000Z\r
FREEBUSY:20260105T090000Z/PT1H,20260105T093000Z/20260105T110000Z\r
FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260105T103000Z/PT1H\r
FREEBUSY;FBTYPE=FREE:20260105T070000Z/PT1H\r
END:VFREEBUSY\r
END:VCALENDAR\r
"""


def somebody(key: str, *busy: Busy, known: bool = True, required: bool = True, place=UTC, span=DAY) -> Person:
    wanted = Wanted(key, 0, "", required)
    what = Known(busy, (span,)) if known else None
    return Person(wanted, "", None, what, place, 9.0, 18.0, frozenset(range(5)))


def at(hour: float) -> int:
    return DAY.start_ms + int(hour * HOUR)


def test_what_is_published_is_known_only_as_far_as_it_says() -> None:
    found = elsewhere.read(BUSY, DAY)
    assert [(each.start_ms, each.end_ms, each.kind) for each in found.busy] == [
        (at(9), at(11), "BUSY"),
        (at(11), at(11.5), "BUSY-TENTATIVE"),
    ]
    assert found.spans == (Span(at(0), at(12)),)
    zoe = Person(Wanted("zoe", 0, "z@x"), "", "freeBusy", found, None, 9.0, 18.0, frozenset(range(5)))
    slots = {each.start_ms: each for each in meeting.ranked([zoe], UTC, DAY, HOUR, 50)}
    assert at(9.5) not in slots and slots[at(11)].tentative == ("zoe",) and slots[at(8)].free == ("zoe",)
    assert slots[at(11.5)].unknown == ("zoe",) and slots[at(15)].unknown == ("zoe",)
    assert not any(each.outside for each in slots.values())  # nobody knows where they are


def test_a_calendar_that_shows_only_when_is_read_too() -> None:
    whole = text(*event("DTSTART:20260105T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"))
    found = elsewhere.read(whole, DAY)
    assert found.busy == (Busy(at(10), at(11)),) and found.spans == (DAY,)


@pytest.mark.parametrize("content", [b"", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", b"\xff" * 100])
def test_what_is_no_calendar_is_nothing_known(content: bytes) -> None:
    with pytest.raises((Invalid, BadContent)):
        elsewhere.read(content, DAY)


def test_the_best_time_is_when_all_are_free_and_at_work() -> None:
    hanoi = zone("Asia/Ho_Chi_Minh")
    people = [
        somebody("ann", Busy(at(9), at(10))),
        somebody("bob", Busy(at(10), at(10.5), "BUSY-TENTATIVE"), place=hanoi),
        somebody("cid", Busy(at(8), at(18)), required=False),
        somebody("dan", known=False, required=False),
    ]
    slots = meeting.ranked(people, UTC, DAY, HOUR, 50)
    assert (slots[0].start_ms, slots[0].free, slots[0].tentative) == (at(10), ("ann",), ("bob",))
    assert all(each.busy == ("cid",) for each in slots if at(8) <= each.start_ms < at(17))
    assert all(each.unknown == ("dan",) for each in slots)
    assert not any(at(8) < each.start_ms < at(10) for each in slots)  # ann has to be there
    late = next(each for each in slots if each.start_ms == at(12))
    assert late.outside == ("bob",) and late.cost > slots[0].cost


def test_of_whom_nothing_is_known_is_met_by_day() -> None:
    slots = meeting.ranked([somebody("zoe", known=False, place=None)], UTC, DAY, HOUR, 17)
    assert {each.start_ms for each in slots} == {at(9 + half / 2) for half in range(17)}
    assert not any(each.outside for each in slots)


def test_a_day_on_which_clocks_change_has_every_half_hour_once() -> None:
    paris = zone("Europe/Paris")
    assert paris is not None
    span = Span(ms(2026, 10, 25), ms(2026, 10, 25, 6))
    starts = sorted(each.start_ms for each in meeting.ranked([somebody("ann")], paris, span, HOUR, 50))
    assert len(set(starts)) == len(starts) and starts[0] == span.start_ms


def test_of_times_that_are_equally_good_those_apart_are_told_first() -> None:
    week = Span(DAY.start_ms, DAY.start_ms + 5 * 24 * HOUR)
    starts = [each.start_ms for each in meeting.ranked([somebody("ann", span=week)], UTC, week, HOUR, 6)]
    assert starts == [at(hour) for hour in (9, 10, 11, 33, 34, 35)]
    starts = [each.start_ms for each in meeting.ranked([somebody("ann")], UTC, DAY, HOUR, 5)]
    assert starts == [at(hour) for hour in (9, 10, 11, 12, 13)]
    short = Span(at(9), at(11))
    starts = [each.start_ms for each in meeting.ranked([somebody("ann")], UTC, short, HOUR, 5)]
    assert starts == [at(hour) for hour in (9, 9.5, 10)]
    taken = Busy(at(10), at(24 * 5))
    starts = [each.start_ms for each in meeting.ranked([somebody("ann", taken, span=week)], UTC, week, HOUR, 2)]
    assert starts[0] == at(9)


def test_fifty_people_and_three_months_are_ranked_at_once() -> None:
    span = Span(DAY.start_ms, DAY.start_ms + 90 * 24 * HOUR)
    taken = [Busy(span.start_ms + n * 4 * HOUR, span.start_ms + n * 4 * HOUR + HOUR) for n in range(540)]
    people = [somebody(f"p{n}", *taken, required=False, span=span) for n in range(50)]
    begin = time.process_time()
    assert len(meeting.ranked(people, UTC, span, HOUR, 10)) == 10
    assert time.process_time() - begin < 10


async def found(who, *people: dict, **more) -> dict:
    window = {"utcStart": "2026-01-05T08:00:00Z", "utcEnd": "2026-01-05T18:00:00Z", "duration": "PT1H", "limit": 20}
    return await who("CalendarEvent/findTime", people=list(people), **(window | more))


async def test_between_people_of_the_server(ann, bob, person) -> None:
    cid = await person("cid")
    for each in (bob, cid):
        await each("Calendar/freeBusy", tellsColleagues=False)
    await bob(
        "Calendar/set", update={await bob.calendar(): {"shareWith": {ann.account: {"mayReadFreeBusy": True}}}}
    )
    await ann.make(start="2026-01-05T09:00:00", duration="PT2H")
    await bob.make(start="2026-01-05T11:00:00", duration="PT1H")
    await bob.make(start="2026-01-05T13:00:00", duration="PT1H", status="tentative")
    people = [
        {"principalId": ann.account, "timeZone": "Etc/UTC"},
        {"calendarAddress": "mailto:Bob@example.org"},
        {"calendarAddress": "mailto:cid@example.org", "required": False, "timeZone": "Asia/Ho_Chi_Minh"},
    ]
    answer = await found(ann, *people)
    names = [each.get("principalId") or each["calendarAddress"] for each in people]
    assert [each["who"] for each in answer["people"]] == names
    assert [each["source"] for each in answer["people"]] == ["here", "here", None]
    assert [each["principalId"] for each in answer["people"]] == [ann.account, bob.account, cid.account]
    assert answer["people"][1]["busy"][1]["busyStatus"] == "tentative" and answer["people"][2]["busy"] is None
    starts = [each["utcStart"][11:16] for each in answer["list"]]
    assert starts[0] == "12:00" and "09:00" not in starts and "11:00" not in starts and "10:30" not in starts
    best = answer["list"][0]
    assert set(best["free"]) == set(names[:2]) and best["unknown"] == best["outside"] == names[2:]
    tentative = next(each for each in answer["list"] if each["utcStart"][11:16] == "13:00")
    assert tentative["tentative"] == names[1:2] and tentative["cost"] > best["cost"]


async def test_working_time_and_zone_are_as_people_have_set_them(ann, bob, context) -> None:
    number = await bob.calendar()
    await bob("Calendar/set", update={number: {"timeZone": "Asia/Ho_Chi_Minh"}})
    told = {"workStart": 480, "workEnd": 960, "workdays": [0, 1]}
    bob.using = (*bob.using, "urn:parvis:preferences")
    await bob("Preferences/set", update={"singleton": {"agenda": told}})
    await bob("Calendar/freeBusy", tellsColleagues=False)
    unknown = (await found(ann, {"principalId": bob.account}))["people"][0]
    assert (unknown["timeZone"], unknown["fromHour"], unknown["busy"]) == (None, 9, None)
    await bob("Calendar/set", update={number: {"shareWith": {ann.account: {"mayReadFreeBusy": True}}}})
    answer = await found(ann, {"principalId": bob.account})
    known = answer["people"][0]
    assert (known["timeZone"], known["fromHour"], known["toHour"]) == ("Asia/Ho_Chi_Minh", 8, 16)
    assert known["weekdays"] == [0, 1] and answer["list"][0]["outside"] == []


async def test_colleagues_and_rooms_are_known_without_a_grant(ann, bob, person) -> None:
    room = await person("room", kind="resource")
    await bob.make(title="Clinic", start="2026-01-05T09:00:00")
    answer = await found(ann, {"principalId": bob.account}, {"calendarAddress": "mailto:room@example.org"})
    assert [(each["source"], len(each["busy"])) for each in answer["people"]] == [("here", 1), ("here", 0)]
    assert answer["people"][1]["principalId"] == room.account and "Clinic" not in str(answer)
    await bob("Calendar/freeBusy", tellsColleagues=False)
    answer = await found(ann, {"principalId": bob.account})
    assert (answer["people"][0]["source"], answer["people"][0]["busy"]) == (None, None)


async def test_what_cannot_be_asked(ann) -> None:
    itself = [{"principalId": ann.account}]
    for more, people in (
        ({"duration": "PT0S"}, itself),
        ({"duration": "soon"}, itself),
        ({"utcEnd": "2026-01-05T08:00:00Z"}, itself),
        ({"timeZone": "Mars/Base"}, itself),
        ({}, []),
        ({}, [{}]),
        ({}, [{"principalId": ann.account, "calendarAddress": "mailto:a@b"}]),
        ({}, [{"calendarAddress": "mailto:nobody"}]),
        ({}, [{"calendarAddress": "mailto:a@b.example"}] * 2),
    ):
        assert (await found(ann, *people, **more))["error"] == "invalidArguments", (more, people)


async def test_the_statements_do_not_grow_with_events(ann) -> None:
    counts = []
    for _ in range(2):
        for hour in range(5):
            await ann.make(start=f"2026-01-05T{9 + hour:02}:00:00")
        with counting() as count:
            await found(ann, {"principalId": ann.account}, {"calendarAddress": "mailto:x@elsewhere.example"})
        counts.append(len(count))
    assert counts[0] == counts[1] <= 20


class Cards(FreeBusyLinks):
    """Contacts with an address of free-busy."""

    def __init__(self, **urls: str) -> None:
        self.urls = {f"{name}@elsewhere.example": url for name, url in urls.items()}

    async def of(self, principal, addresses):
        return {each: self.urls[each] for each in addresses if each in self.urls}


async def test_people_elsewhere_by_the_address_of_their_card(ann, context) -> None:
    zoe, yan = ({"calendarAddress": f"mailto:{name}@elsewhere.example"} for name in ("zoe", "yan"))
    async with published([BUSY]) as (url, asked):
        context.offer(Cards(zoe=url, yan=url.replace("127.0.0.1", "localhost")), under=FreeBusyLinks)
        inside = (await found(ann, zoe))["people"][0]
        assert inside["source"] is None and asked == []  # neither this machine nor its network
        context.need(Elsewhere)._kept.clear()
        context.settings.egress_allow.append("127.0.0.1")
        answer = await found(ann, zoe, yan)
        again = await found(ann, zoe)
    assert len(asked) == 1 and again["people"][0]["busy"]
    assert [each["source"] for each in answer["people"]] == ["freeBusy", None]
    starts = {each["utcStart"][11:16]: each for each in answer["list"]}
    assert "10:00" not in starts and "mailto:zoe@elsewhere.example" in starts["08:00"]["free"]
    assert len(starts["14:00"]["unknown"]) == 2


class Web:
    """Other servers by address."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages, self.asked = pages, list[str]()

    async def get(self, url, tag="", **_):
        self.asked.append(url)
        if url not in self.pages:
            raise Unavailable("nothing is there")
        return self.pages[url], ""


async def test_people_elsewhere_by_what_their_own_server_says(ann, context) -> None:
    at_ = (
        "https://elsewhere.example/.well-known/webfinger?resource=acct%3Azoe%40elsewhere.example"
        "&rel=urn%3Aparvis%3Afree-busy"
    )
    said = b'{"links": [{"rel": "x"}, {"rel": "urn:parvis:free-busy", "href": "https://cal.elsewhere.example/z"}]}'
    asking = context.need(Elsewhere)
    asking._outside = web = Web({at_: said, "https://cal.elsewhere.example/z": BUSY})
    answer = await found(ann, {"calendarAddress": "mailto:zoe@elsewhere.example"})
    assert answer["people"][0]["source"] == "freeBusy" and web.asked == [at_, "https://cal.elsewhere.example/z"]
    for rubbish in (b"[]", b'{"links": 5}', b'{"links": [{"rel": "urn:parvis:free-busy", "href": 5}]}', b"\xff"):
        asking._kept.clear()
        asking._outside = Web({at_: rubbish})
        answer = await found(ann, {"calendarAddress": "mailto:zoe@elsewhere.example"})
        assert answer["people"][0]["source"] is None


async def test_who_does_not_answer_in_time_is_unknown(ann, context, monkeypatch) -> None:
    class Silent(Web):
        async def get(self, url, tag="", **_):
            await asyncio.Event().wait()

    monkeypatch.setattr(elsewhere, "_ALL_SECONDS", 0.05)
    context.need(Elsewhere)._outside = Silent({})
    answer = await found(ann, {"principalId": ann.account}, {"calendarAddress": "mailto:zoe@elsewhere.example"})
    assert [each["source"] for each in answer["people"]] == ["here", None] and answer["list"]


@pytest.fixture
async def host(doors, context, peer):
    """Ann, and somebody without an account."""
    ann = Client(context.need(Engine), (await peer("ann")).person)
    async with httpx.AsyncClient(base_url=context.public_url, trust_env=False, timeout=20) as visitor:
        yield ann, visitor


async def test_what_one_publishes_of_oneself(host) -> None:
    """RFC 5546 §3.3.1"""
    ann, visitor = host
    finger = {"resource": "acct:ann@example.org", "rel": elsewhere.REL}
    assert (await ann("Calendar/freeBusy"))["publish"] == "no"
    assert (await visitor.get("/.well-known/webfinger", params=finger)).status_code == 404
    with clock.frozen(ms(2026, 1, 4)):
        await ann.make(title="Clinic", start="2026-01-05T09:00:00")
        await ann.make(title="Never seen", start="2026-01-05T15:00:00", privacy="secret")
        url = (await ann("Calendar/freeBusy", publish="link"))["url"]
        seen = await visitor.get(url)
        assert "METHOD:PUBLISH" in seen.text and "ATTENDEE" not in seen.text
        assert "ORGANIZER" in seen.text and "UID:" in seen.text and "DTSTAMP:" in seen.text
        known = elsewhere.read(seen.content, DAY)
        assert known.busy == (Busy(at(9), at(10)),) and "Clinic" not in seen.text
        assert (await visitor.get("/.well-known/webfinger", params=finger)).status_code == 404
        await ann("Calendar/freeBusy", publish="address")
        links = (await visitor.get("/.well-known/webfinger", params=finger)).json()["links"]
        assert [(each["rel"], each["href"]) for each in links] == [(elsewhere.REL, url)]
        assert (await visitor.get("/.well-known/webfinger?resource=acct:nobody@example.org")).status_code == 404
        await ann("Calendar/freeBusy", publish="no")
        assert (await visitor.get(url)).status_code == 404
        assert (await ann("Calendar/freeBusy", publish="link"))["url"] != url
