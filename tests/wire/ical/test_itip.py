"""iTIP: what messages do, and which a change makes. Each message that one side makes is read by the other."""

import pytest

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical import calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip import uninvited
from parvis.wire.ical.itip.message import with_property
from parvis.wire.ical.itip.status import noted
from parvis.wire.ical.recurrence import instances
from tests.wire.ical.texts import event, ms, read, text

ANN, BOB, CID, DAN = ({f"mailto:{name}@example.org"} for name in ("ann", "bob", "cid", "dan"))
NOW = ms(2026, 1, 2)
PEOPLE = [
    "ORGANIZER:mailto:ann@example.org",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:cid@example.org",
]


def meeting(*more: str, start: str = "20260105T100000Z", people: list[str] = PEOPLE) -> list[str]:
    return event(f"DTSTART:{start}", "DURATION:PT1H", "SUMMARY:Plan", *people, *more)


def stored(*lines: str) -> Series:
    return calendar.resource(read(*lines))


def weekly(*more: str) -> list[str]:
    return meeting("RRULE:FREQ=WEEKLY;COUNT=4", *more)


def sent(found: list[itip.Message]) -> list[tuple[str, list[str]]]:
    return [(each.method, sorted(address[7:10] for address in each.recipients)) for each in found]


def wire(message: itip.Message) -> itip.Message:
    """Over the wire and back."""
    return itip.read(calendar.read(calendar.write(message.calendar)))


def status(series: Series | None, who: set[str], at: int = 0) -> str:
    assert series is not None
    return next(each.param("PARTSTAT") for each in series.components[at].every("ATTENDEE") if each.value in who)


def answered(before: Series, who: set[str], word: str) -> Series:
    def answer(component: Component) -> Component:
        changed = [
            each.changed(params={**each.params, "PARTSTAT": [word]})
            if each.name == "ATTENDEE" and each.value in who
            else each
            for each in component.properties
        ]
        return Component(component.name, changed, component.components)

    master = answer(before.master) if before.master is not None else None
    return Series(before.kind, before.uid, master, [answer(each) for each in before.overrides], before.zones)


def test_an_invitation_an_answer_and_its_arrival() -> None:
    ann = stored(*meeting())
    requests = itip.from_organizer(None, ann, ANN, NOW)
    assert sent(requests) == [("REQUEST", ["bob", "cid"])]
    request = wire(requests[0])
    assert itip.speakers(request) == ANN
    bob = itip.received(None, request, BOB, NOW)
    assert bob.happened == "added" and bob.series is not None and status(bob.series, BOB) == "NEEDS-ACTION"
    reply = itip.from_attendee(bob.series, answered(bob.series, BOB, "ACCEPTED"), BOB, NOW + 1000, "fine")
    assert reply is not None and sent([reply]) == [("REPLY", ["ann"])]
    assert [each.value for each in reply.series.first.every("ATTENDEE")] == list(BOB)
    arrived = itip.received(ann, wire(reply), ANN, NOW)
    assert arrived.happened == "replied" and arrived.people == tuple(BOB) and not arrived.uninvited
    assert status(arrived.series, BOB) == "ACCEPTED" and status(arrived.series, CID) == "NEEDS-ACTION"


def test_an_older_answer_that_comes_later_does_not_count() -> None:
    ann = stored(*meeting())
    first = itip.from_attendee(ann, answered(ann, BOB, "ACCEPTED"), BOB, NOW)
    second = itip.from_attendee(answered(ann, BOB, "ACCEPTED"), answered(ann, BOB, "DECLINED"), BOB, NOW + 60_000)
    assert first is not None and second is not None
    after = itip.received(ann, wire(second), ANN, NOW)
    assert status(after.series, BOB) == "DECLINED"
    assert itip.received(after.series, wire(first), ANN, NOW).happened == "outdated"


def test_a_new_time_is_a_new_revision_and_asks_again() -> None:
    before = answered(stored(*meeting()), BOB, "ACCEPTED")
    after = itip.revised(before, answered(stored(*meeting(start="20260106T100000Z")), BOB, "ACCEPTED"), ANN)
    assert calendar.sequence(after.first) == 1
    assert (status(after, BOB), status(after, ANN)) == ("NEEDS-ACTION", "ACCEPTED")
    messages = itip.from_organizer(before, after, ANN, NOW)
    assert sent(messages) == [("REQUEST", ["bob", "cid"])]
    bob = itip.received(before, wire(messages[0]), BOB, NOW)
    assert bob.happened == "updated" and status(bob.series, BOB) == "NEEDS-ACTION"
    old = itip.from_organizer(None, before, ANN, NOW)[0]
    assert itip.received(bob.series, wire(old), BOB, NOW).happened == "outdated"


def with_status(given: Component, word: str) -> Component:
    return Component(given.name, [*given.properties, Property("STATUS", word)], given.components)


def test_a_small_change_keeps_answers_and_alarms() -> None:
    ann = stored(*meeting())
    bob = answered(
        stored(
            *meeting(
                "BEGIN:VALARM",
                "TRIGGER:-PT5M",
                "ACTION:DISPLAY",
                "DESCRIPTION:x",
                "END:VALARM",
                "TRANSP:TRANSPARENT",
            )
        ),
        BOB,
        "ACCEPTED",
    )
    changed = stored(*meeting("LOCATION:Room 3"))
    messages = itip.from_organizer(ann, itip.revised(ann, changed, ANN), ANN, NOW)
    assert sent(messages) == [("REQUEST", ["bob", "cid"])]
    after = itip.received(bob, wire(messages[0]), BOB, NOW).series
    assert after is not None and status(after, BOB) == "ACCEPTED"
    assert after.first.value("LOCATION") == "Room 3" and after.first.value("TRANSP") == "TRANSPARENT"
    assert [each.name for each in after.first.components] == ["VALARM"]


