"""Invitations, changes, cancellations, answers and counters in the ways of Google, Exchange, Apple and Proton. The texts
are ours, written as those programs write theirs. RFC 5546 §3.2, RFC 6047"""

from dataclasses import dataclass

import pytest

from parvis.calendar import delivery
from parvis.kernel.events import Event
from parvis.serve.post import CALENDAR_MAIL, CalendarMail
from parvis.wire.ical import calendar as ical
from tests.calendar.conftest import run_jobs
from tests.calendar.test_proposals import proposals
from tests.calendar.test_scheduling import answer, answer_of, only, people

ZOE = "zoe@elsewhere.example"


@dataclass(frozen=True)
class Sender:
    """How a program writes: around its events, the zone, and the properties that it has of its own."""

    head: tuple[str, ...]
    uid: str
    at: str
    """Its name of Europe/Paris, or of one with the same time."""
    zone: tuple[str, ...]
    me: str
    """Zoe, after the name of the property."""
    guest: str
    more: tuple[str, ...] = ()
    timeless: bool = False
    """Its answers do not say when."""
    end: str = "\r\n"

    def said(self, method: str, uid: str, *more: str) -> bytes:
        """What is in the message."""
        event = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260102T030405Z", *more, *self.more, "END:VEVENT"]
        lines = [
            "BEGIN:VCALENDAR",
            *self.head,
            "VERSION:2.0",
            f"METHOD:{method}",
            *self.zone,
            *event,
            "END:VCALENDAR",
            "",
        ]
        return self.end.join(lines).encode()

    def times(self, day: int, hour: int) -> list[str]:
        """An hour in Paris, in January 2026."""
        return [
            f"{name};TZID={self.at}:202601{day:02}T{hour + more:02}0000"
            for name, more in (("DTSTART", 0), ("DTEND", 1))
        ]


def zone(name: str, first: str, *more: str) -> tuple[str, ...]:
    return (
        "BEGIN:VTIMEZONE", f"TZID:{name}", *more,
        "BEGIN:STANDARD", f"DTSTART:{first}T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
        "BEGIN:DAYLIGHT", f"DTSTART:{first}T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
    )  # fmt: skip


SENDERS = {
    "google": Sender(
        ("PRODID:-//Google Inc//Google Calendar 70.9054//EN", "CALSCALE:GREGORIAN"),
        "3k9q5m1v7d2p8s4t6r0a@google.com",
        "Europe/Paris",
        zone("Europe/Paris", "19700329", "X-LIC-LOCATION:Europe/Paris"),
        f";CN=Zoé Blanc:mailto:{ZOE}",
        ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={};RSVP=TRUE;CN=ann@example.org;X-NUM-GUESTS=0:mailto:ann@example.org",
        ("X-GOOGLE-CONFERENCE:https://meet.example/abc-defg-hij", "X-MICROSOFT-CDO-OWNERAPPTID:-1836297211",
         "DESCRIPTION:-::~:~::~:~:~:~:~:~:~:~\\nJoin: https://meet.example/abc-defg-hij", "TRANSP:OPAQUE"),
    ),
    "exchange": Sender(
        ("PRODID:Microsoft Exchange Server 2010",),
        "040000008200E00074C5B7101A82E00800000000B0E2D5C6A07BDC01000000000000000010000000D5",
        "W. Europe Standard Time",
        zone("W. Europe Standard Time", "16010101"),
        ";CN=Zoé Blanc:mailto:Zoe@Elsewhere.example",
        ";ROLE=REQ-PARTICIPANT;PARTSTAT={};RSVP=TRUE;CN=Ann:mailto:ann@example.org",
        ("CLASS:PUBLIC", "PRIORITY:5", "X-MICROSOFT-CDO-APPT-SEQUENCE:0", "X-MICROSOFT-CDO-OWNERAPPTID:2121212121",
         "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "X-MICROSOFT-DISALLOW-COUNTER:FALSE", "LOCATION;LANGUAGE=de-DE:",
         "BEGIN:VALARM", "DESCRIPTION:REMINDER", "TRIGGER;RELATED=START:-PT15M", "ACTION:DISPLAY", "END:VALARM"),
        end="\n",
    ),
    "apple": Sender(
        ("CALSCALE:GREGORIAN", "PRODID:-//Apple Inc.//macOS 15.1//EN"),
        "8B1F0B66-3C0D-4C6B-9C61-2F4B7F9E0A11",
        "Europe/Paris",
        zone("Europe/Paris", "19810329"),
        f';CN="Zoé Blanc";EMAIL="{ZOE}":mailto:{ZOE}',
        ';CN="Ann";CUTYPE=INDIVIDUAL;EMAIL="ann@example.org";PARTSTAT={};ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:ann@example.org',
        ("CREATED:20260101T090000Z", "LAST-MODIFIED:20260101T090000Z", "TRANSP:OPAQUE",
         'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=100;X-TITLE="Quai 4":geo:43.29,5.37'),
        timeless=True,
    ),
    "proton": Sender(
        ("PRODID:-//Proton AG//WebCalendar 5.0.30//EN", "CALSCALE:GREGORIAN"),
        "Qm1lX0t2b3hZ@proton.me",
        "Europe/Paris",
        zone("Europe/Paris", "19700329"),
        f";CN=Zoé Blanc:mailto:{ZOE}",
        ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;RSVP=TRUE;PARTSTAT={};CN=ann@example.org;X-PM-TOKEN=5f2c:mailto:ann@example.org",
        ("X-PM-SESSION-KEY:q83vEjRWeJA=",),
    ),
}  # fmt: skip


