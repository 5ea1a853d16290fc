"""What RFC 5546 asks of messages about events and about tasks, by its sections. tests/wire/ical/test_itip.py follows
whole conversations."""

import pytest

from parvis.wire.ical import calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from tests.wire.ical.test_itip import ANN, BOB, CID, DAN, NOW, PEOPLE, answered, sent, status, wire
from tests.wire.ical.texts import event, read

TIMES = {"VEVENT": ["DTSTART:20260105T100000Z", "DURATION:PT1H"], "VTODO": ["DUE:20260105T100000Z"]}
BOTH = pytest.mark.parametrize("kind", ["VEVENT", "VTODO"])
FROM_BOB = ["ORGANIZER:mailto:ann@example.org", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org"]


def lines(kind: str, *more: str, people: list[str] = PEOPLE) -> list[str]:
    return event(*TIMES[kind], "SUMMARY:Plan", *people, *more, kind=kind)


def stored(kind: str, *more: str, people: list[str] = PEOPLE) -> Series:
    return calendar.resource(read(*lines(kind, *more, people=people)))


def message(method: str, kind: str, *more: str, people: list[str] = PEOPLE) -> itip.Message:
    return itip.read(read(f"METHOD:{method}", *lines(kind, *more, people=people)))


def short(method: str, kind: str, *more: str) -> itip.Message:
    return itip.read(read(f"METHOD:{method}", *event(*more, kind=kind)))


@BOTH
def test_published_things_are_added_and_changed(kind) -> None:
    """RFC 5546 §3.2.1, §3.4.1"""
    shown = itip.received(None, message("PUBLISH", kind, people=PEOPLE[:1]), BOB, NOW)
    assert shown.happened == "added" and shown.series is not None and shown.answer is None
    newer = message("PUBLISH", kind, "SEQUENCE:1", "LOCATION:Hall", people=PEOPLE[:1])
    changed = itip.received(shown.series, newer, BOB, NOW)
    assert changed.happened == "updated" and changed.series is not None
    assert changed.series.first.value("LOCATION") == "Hall"


@BOTH
def test_requests_and_replies(kind) -> None:
    """RFC 5546 §3.2.2, §3.2.3, §3.4.2, §3.4.3"""
    ann = stored(kind)
    (request,) = itip.from_organizer(None, ann, ANN, NOW)
    assert (request.method, len(request.recipients)) == ("REQUEST", 2)
    bob = itip.received(None, wire(request), BOB, NOW).series
    assert bob is not None
    reply = itip.from_attendee(bob, answered(bob, BOB, "ACCEPTED"), BOB, NOW + 1000)
    assert reply is not None
    after = itip.received(ann, wire(reply), ANN, NOW).series
    assert (status(after, BOB), status(after, CID)) == ("ACCEPTED", "NEEDS-ACTION")


def test_an_answer_tells_how_far_a_task_is() -> None:
    """RFC 5546 §3.4.3"""
    far = ["ATTENDEE;PARTSTAT=IN-PROCESS:mailto:bob@example.org", "PERCENT-COMPLETE:40", "STATUS:IN-PROCESS"]
    begun = itip.received(stored("VTODO"), short("REPLY", "VTODO", FROM_BOB[0], *far), ANN, NOW).series
    assert begun is not None and progress(begun) == ["40", "IN-PROCESS", ""]
    after = begun
    for name in ("bob", "cid"):
        assert progress(after)[1] == "IN-PROCESS"  # what several are to do is done when each has
        answer = f"ATTENDEE;PARTSTAT=COMPLETED:mailto:{name}@example.org"
        done = [FROM_BOB[0], answer, "PERCENT-COMPLETE:100", "STATUS:COMPLETED", "COMPLETED:20260104T120000Z"]
        changed = itip.received(after, short("REPLY", "VTODO", *done), ANN, NOW).series
        assert changed is not None
        after = changed
    assert progress(after) == ["100", "COMPLETED", "20260104T120000Z"]
    assert (status(after, BOB), status(after, CID)) == ("COMPLETED", "COMPLETED")


def progress(task: Series) -> list[str]:
    return [task.first.value(name) for name in ("PERCENT-COMPLETE", "STATUS", "COMPLETED")]


@BOTH
def test_what_the_organizer_changes_gets_a_new_number_and_what_an_attendee_answers_does_not(kind) -> None:
    """RFC 5546 §2.1.4, §2.1.5, §3.2.2.1, §3.4.2.1"""
    before = stored(kind)
    later = [each.replace("0105T", "0107T") for each in TIMES[kind]]
    moved = calendar.resource(read(*event(*later, "SUMMARY:Plan", *PEOPLE, kind=kind)))
    assert calendar.sequence(itip.revised(before, moved, ANN).first) == 1
    assert calendar.sequence(itip.revised(before, stored(kind, "PRIORITY:1"), ANN).first) == 0
    reply = itip.from_attendee(before, answered(before, BOB, "ACCEPTED"), BOB, NOW)
    assert reply is not None and calendar.sequence(reply.series.first) == 0


@BOTH
def test_delegating(kind) -> None:
    """RFC 5546 §3.2.2.3, §3.4.2.3, §5.2.2: the organizer hears of it, and takes the answer of whom it was given to."""
    given = 'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.org":mailto:bob@example.org'
    after = itip.received(stored(kind), short("REPLY", kind, FROM_BOB[0], given), ANN, NOW).series
    assert after is not None and (status(after, BOB), status(after, DAN)) == ("DELEGATED", "NEEDS-ACTION")
    taken = 'ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:bob@example.org":mailto:dan@example.org'
    reply = short("REPLY", kind, FROM_BOB[0], taken)
    assert status(itip.received(after, reply, ANN, NOW).series, DAN) == "ACCEPTED"
    said_alone = itip.received(stored(kind), reply, ANN, NOW)
    assert said_alone.series is None
    assert [each.value("ATTENDEE") for each in said_alone.uninvited] == list(DAN)


@BOTH
def test_who_was_handed_it_without_being_invited(kind) -> None:
    """RFC 5546 §3.2.2.6, §3.4.2.4, §3.7.2: what comes is kept though I am not in the list, and my answer is told as
    that of somebody who was not invited."""
    request = message("REQUEST", kind)
    assert itip.received(None, request, DAN, NOW).happened == "added"
    reply = short("REPLY", kind, FROM_BOB[0], "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dan@example.org")
    outcome = itip.received(stored(kind), reply, ANN, NOW)
    assert outcome.series is None
    assert [each.value("ATTENDEE") for each in outcome.uninvited] == list(DAN)


@BOTH
def test_the_organizer_tells_the_answers_of_others(kind) -> None:
    """RFC 5546 §3.2.2.7, §3.4.2.5: without a new number the own answer stays."""
    bob = answered(stored(kind), BOB, "ACCEPTED")
    told = message("REQUEST", kind, people=[*PEOPLE[:3], "ATTENDEE;PARTSTAT=DECLINED:mailto:cid@example.org"])
    after = itip.received(bob, told, BOB, NOW).series
    assert (status(after, BOB), status(after, CID)) == ("ACCEPTED", "DECLINED")


@BOTH
def test_cancelling(kind) -> None:
    """RFC 5546 §3.2.5, §3.4.5, §5.2.1"""
    (cancel,) = itip.from_organizer(stored(kind), None, ANN, NOW)
    assert cancel.method == "CANCEL" and len(cancel.recipients) == 2
    outcome = itip.received(stored(kind), wire(cancel), BOB, NOW)
    assert outcome.happened == "cancelled" and outcome.series is not None
    assert outcome.series.first.value("STATUS") == "CANCELLED"
    assert itip.received(None, wire(cancel), BOB, NOW).happened == "unknown"


@BOTH
def test_refreshing(kind) -> None:
    """RFC 5546 §3.2.6, §3.4.6, §6.1.6: who is invited is sent it again, who is not is told nothing."""
    outcome = itip.received(stored(kind), short("REFRESH", kind, *FROM_BOB), ANN, NOW)
    assert outcome.answer is not None and sent([outcome.answer]) == [("REQUEST", ["bob"])]
    stranger = short("REFRESH", kind, FROM_BOB[0], "ATTENDEE:mailto:dan@example.org")
    refused = itip.received(stored(kind), stranger, ANN, NOW)
    assert refused.happened == "refused" and refused.answer is None


@BOTH
def test_another_time_is_proposed_and_declined(kind) -> None:
    """RFC 5546 §3.2.7, §3.2.8, §3.4.7, §3.4.8: nothing changes by it before the organizer has said so."""
    counter = itip.received(stored(kind), message("COUNTER", kind, people=FROM_BOB), ANN, NOW)
    assert (counter.happened, counter.series, counter.people) == ("countered", None, tuple(BOB))
    declined = itip.received(stored(kind), short("DECLINECOUNTER", kind, FROM_BOB[0]), BOB, NOW)
    assert (declined.happened, declined.series) == ("declined-counter", None)


@BOTH
def test_what_cannot_be_added_to_is_asked_for(kind) -> None:
    """RFC 5546 §3.2.4, §3.4.4"""
    start = [] if kind == "VEVENT" else ["DTSTART:20260104T100000Z"]
    add = message("ADD", kind, "SEQUENCE:1", *start)
    asked = itip.received(None, add, BOB, NOW)
    assert asked.answer is not None and (asked.answer.method, asked.answer.recipients) == ("REFRESH", tuple(ANN))
    added = itip.received(stored(kind, "RRULE:FREQ=WEEKLY;COUNT=2", *start), add, BOB, NOW)
    assert added.happened == "updated" and added.series is not None and len(added.series.components) == 2


def test_an_instance_that_there_is_not() -> None:
    """RFC 5546 §4.7.2: an answer for it changes nothing of the others."""
    alone = itip.received(
        stored("VEVENT", "RECURRENCE-ID:20260105T100000Z"),
        short(
            "REPLY",
            "VEVENT",
            FROM_BOB[0],
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org",
            "RECURRENCE-ID:20300101T100000Z",
        ),
        ANN,
        NOW,
    )
    assert (alone.happened, alone.series) == ("outdated", None)


def test_what_a_message_consists_of() -> None:
    """RFC 5546 §3.1.1, §3.1.2, §3.1.3, §3.7.3: METHOD and one object, the zones that it names, what is not known as
    it was; nobody else's alarms."""
    zone = [
        *("BEGIN:VTIMEZONE", "TZID:Its Own", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0130"),
        *("TZOFFSETTO:+0130", "END:STANDARD", "END:VTIMEZONE"),
    ]
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT5M", "END:VALARM"]
    given = event("DTSTART;TZID=Its Own:20260105T100000", "DURATION:PT1H", *PEOPLE, "X-THEIRS;X-P=1:kept", *alarm)
    (request,) = itip.from_organizer(None, calendar.resource(read(*zone, *given)), ANN, NOW)
    written = calendar.write(request.calendar).decode()
    assert written.count("METHOD:REQUEST") == written.count("BEGIN:VEVENT") == written.count("PRODID:") == 1
    assert "TZID:Its Own" in written and "X-THEIRS;X-P=1:kept" in written and "VALARM" not in written
    arrived = itip.received(None, wire(request), BOB, NOW)
    assert [each.value("TZID") for each in arrived.zones] == ["Its Own"]
    assert arrived.series is not None and arrived.series.first.value("X-THEIRS") == "kept"


def test_what_became_of_a_request_is_kept_in_the_answer() -> None:
    """RFC 5546 §3.6: REQUEST-STATUS is the attendee's, and nothing that an organizer sends."""
    before = stored("VEVENT")
    after = answered(stored("VEVENT", "REQUEST-STATUS:2.0;Success"), BOB, "ACCEPTED")
    reply = itip.from_attendee(before, after, BOB, NOW)
    assert reply is not None and reply.series.first.value("REQUEST-STATUS").startswith("2.0")
    (request,) = itip.from_organizer(None, after, ANN, NOW)
    assert request.series.first.first("REQUEST-STATUS") is None


@pytest.mark.parametrize("method", ["PUBLISH", "ADD", "CANCEL"])
def test_journals_are_no_messages_here(method) -> None:
    """RFC 5546 §3.5, §5.1.4"""
    with pytest.raises(BadCalendar):
        itip.read(read(f"METHOD:{method}", *event("DTSTART:20260105T100000Z", FROM_BOB[0], kind="VJOURNAL")))


@BOTH
def test_the_organizer_is_not_replaced(kind) -> None:
    """RFC 5546 §4.2.11, §6.1.3, §6.2.2"""
    other = [each.replace("ann@", "eve@") for each in PEOPLE]
    for method in ("REQUEST", "CANCEL", "ADD"):
        taken = message(method, kind, "SEQUENCE:9", people=other)
        assert itip.received(stored(kind), taken, BOB, NOW).happened == "refused"


def test_what_is_not_offered_of_the_rest_is_refused_as_a_whole() -> None:
    """RFC 5546 §5.1, §5.1.1, §5.1.3: one object a message, of a kind and with a method that are known."""
    for given in (
        ["METHOD:SING", *lines("VEVENT")],
        ["METHOD:REQUEST", *lines("VEVENT"), *event(*TIMES["VTODO"], *PEOPLE, kind="VTODO", uid="two")],
        ["METHOD:REQUEST", *lines("VTODO", people=[])],
    ):
        with pytest.raises(BadCalendar):
            itip.read(read(*given))
    assert itip.received(stored("VTODO"), message("REQUEST", "VEVENT"), BOB, NOW).happened == "refused"