def test_what_became_of_an_answer_stays_said_when_the_organizer_changes_the_event() -> None:
    """RFC 6638 §7.3"""
    ann, bob = stored(*meeting()), noted(stored(*meeting()), {next(iter(ANN)): "1.2"})
    changed = itip.revised(ann, stored(*meeting("LOCATION:Room 3", "STATUS:TENTATIVE")), ANN)
    (message,) = itip.from_organizer(ann, changed, ANN, NOW)
    after = itip.received(bob, wire(message), BOB, NOW).series
    assert after is not None and after.first.value("LOCATION") == "Room 3"
    organizer = after.first.first("ORGANIZER")
    assert organizer is not None and organizer.param("SCHEDULE-STATUS") == "1.2"
    new = itip.received(None, wire(message), BOB, NOW).series
    assert new is not None and "SCHEDULE-STATUS" not in (new.first.first("ORGANIZER") or organizer).params


def test_nothing_is_sent_for_what_is_nobody_elses() -> None:
    before = stored(*meeting())
    after = stored(*meeting("TRANSP:TRANSPARENT", "BEGIN:VALARM", "TRIGGER:-PT5M", "ACTION:DISPLAY", "END:VALARM"))
    assert itip.from_organizer(before, after, ANN, NOW) == []
    assert itip.from_attendee(before, after, BOB, NOW) is None


def test_who_is_no_longer_invited_is_told_so() -> None:
    before, after = stored(*meeting()), stored(*meeting(people=PEOPLE[:3]))
    messages = itip.from_organizer(before, itip.revised(before, after, ANN), ANN, NOW)
    assert sent(messages) == [("REQUEST", ["bob"]), ("CANCEL", ["cid"])]
    assert messages[1].series.first.first("STATUS") is None  # RFC 5546 §3.2.5: the others still meet
    cid = itip.received(before, wire(messages[1]), CID, NOW)
    assert (
        cid.happened == "cancelled" and cid.series is not None and cid.series.first.value("STATUS") == "CANCELLED"
    )


def test_a_whole_that_is_deleted_is_cancelled() -> None:
    messages = itip.from_organizer(stored(*weekly()), None, ANN, NOW)
    assert sent(messages) == [("CANCEL", ["bob", "cid"])]
    assert itip.received(None, wire(messages[0]), BOB, NOW).happened == "unknown"


def test_an_instance_that_is_cancelled() -> None:
    """RFC 5546 §3.2.5"""
    before, after = stored(*weekly()), stored(*weekly("EXDATE:20260112T100000Z"))
    messages = itip.from_organizer(before, itip.revised(before, after, ANN), ANN, NOW)
    assert sent(messages) == [("CANCEL", ["bob", "cid"])]
    said = messages[0].series.first
    assert said.value("RECURRENCE-ID") == "20260112T100000Z" and said.value("STATUS") == "CANCELLED"
    bob = itip.received(before, wire(messages[0]), BOB, NOW).series
    assert bob is not None and len(instances(bob, ms(2026), ms(2027))) == 3
    cancel = text(
        "METHOD:CANCEL", *event("RECURRENCE-ID:20260119T100000Z", "SEQUENCE:1", "STATUS:CANCELLED", *PEOPLE)
    )
    outcome = itip.received(bob, itip.read(calendar.read(cancel)), BOB, NOW)
    assert outcome.happened == "cancelled" and outcome.series is not None
    assert len(instances(outcome.series, ms(2026), ms(2027))) == 2


def test_several_instances_and_other_news_are_one_invitation() -> None:
    before = stored(*weekly())
    for more in (["EXDATE:20260112T100000Z,20260119T100000Z"], ["EXDATE:20260112T100000Z", "LOCATION:Room 3"]):
        messages = itip.from_organizer(before, stored(*weekly(*more)), ANN, NOW)
        assert sent(messages) == [("REQUEST", ["bob", "cid"])]
    known = stored(*weekly("EXDATE:20260112T100000Z"))
    again = stored(*weekly("EXDATE:20260119T100000Z,20260112T100000Z"))
    assert sent(itip.from_organizer(known, again, ANN, NOW)) == [("CANCEL", ["bob", "cid"])]


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ("", ";UNTIL=20260119T100000Z", False),
        (";COUNT=4", ";COUNT=3", False),
        (";COUNT=4", ";COUNT=5", True),
        (";UNTIL=20260126T100000Z", ";UNTIL=20260119T100000Z", False),
        (";UNTIL=20260126T100000Z", ";UNTIL=20260202T100000Z", True),
        (";UNTIL=20260126T100000Z", ";COUNT=2", False),
        (";UNTIL=20260126T100000Z", "", True),
        (";COUNT=4", ";UNTIL=20260126T235959Z", False),
        (";COUNT=4", ";UNTIL=20260202T100000Z", True),
        (";COUNT=4", ";INTERVAL=2;COUNT=2", False),
        (";COUNT=4", ";INTERVAL=2;COUNT=4", True),
        ("", ";BYDAY=MO", True),  # endless, and perhaps the same
        (";BYDAY=MO;WKST=MO", ";WKST=MO;BYDAY=MO", False),
        (";COUNT=1200", ";COUNT=1300", True),
        (";COUNT=1200", ";BYDAY=MO;COUNT=1200", True),  # more than can be gone through
    ],
)
def test_a_series_at_no_other_times_asks_nobody_again(before, after, asked) -> None:
    """RFC 6638 §3.2.8"""
    known, new = (
        answered(stored(*meeting(f"RRULE:FREQ=WEEKLY{rule}")), BOB, "ACCEPTED") for rule in (before, after)
    )
    assert status(itip.revised(known, new, ANN), BOB) == ("NEEDS-ACTION" if asked else "ACCEPTED")


