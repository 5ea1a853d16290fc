"""What RFC 7986 adds to iCalendar: in bytes that are kept it stays as it came, and in JSCalendar it is said."""

from parvis.wire.ical import calendar, jscalendar
from tests.wire.ical.texts import event, read, series, text

CONFERENCE = 'CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL="Join, by phone":https://meet.example/a'
IMAGE = "IMAGE;VALUE=URI;DISPLAY=BADGE,X-OURS;FMTTYPE=image/png:https://a.example/a.png"
EMAIL = 'ATTENDEE;CN=Bob;EMAIL="bob@elsewhere.example":urn:uuid:01'


def test_properties_of_the_calendar_are_kept() -> None:
    """RFC 7986 §4, §5.1, §5.2, §5.7, §5.8"""
    given = (
        *("NAME:Équipe", "NAME;LANGUAGE=en:Team", "DESCRIPTION:What we do", "COLOR:turquoise"),
        *("REFRESH-INTERVAL;VALUE=DURATION:P1W", "SOURCE;VALUE=URI:https://a.example/a.ics", "UID:the-calendar"),
        *event("DTSTART:20260105T100000Z"),
    )
    assert calendar.write(read(*given)) == text(*given)


def test_properties_of_an_event_become_those_of_jscalendar_and_come_back() -> None:
    """RFC 7986 §5.9, §5.10, §5.11, §6.1, §6.3, §6.4, RFC 8984 §4.2.6, §4.2.7: values that are not known stay too."""
    before = series("DTSTART:20260105T100000Z", "COLOR:turquoise", CONFERENCE, IMAGE)
    said = jscalendar.event(before)
    (conference,) = said["virtualLocations"].values()
    assert (conference["name"], conference["uri"]) == ("Join, by phone", "https://meet.example/a")
    assert set(conference["features"]) == {"audio", "video"} and said["color"] == "turquoise"
    (image,) = said["links"].values()
    assert (image["rel"], image["href"], set(image["display"])) == (
        "icon",
        "https://a.example/a.png",
        {"badge", "x-ours"},
    )
    (again,) = jscalendar.components(said)
    for name in ("COLOR", "CONFERENCE", "IMAGE"):
        kept, came = again.first(name), before.first.first(name)
        assert kept is not None and came is not None and kept.value == came.value
    changed = jscalendar.series({**said, "title": "New"}, before)
    assert "DISPLAY=BADGE,X-OURS" in calendar.write(calendar.new(changed.components)).decode()


def test_the_address_of_who_is_named_by_something_else() -> None:
    """RFC 7986 §6.2"""
    said = jscalendar.event(series("DTSTART:20260105T100000Z", "ORGANIZER:mailto:ann@example.org", EMAIL))
    assert "bob@elsewhere.example" in {each.get("email") for each in said["participants"].values()}


def test_uids_of_others_are_taken_as_they_are() -> None:
    """RFC 7986 §5.3"""
    assert calendar.resource(read(*event("DTSTART:20260105T100000Z", uid="host.example-1"))).uid == "host.example-1"