@pytest.fixture(params=SENDERS)
def sender(request) -> Sender:
    return SENDERS[request.param]


async def mailed(who, room, desk, content: bytes) -> None:
    """It comes to somebody, from Zoe."""
    desk.mail = CalendarMail(ZOE, True, (content,))
    body = {"email": 1}
    one = Event(xid=1, position=1, account_id=who.principal.id, kind=CALENDAR_MAIL, time_ms=0, body=body)
    await room.followers[delivery.FOLLOWER]([one])


async def when(who) -> str:
    (got,) = (await who("CalendarEvent/get", ids=None, properties=["utcStart"]))["list"]
    return got["utcStart"]


async def test_an_invitation_is_answered_changed_and_called_off(ann, context, room, desk, sender) -> None:
    def about(sequence: int, answered: str = "NEEDS-ACTION") -> list[str]:
        return [
            f"ORGANIZER{sender.me}",
            f"ATTENDEE{sender.guest.format(answered)}",
            "SUMMARY:Quai",
            f"SEQUENCE:{sequence}",
        ]

    await mailed(ann, room, desk, sender.said("REQUEST", sender.uid, *sender.times(5, 10), *about(0)))
    assert (await only(ann))["title"] == "Quai" and await when(ann) == "2026-01-05T09:00:00Z"
    await answer(ann, "accepted")
    await run_jobs(context)
    (letter,) = desk.letters
    assert (letter.method, letter.to[0].lower()) == ("REPLY", ZOE)
    reply = ical.read(letter.calendar).components[-1]
    (said,) = reply.every("ATTENDEE")
    assert (reply.value("UID"), said.param("PARTSTAT")) == (sender.uid, "ACCEPTED")
    small = [*about(0, "ACCEPTED"), "COMMENT:Bring the plans"]
    await mailed(ann, room, desk, sender.said("REQUEST", sender.uid, *sender.times(5, 10), *small))
    assert answer_of(await only(ann), "ann") == "accepted"
    await mailed(ann, room, desk, sender.said("REQUEST", sender.uid, *sender.times(6, 14), *about(1)))
    assert await when(ann) == "2026-01-06T13:00:00Z" and answer_of(await only(ann), "ann") == "needs-action"
    gone = [*about(2), "STATUS:CANCELLED"]
    await mailed(ann, room, desk, sender.said("CANCEL", sender.uid, *sender.times(6, 14), *gone))
    assert (await only(ann))["status"] == "cancelled"


async def test_a_guest_proposes_another_time_and_answers(ann, context, room, desk, sender) -> None:
    await ann.make(title="Plan", participants=people(ZOE), tell=True)
    await run_jobs(context)
    uid = ical.read(desk.letters[0].calendar).components[-1].value("UID")
    about = ["ORGANIZER;CN=Ann:mailto:ann@example.org", "SEQUENCE:0"]
    me, _, address = sender.me.rpartition(":mailto:")

    def guest(word: str) -> str:
        return f"ATTENDEE{me};PARTSTAT={word}:mailto:{address}"

    counter = [*sender.times(7, 15), *about, guest("TENTATIVE"), "SUMMARY:New time proposed: Plan", "COMMENT:Train"]
    await mailed(ann, room, desk, sender.said("COUNTER", uid, *counter))
    (told,) = await proposals(ann)
    assert (told["utcStart"], told["utcEnd"]) == ("2026-01-07T14:00:00Z", "2026-01-07T15:00:00Z")
    at = [] if sender.timeless else sender.times(5, 11)
    reply = [*at, *about, guest("ACCEPTED"), "SUMMARY;LANGUAGE=fr:Accepté: Plan"]
    await mailed(ann, room, desk, sender.said("REPLY", uid, *reply))
    event = await only(ann)
    (answered,) = [each for each in event["participants"].values() if each["calendarAddress"] == f"mailto:{ZOE}"]
    assert answered["participationStatus"] == "accepted" and event["title"] == "Plan"