BERLIN = [
    *("BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100"),
    *("TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE"),
]
ENDLESS = ("RRULE:FREQ=WEEKLY", "DURATION:PT1H")


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (("DTEND:20260105T110000Z",), ("DURATION:PT60M",), False),
        (("DTEND:20260105T110000Z",), ("DURATION:PT90M",), True),
        (ENDLESS, ("RRULE:FREQ=WEEKLY", "DTEND:20260105T110000Z"), False),
        (ENDLESS, (*ENDLESS, "RDATE:20990101T100000Z"), True),
        ((*ENDLESS, "EXDATE:20260112T100000Z"), ENDLESS, True),
        ((*ENDLESS, "RDATE:20260106T100000Z"), ENDLESS, True),  # of what is endless not all can be looked at
        (("RRULE:FREQ=DAILY;COUNT=3",), ("RDATE:20260106T100000Z,20260107T100000Z",), False),
        (("RDATE:20260106T100000Z",), (), False),
    ],
)
def test_the_same_times_in_other_words_ask_nobody_again(before, after, asked) -> None:
    """RFC 6638 §3.2.8"""
    known, new = (
        answered(stored(*event("DTSTART:20260105T100000Z", *PEOPLE, *lines)), BOB, "ACCEPTED")
        for lines in (before, after)
    )
    assert status(itip.revised(known, new, ANN), BOB) == ("NEEDS-ACTION" if asked else "ACCEPTED")


def test_a_task_that_is_no_longer_due_is_asked_again() -> None:
    known, new = (
        answered(stored(*event(*due, *PEOPLE, kind="VTODO")), BOB, "ACCEPTED")
        for due in (["DUE:20260105T100000Z"], [])
    )
    assert status(itip.revised(known, new, ANN), BOB) == "NEEDS-ACTION"


@pytest.mark.parametrize(("rule", "asked"), [("COUNT=4", False), ("COUNT=20", True)])
def test_another_zone_asks_again_when_it_is_at_another_time_there(rule, asked) -> None:
    known, new = (
        answered(stored(*zone, *event(start, f"RRULE:FREQ=WEEKLY;{rule}", *PEOPLE)), BOB, "ACCEPTED")
        for zone, start in (
            ([], "DTSTART:20260105T090000Z"),
            (BERLIN, "DTSTART;TZID=Europe/Berlin:20260105T100000"),
        )
    )
    assert status(itip.revised(known, new, ANN), BOB) == ("NEEDS-ACTION" if asked else "ACCEPTED")


def test_an_answer_to_what_is_no_longer_there_does_not_bring_it_back() -> None:
    """RFC 6638 §3.2.10.1"""
    reply = event("RECURRENCE-ID:20260126T100000Z", PEOPLE[0], "ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org")
    known = itip.received(stored(*weekly()), itip.read(read("METHOD:REPLY", *reply)), ANN, NOW).series
    assert known is not None and len(known.overrides) == 1
    assert len(itip.with_answers(known, stored(*weekly("SUMMARY:Other"))).overrides) == 1
    assert itip.with_answers(known, stored(*meeting("RRULE:FREQ=WEEKLY;COUNT=3"))).overrides == []


def test_an_instance_of_an_older_revision_is_told_with_the_whole() -> None:
    extra = event(
        "RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T110000Z", "DURATION:PT1H", "SEQUENCE:1", *PEOPLE
    )
    before = stored(*weekly("SEQUENCE:3"), *extra)
    after = stored(*weekly("SEQUENCE:3"), *extra[:-1], "LOCATION:Room 3", extra[-1])
    (message,) = itip.from_organizer(before, itip.revised(before, after, ANN), ANN, NOW)
    assert len(message.series.components) == 2
    bob = itip.received(before, wire(message), BOB, NOW).series
    assert bob is not None and bob.overrides[0].value("LOCATION") == "Room 3"


def test_who_had_taken_an_instance_out_has_it_again_when_it_is_at_another_time() -> None:
    """RFC 6638 §3.2.8"""
    before = stored(*weekly())
    bob = stored(*weekly("EXDATE:20260112T100000Z,20260119T100000Z"))
    reply = itip.from_attendee(before, bob, BOB, NOW)
    assert reply is not None
    known = itip.received(before, wire(reply), ANN, NOW).series
    assert known is not None
    moved = [
        each
        if each.value("RECURRENCE-ID") != "20260112T100000Z"
        else with_property(each, Property("DTSTART", "20260112T150000Z"))
        for each in known.components
    ]
    after = itip.revised(known, known.with_components(moved), ANN)
    messages = itip.from_organizer(known, after, ANN, NOW)
    assert [each.value("RECURRENCE-ID") for each in messages[0].series.components] == ["20260112T100000Z"]
    found = itip.received(bob, wire(messages[0]), BOB, NOW).series
    assert found is not None and found.first.value("EXDATE") == "20260119T100000Z"
    assert len(instances(found, ms(2026), ms(2027))) == 3 and status(found, BOB, 1) == "NEEDS-ACTION"


def test_an_instance_that_a_guests_program_leaves_out_is_put_back() -> None:
    """RFC 6638 §3.2.2.1"""
    extra = event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T110000Z", "DURATION:PT1H", *PEOPLE)
    before = stored(*weekly(), *extra)
    after = answered(stored(*weekly()), BOB, "ACCEPTED")
    assert not itip.may_change(before, after, BOB)
    whole = itip.completed(before, after, BOB)
    assert itip.may_change(before, whole, BOB) and len(whole.overrides) == 1
    reply = itip.from_attendee(before, whole, BOB, NOW)
    assert reply is not None and [each.value("RECURRENCE-ID") for each in reply.series.components] == [""]
    out = stored(*weekly("EXDATE:20260112T100000Z"))
    assert itip.completed(before, out, BOB) is out and itip.completed(before, before, BOB) is before
    alarm = ["BEGIN:VALARM", "TRIGGER:-PT5M", "ACTION:DISPLAY", "DESCRIPTION:x", "END:VALARM"]
    own = stored(
        *weekly(), *[each.replace("T110000", "T100000") for each in extra[:-1]], "SUMMARY:Plan", *alarm, extra[-1]
    )
    assert itip.completed(own, after, BOB) is after and itip.may_change(own, after, BOB)


def test_an_answer_about_one_instance_stays_when_the_organizer_did_not_know_of_it() -> None:
    """RFC 6638 §3.2.10.1"""
    before = stored(*weekly())
    reply = itip.from_attendee(before, stored(*weekly("EXDATE:20260112T100000Z")), BOB, NOW)
    assert reply is not None
    known = itip.received(before, wire(reply), ANN, NOW).series
    assert known is not None
    kept = itip.with_answers(known, stored(*weekly("LOCATION:Room 3")))
    (one,) = kept.overrides
    assert one.value("LOCATION") == "Room 3" and status(kept, BOB, 1) == "DECLINED"
    assert itip.with_answers(known, stored(*weekly("EXDATE:20260112T100000Z"))).overrides == []
    assert itip.with_answers(known, stored(*meeting("RRULE:FREQ=DAILY"))).overrides == []


def test_what_became_of_an_answer_is_said_of_who_organizes_not_of_a_guest() -> None:
    """RFC 6638 §7.3"""
    for people in (PEOPLE, [PEOPLE[1], PEOPLE[0], *PEOPLE[2:]]):
        found = noted(
            stored(*meeting(people=people)), {"mailto:ann@example.org": "1.2", "mailto:bob@example.org": "2.0"}
        )
        said = {
            (each.name, each.value[7:10]): each.param("SCHEDULE-STATUS")
            for each in found.first.every("ORGANIZER", "ATTENDEE")
        }
        assert said == {
            ("ORGANIZER", "ann"): "1.2",
            ("ATTENDEE", "ann"): "",
            ("ATTENDEE", "bob"): "2.0",
            ("ATTENDEE", "cid"): "",
        }


def test_who_is_asked_again_about_one_instance_is_told_of_that_one() -> None:
    """RFC 5546 §3.2.2.1, RFC 6638 §3.2.8"""
    people = [each.replace("NEEDS-ACTION", "ACCEPTED") for each in PEOPLE]
    before = stored(
        *event("DTSTART:20260105T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4", "SEQUENCE:3", *people)
    )
    bob = before
    for day, hour, place, asked in (
        ("12", "10", "Room 3", False),
        ("19", "15", "Room 3", True),
        ("19", "15", "Room 4", False),
    ):
        at = event(
            f"RECURRENCE-ID:202601{day}T100000Z",
            f"DTSTART:202601{day}T{hour}0000Z",
            "DURATION:PT1H",
            f"LOCATION:{place}",
            *people,
        )
        others = [each for each in before.overrides if f"202601{day}" not in each.value("RECURRENCE-ID")]
        one = stored(*at).overrides[0]
        after = itip.revised(before, Series("VEVENT", before.uid, before.master, [*others, one], before.zones), ANN)
        (message,) = itip.from_organizer(before, after, ANN, NOW)
        assert [each.value("RECURRENCE-ID") for each in message.series.components] == [f"202601{day}T100000Z"]
        assert calendar.sequence(message.series.first) == (4 if day == "19" else 3)
        assert status(message.series, BOB) == ("NEEDS-ACTION" if asked else "ACCEPTED")
        told = itip.received(bob, wire(message), BOB, NOW).series
        assert told is not None and len(instances(told, ms(2026), ms(2027))) == 4
        before = bob = after
    back = Series("VEVENT", before.uid, before.master, before.overrides[:1], before.zones)
    (message,) = itip.from_organizer(before, back, ANN, NOW)
    assert message.series.master is not None


def test_what_is_called_off_is_cancelled_and_may_take_place_again() -> None:
    """RFC 5546 §3.2.5: STATUS says it, of the whole or of an instance; a later invitation takes it back."""
    for before in (stored(*meeting()), stored(*weekly())):
        off = itip.revised(before, before.with_components([with_status(before.first, "CANCELLED")]), ANN)
        messages = itip.from_organizer(before, off, ANN, NOW)
        assert sent(messages) == [("CANCEL", ["bob", "cid"])] and messages[0].series.first.value("SEQUENCE") == "1"
        bob = itip.received(answered(before, BOB, "ACCEPTED"), wire(messages[0]), BOB, NOW).series
        assert bob is not None and bob.first.value("STATUS") == "CANCELLED"
        assert itip.from_organizer(off, off, ANN, NOW) == itip.from_organizer(None, off, ANN, NOW) == []
        on = itip.revised(off, before, ANN)
        messages = itip.from_organizer(off, on, ANN, NOW)
        assert sent(messages) == [("REQUEST", ["bob", "cid"])] and messages[0].series.first.value("SEQUENCE") == "2"
        again = itip.received(bob, wire(messages[0]), BOB, NOW).series
        assert again is not None and again.first.value("STATUS") == ""


def test_what_is_called_off_in_other_words_says_these() -> None:
    """RFC 5546 §3.2.5 lets a cancellation say all of it, or only which one it is: that changes no words."""
    own = "SUMMARY:Ours", "LOCATION:Here", "TRANSP:TRANSPARENT"
    instance = event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T120000Z", "DURATION:PT1H", *PEOPLE)
    before = stored(*weekly("LOCATION:Here"), *instance[:-1], *own, instance[-1])
    off = [line.replace("Plan", "Off") for line in weekly("LOCATION:There", "STATUS:CANCELLED")]
    after = stored(*off, *instance[:-1], *own[1:], "SUMMARY:Ours", "STATUS:CANCELLED", instance[-1])
    (message,) = itip.from_organizer(before, itip.revised(before, after, ANN), ANN, NOW)
    bob = itip.received(answered(before, BOB, "ACCEPTED"), wire(message), BOB, NOW).series
    assert bob is not None and status(bob, BOB) == "ACCEPTED"
    said = [[each.value(name) for name in ("SUMMARY", "LOCATION", "STATUS")] for each in bob.components]
    assert said == [["Off", "There", "CANCELLED"], ["Ours", "There", "CANCELLED"]]
    assert bob.overrides[0].value("DTSTART") == "20260112T120000Z"
    named = text("METHOD:CANCEL", *event("SEQUENCE:1", *PEOPLE[::2]))
    bob = itip.received(before, itip.read(calendar.read(named)), BOB, NOW).series
    assert bob is not None and (bob.first.value("SUMMARY"), len(bob.overrides)) == ("Plan", 1)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["DTSTART:20260106T100000Z", "DTEND:20260106T120000Z"], ["20260106T100000Z", "20260106T120000Z", ""]),
        (["DTSTART:20260105T100000Z", "DTEND:20260105T110000Z"], ["20260105T100000Z", "20260105T110000Z", ""]),
        (["DTSTART:20260106T100000Z", "DTEND:20260101T120000Z"], ["20260105T100000Z", "", "PT1H"]),
        (["DTSTART:soon"], ["20260105T100000Z", "", "PT1H"]),
    ],
)
def test_what_is_called_off_at_another_time_is_there(said, kept) -> None:
    """What cannot be read of it is passed over."""
    message = itip.read(calendar.read(text("METHOD:CANCEL", *event("SEQUENCE:1", *PEOPLE[::2], *said))))
    bob = itip.received(stored(*meeting()), message, BOB, NOW).series
    assert bob is not None and bob.first.value("STATUS") == "CANCELLED"
    assert [bob.first.value(name) for name in ("DTSTART", "DTEND", "DURATION")] == kept


def test_of_a_series_that_is_called_off_at_other_times_nothing_is_left_where_it_was() -> None:
    instance = event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T120000Z", "DURATION:PT1H", *PEOPLE)
    before = stored(*weekly(), *instance)
    said = ["DTSTART:20260106T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"]
    message = itip.read(calendar.read(text("METHOD:CANCEL", *event("SEQUENCE:1", *PEOPLE[::2], *said))))
    bob = itip.received(before, message, BOB, NOW).series
    assert bob is not None and not bob.overrides and bob.first.value("DTSTART") == "20260106T100000Z"


def test_an_instance_that_is_called_off_in_other_words_says_these() -> None:
    extra = event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H", *PEOPLE)
    before, after = stored(*extra), stored(*extra[:-1], "SUMMARY:Off", "STATUS:CANCELLED", extra[-1])
    (message,) = itip.from_organizer(before, itip.revised(before, after, ANN), ANN, NOW)
    bob = itip.received(before, wire(message), BOB, NOW).series
    assert bob is not None and (bob.first.value("SUMMARY"), bob.first.value("STATUS")) == ("Off", "CANCELLED")
    whole = stored(*weekly()), stored(*weekly(), *extra[:-1], "SUMMARY:Off", "STATUS:CANCELLED", extra[-1])
    (message,) = itip.from_organizer(whole[0], itip.revised(*whole, ANN), ANN, NOW)
    assert (message.method, message.series.first.value("SUMMARY")) == ("CANCEL", "Off")


def test_an_instance_that_is_called_off_and_takes_place_again() -> None:
    extra = event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H", *PEOPLE)
    before, off = stored(*weekly(), *extra), stored(*weekly(), *extra[:-1], "STATUS:CANCELLED", extra[-1])
    off = itip.revised(before, off, ANN)
    messages = itip.from_organizer(before, off, ANN, NOW)
    assert sent(messages) == [("CANCEL", ["bob", "cid"])]
    bob = itip.received(before, wire(messages[0]), BOB, NOW).series
    assert bob is not None and len(instances(bob, ms(2026), ms(2027))) == 3
    messages = itip.from_organizer(off, itip.revised(off, before, ANN), ANN, NOW)
    assert sent(messages) == [("REQUEST", ["bob", "cid"])]
    bob = itip.received(bob, wire(messages[0]), BOB, NOW).series
    assert bob is not None and len(instances(bob, ms(2026), ms(2027))) == 4


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ([], ["STATUS:CANCELLED"], False),
        ([], ["EXDATE:20260112T100000Z"], False),
        (["EXDATE:20260112T100000Z"], ["EXDATE:20260112T100000Z,20260119T100000Z"], False),
        (["EXDATE:20260112T100000Z,20260119T100000Z"], ["EXDATE:20260119T100000Z"], True),
        ([], ["RDATE:20260113T100000Z"], True),
    ],
)
def test_who_has_answered_is_asked_again_only_about_times_that_are_new(before, after, asked) -> None:
    """RFC 6638 §3.2.8: what is taken out or called off changes nothing about the times that are left."""
    known = answered(stored(*weekly(*before)), BOB, "ACCEPTED")
    found = itip.revised(known, answered(stored(*weekly(*after)), BOB, "ACCEPTED"), ANN)
    assert calendar.sequence(found.first) == 1
    assert status(found, BOB) == ("NEEDS-ACTION" if asked else "ACCEPTED")
    told = itip.received(known, wire(itip.from_organizer(known, found, ANN, NOW)[0]), BOB, NOW)
    assert told.series is not None and status(told.series, BOB) == status(found, BOB)


def test_an_answer_for_one_instance_makes_it_one_of_its_own() -> None:
    ann = stored(*weekly())
    bob = stored(*weekly("EXDATE:20260112T100000Z"))
    reply = itip.from_attendee(ann, bob, BOB, NOW)
    assert reply is not None and reply.series.first.value("RECURRENCE-ID") == "20260112T100000Z"
    after = itip.received(ann, wire(reply), ANN, NOW).series
    assert after is not None and len(after.overrides) == 1
    assert (status(after, BOB, 0), status(after, BOB, 1)) == ("NEEDS-ACTION", "DECLINED")
    assert len(instances(after, ms(2026), ms(2027))) == 4


def test_someone_invited_to_one_instance_only() -> None:
    """RFC 6638 §3.2.6"""
    before = stored(*weekly())
    extra = event(
        "RECURRENCE-ID:20260112T100000Z",
        "DTSTART:20260112T110000Z",
        "DURATION:PT1H",
        *PEOPLE,
        "ATTENDEE:mailto:dan@example.org",
    )
    after = stored(*weekly(), *extra)
    messages = itip.from_organizer(before, after, ANN, NOW)
    (alone,) = messages  # the others are told of that instance alone too
    assert sent(messages) == [("REQUEST", ["bob", "cid", "dan"])]
    dan = itip.received(None, wire(alone), DAN, NOW).series
    assert dan is not None and dan.master is None and len(instances(dan, ms(2026), ms(2027))) == 1
    gone = itip.from_organizer(after, before, ANN, NOW)
    assert ("CANCEL", ["dan"]) in sent(gone)
    both = stored(*weekly(), *extra, *[each.replace("20260112", "20260119") for each in extra])
    (left,) = [each for each in itip.from_organizer(both, after, ANN, NOW) if "dan" in each.recipients[0]]
    assert left.method == "CANCEL" and left.series.first.value("RECURRENCE-ID") == "20260119T100000Z"
    assert left.series.first.first("STATUS") is None


def test_someone_who_is_not_in_one_instance() -> None:
    without_cid = event(
        "RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H", "SUMMARY:Plan", *PEOPLE[:3]
    )
    messages = itip.from_organizer(None, stored(*weekly(), *without_cid), ANN, NOW)
    cid = itip.received(None, wire(next(each for each in messages if "cid" in each.recipients[0])), CID, NOW).series
    assert cid is not None and len(instances(cid, ms(2026), ms(2027))) == 3


def test_uninvited_answers_and_delegates() -> None:
    ann = stored(*meeting())
    crash = read(
        "METHOD:REPLY",
        *event("ORGANIZER:mailto:ann@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dan@example.org"),
    )
    outcome = itip.received(ann, itip.read(crash), ANN, NOW)
    assert outcome.series is None and [each.value("ATTENDEE") for each in outcome.uninvited] == list(DAN)
    (told,) = uninvited.proposals(outcome.uninvited, itip.read(crash).series, ann)
    assert (told.attendee.param("PARTSTAT"), told.at) == ("ACCEPTED", None)
    assert (told.start_ms, told.end_ms) == (ms(2026, 1, 5, 10), ms(2026, 1, 5, 11))
    joined = uninvited.joined(ann, None, Property("ATTENDEE", "mailto:dan@example.org", told.attendee.params))
    assert sent(itip.from_organizer(ann, joined, ANN, NOW)) == [("REQUEST", ["bob", "cid", "dan"])]
    given = ['ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.org":mailto:bob@example.org']
    delegation = read("METHOD:REPLY", *event("ORGANIZER:mailto:ann@example.org", *given))
    after = itip.received(ann, itip.read(delegation), ANN, NOW).series
    assert after is not None and status(after, BOB) == "DELEGATED" and status(after, DAN) == "NEEDS-ACTION"
    by_dan = ['ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:bob@example.org":mailto:dan@example.org']
    taken = read("METHOD:REPLY", *event("ORGANIZER:mailto:ann@example.org", *by_dan))
    assert status(itip.received(after, itip.read(taken), ANN, NOW).series, DAN) == "ACCEPTED"


def test_refresh_counter_decline_counter_add() -> None:
    ann = stored(*weekly())
    refresh = itip.read(
        read("METHOD:REFRESH", *event("ORGANIZER:mailto:ann@example.org", "ATTENDEE:mailto:bob@example.org"))
    )
    outcome = itip.received(ann, refresh, ANN, NOW)
    assert outcome.answer is not None and sent([outcome.answer]) == [("REQUEST", ["bob"])]
    stranger = itip.read(
        read("METHOD:REFRESH", *event("ORGANIZER:mailto:ann@example.org", "ATTENDEE:mailto:dan@example.org"))
    )
    assert itip.received(ann, stranger, ANN, NOW).happened == "refused"
    counter = itip.read(read("METHOD:COUNTER", *meeting(start="20260107T100000Z")))
    assert itip.received(ann, counter, ANN, NOW).happened == "countered"
    decline = itip.read(read("METHOD:DECLINECOUNTER", *event("ORGANIZER:mailto:ann@example.org")))
    assert itip.received(ann, decline, BOB, NOW).happened == "declined-counter"
    add = itip.read(read("METHOD:ADD", *meeting("SEQUENCE:1", start="20260201T100000Z")))
    added = itip.received(ann, add, BOB, NOW).series
    assert added is not None and len(instances(added, ms(2026), ms(2027))) == 5
    asked = itip.received(None, add, BOB, NOW)
    assert asked.happened == "unknown" and asked.answer is not None and asked.answer.method == "REFRESH"


def test_nobody_takes_an_object_over_by_its_uid() -> None:
    """RFC 5546 §6.1.1"""
    other = [each.replace("ann@", "eve@") for each in PEOPLE]
    request = itip.read(read("METHOD:REQUEST", *meeting("SEQUENCE:9", people=other)))
    assert itip.received(stored(*meeting()), request, BOB, NOW).happened == "refused"
    assert itip.speakers(request) == {"mailto:eve@example.org"}


def test_what_an_attendee_may_change() -> None:
    """RFC 6638 §3.2.2.1"""
    before = stored(*weekly())
    assert itip.may_change(before, answered(before, BOB, "ACCEPTED"), BOB)
    assert itip.may_change(before, stored(*weekly("EXDATE:20260112T100000Z", "TRANSP:TRANSPARENT")), BOB)
    assert itip.may_change(before, stored(*weekly("SEQUENCE:7")), BOB)
    assert not itip.may_change(before, stored(*weekly("LOCATION:Room")), BOB)
    assert not itip.may_change(before, answered(before, CID, "DECLINED"), BOB)
    assert not itip.may_change(before, stored(*meeting()), BOB)


def test_removing_declines_but_what_is_cancelled_or_declined_says_nothing() -> None:
    before = stored(*meeting())
    reply = itip.from_attendee(before, None, BOB, NOW)
    assert reply is not None and reply.series.first.every("ATTENDEE")[0].param("PARTSTAT") == "DECLINED"
    assert itip.from_attendee(answered(before, BOB, "DECLINED"), None, BOB, NOW) is None
    assert itip.from_attendee(stored(*meeting("STATUS:CANCELLED")), None, BOB, NOW) is None


def test_an_attendee_may_write_the_same_times_in_other_words() -> None:
    """RFC 6638 §3.2.2.1: they stay as the organizer wrote them"""
    start = "DTSTART;TZID=Romance Standard Time:20260105T110000"
    rest = ["SUMMARY:Plan", *PEOPLE]
    before = stored(*event(start, "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4", *rest))
    other = ["DTSTART;TZID=Europe/Paris:20260105T110000", "DTEND;TZID=Europe/Paris:20260105T120000"]
    after = stored(*event(*other, "RRULE:COUNT=4;FREQ=WEEKLY", "EXDATE;TZID=Europe/Paris:20260112T110000", *rest))
    assert not itip.may_change(before, after, BOB)
    kept = itip.as_organized(before, after)
    assert itip.may_change(before, kept, BOB) and itip.as_organized(before, kept) is kept
    assert before.master is not None and kept.master is not None
    for name in ("DTSTART", "DTEND", "DURATION", "RRULE"):
        assert kept.master.every(name) == before.master.every(name)
    assert itip.from_attendee(before, kept, BOB, NOW) is not None
    own = stored(
        *event(*other, "RRULE:FREQ=WEEKLY;COUNT=4", *rest),
        *event("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H", *rest),
    )
    assert itip.may_change(before, itip.as_organized(before, own), BOB)
    later = ["DTSTART;TZID=Europe/Paris:20260105T110000", "DTEND;TZID=Europe/Paris:20260105T123000"]
    for different in (later, other):
        lines = event(*different, "RRULE:FREQ=WEEKLY;COUNT=5", *rest)
        assert not itip.may_change(before, itip.as_organized(before, stored(*lines)), BOB)
    longer = event(*later, "RRULE:FREQ=WEEKLY;COUNT=4", *rest)
    assert not itip.may_change(before, itip.as_organized(before, stored(*longer)), BOB)


def test_a_single_instance_that_one_declined_and_left_out_stays_out() -> None:
    def of(day: int, word: str, *more: str) -> list[str]:
        people = [each.replace("NEEDS-ACTION", word) if "bob@" in each else each for each in PEOPLE]
        start = f"202601{day:02}T100000Z"
        return meeting(f"RECURRENCE-ID:{start}", *more, start=start, people=people)

    left = stored(*of(5, "ACCEPTED"))
    request = ["METHOD:REQUEST", *of(5, "ACCEPTED", "LOCATION:Room 3"), *of(12, "DECLINED", "LOCATION:Room 3")]
    after = itip.received(left, itip.read(read(*request)), BOB, NOW).series
    assert after is not None and [each.value("LOCATION") for each in after.components] == ["Room 3"]
    again = ["METHOD:REQUEST", *of(5, "ACCEPTED"), *of(12, "NEEDS-ACTION")]
    after = itip.received(left, itip.read(read(*again)), BOB, NOW).series
    assert after is not None and len(after.components) == 2
    whole = ["METHOD:REQUEST", *weekly("SEQUENCE:1"), *of(12, "DECLINED", "SEQUENCE:1")]
    after = itip.received(left, itip.read(read(*whole)), BOB, NOW).series
    assert after is not None and after.master is not None and after.overrides == []
    assert after.master.value("EXDATE") == "20260112T100000Z"


def test_an_alarm_of_one_instance_stays_when_the_organizer_changes_the_series() -> None:
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM"]
    own = meeting("RECURRENCE-ID:20260112T100000Z", "SUMMARY:Plan", *alarm, start="20260112T100000Z")
    bob = stored(*weekly(), *own)
    renamed = [each.replace("SUMMARY:Plan", "SUMMARY:New") for each in weekly("SEQUENCE:3")]
    request = itip.read(read("METHOD:REQUEST", *renamed))
    after = itip.received(bob, request, BOB, NOW).series
    assert after is not None and [each.value("SUMMARY") for each in after.components] == ["New", "New"]
    assert [each.name for each in after.overrides[0].components] == ["VALARM"]
    moved = [each.replace("T100000Z", "T110000Z") for each in renamed]
    after = itip.received(bob, itip.read(read("METHOD:REQUEST", *moved)), BOB, NOW).series
    assert after is not None and after.overrides == []
    without = itip.read(read("METHOD:REQUEST", *weekly("SEQUENCE:3", "EXDATE:20260112T100000Z")))
    after = itip.received(bob, without, BOB, NOW).series
    assert after is not None and after.overrides == []


def test_what_one_declined_and_removed_stays_away_until_one_is_asked_again() -> None:
    before = answered(stored(*meeting()), BOB, "DECLINED")
    renamed = answered(stored(*meeting("LOCATION:Room 3")), BOB, "DECLINED")
    (message,) = itip.from_organizer(before, renamed, ANN, NOW)
    assert itip.received(None, wire(message), BOB, NOW) == itip.Outcome("left")
    assert itip.received(None, wire(message), CID, NOW).happened == "added"
    assert itip.received(before, wire(message), BOB, NOW).happened == "updated"
    moved = stored(*meeting("LOCATION:Room 3", start="20260106T100000Z"))
    (message,) = itip.from_organizer(renamed, moved, ANN, NOW)
    again = itip.received(None, wire(message), BOB, NOW)
    assert again.happened == "added" and status(again.series, BOB) == "NEEDS-ACTION"


def test_called_off_is_said_with_blanks_around_too() -> None:
    off = stored(*meeting("STATUS: cancelled "))
    assert itip.from_attendee(off, None, BOB, NOW) is None
    assert itip.times(off, None) is None and itip.times(stored(*meeting()), None) is not None
    two = [
        meeting("RECURRENCE-ID:20260105T100000Z"),
        meeting("RECURRENCE-ID:20260112T100000Z", "STATUS: Cancelled"),
    ]
    before, after = stored(*two[0], *two[1]), stored(*two[0])
    assert itip.from_attendee(before, after, BOB, NOW) is None


def test_whom_the_server_does_not_tell() -> None:
    quiet = [
        *PEOPLE[:2],
        "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:bob@example.org",
        "ATTENDEE;SCHEDULE-STATUS=1.1:mailto:cid@example.org",
    ]
    messages = itip.from_organizer(None, stored(*meeting(people=quiet)), ANN, NOW)
    assert sent(messages) == [("REQUEST", ["cid"])]
    assert b"SCHEDULE-" not in calendar.write(messages[0].calendar)


@pytest.mark.parametrize(
    "lines",
    [
        meeting(),
        ["METHOD:SING", *meeting()],
        ["METHOD:REQUEST", *meeting(people=[])],
        ["METHOD:REPLY", *event("ORGANIZER:mailto:ann@example.org")],
        ["METHOD:REQUEST", *meeting(), *event(*PEOPLE, "DTSTART:20260101T000000Z", uid="two")],
    ],
)
def test_what_is_no_message(lines: list[str]) -> None:
    with pytest.raises(BadCalendar):
        itip.read(read(*lines))


def test_guests_see_the_answers_of_others_and_keep_their_own() -> None:
    known = answered(stored(*meeting()), BOB, "DECLINED")
    copy = answered(stored(*meeting()), CID, "ACCEPTED")
    seen = itip.told(copy, known, CID)
    assert status(seen, BOB) == "DECLINED" and status(seen, CID) == "ACCEPTED"
    assert itip.told(seen, known, CID) is seen
    assert "X-PARVIS" not in str(calendar.write(calendar.new(seen.components)))


def test_the_answers_to_another_time_are_not_told() -> None:
    known = answered(stored(*meeting("SEQUENCE:2", start="20260106T100000Z")), BOB, "DECLINED")
    copy = stored(*meeting())
    assert itip.told(copy, known, CID) is copy
    assert itip.told(copy, answered(stored(*meeting("SEQUENCE:2")), BOB, "DECLINED"), CID) is not copy


def test_an_answer_to_an_older_revision_counts_as_long_as_the_time_is_the_same() -> None:
    reply = itip.from_attendee(stored(*meeting()), answered(stored(*meeting()), BOB, "ACCEPTED"), BOB, NOW)
    assert reply is not None
    renamed = stored(*meeting("SEQUENCE:3", "LOCATION:Here"))
    assert status(itip.received(renamed, wire(reply), ANN, NOW).series, BOB) == "ACCEPTED"
    later = meeting("SEQUENCE:3", start="20260105T110000Z")
    longer = [line.replace("PT1H", "PT2H") for line in meeting("SEQUENCE:3")]
    for lines in (later, longer):
        assert itip.received(stored(*lines), wire(reply), ANN, NOW).happened == "outdated"


def test_the_answer_for_an_instance_is_told_unless_the_instance_is_not_wanted() -> None:
    of_one = [
        line.replace("NEEDS-ACTION;RSVP=TRUE:mailto:bob", "DECLINED:mailto:bob")
        for line in meeting("RECURRENCE-ID:20260112T100000Z", start="20260112T100000Z")
    ]
    known = stored(*weekly(), *of_one)
    seen = itip.told(stored(*weekly()), known, CID)
    assert len(seen.components) == 2 and status(seen, BOB, 1) == "DECLINED" and status(seen, BOB) == "NEEDS-ACTION"
    unwanted = stored(*weekly("EXDATE:20260112T100000Z"))
    assert itip.told(unwanted, known, CID) is unwanted
    only = stored(*meeting("RECURRENCE-ID:20260119T100000Z", start="20260119T100000Z"))
    assert itip.told(only, known, CID) is only


def test_whom_a_guest_has_sent_instead_is_seen() -> None:
    people = [
        *PEOPLE[:2],
        'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.org":mailto:bob@example.org',
        PEOPLE[3],
        'ATTENDEE;DELEGATED-FROM="mailto:bob@example.org";SCHEDULE-STATUS=1.2:mailto:dan@example.org',
    ]
    seen = itip.told(stored(*meeting()), stored(*meeting(people=people)), CID)
    assert status(seen, BOB) == "DELEGATED"
    dan = seen.first.every("ATTENDEE")[-1]
    assert dan.value in DAN and not dan.param("SCHEDULE-STATUS")


def test_who_removes_a_series_declines_each_instance_that_they_had_not() -> None:
    """RFC 5546 §3.2.3: an answer is for what it names."""
    two = [meeting(f"RECURRENCE-ID:202601{day}T100000Z", start=f"202601{day}T100000Z") for day in (12, 19)]
    known = answered(stored(*weekly(), *two[0]), BOB, "ACCEPTED")
    reply = itip.from_attendee(known, None, BOB, NOW)
    assert reply is not None and len(reply.series.components) == 2
    told = itip.received(known, wire(reply), ANN, NOW).series
    assert status(told, BOB, 0) == status(told, BOB, 1) == "DECLINED"
    alone = answered(stored(*two[0], *two[1]), BOB, "ACCEPTED")
    left = stored(*two[0])
    left = answered(left, BOB, "ACCEPTED")
    assert itip.may_change(alone, left, BOB)
    reply = itip.from_attendee(alone, left, BOB, NOW)
    assert reply is not None and [status(reply.series, BOB)] == ["DECLINED"]
    assert reply.series.components[0].value("RECURRENCE-ID") == "20260119T100000Z"


def test_nobody_takes_themselves_off_the_list_of_who_is_invited() -> None:
    """RFC 6638 §3.2.2.1"""
    without = stored(*(line for line in meeting() if "bob" not in line))
    assert not itip.may_change(stored(*meeting()), without, BOB)
