"""A series cut in two has together the instances that it had."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.wire.ical import calendar
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.split import split
from tests.wire.ical.test_recurrence import sets
from tests.wire.ical.texts import ms, read, series


@settings(max_examples=120, deadline=None)
@given(sets(), st.integers(1, 8))
def test_together_they_have_the_same(lines: list[str], place: int) -> None:
    found = calendar.resource(read(*lines))
    whole = instances(found, ms(2020), ms(2045), 60)
    if len(whole) <= place or (original := whole[place].recurrence_id) is None:
        return
    start = calendar.resource(read(*lines)).master
    assert start is not None
    if original.ms() <= min(each.recurrence_id.ms() for each in whole if each.recurrence_id):
        return
    before, after = split(found, original.ms(), "new")
    both = [*instances(before, ms(2020), ms(2045), 60), *instances(after, ms(2020), ms(2045), 60)]
    assert (
        sorted((each.start_ms, each.end_ms) for each in both)[:60]
        == [(each.start_ms, each.end_ms) for each in whole][:60]
    )
    assert {after.uid} == {each.value("UID") for each in after.components} == {"new"}
    calendar.check(before)
    calendar.check(after)


def test_what_cannot_be_split() -> None:
    for found in (series("DTSTART:20260101T000000Z"), series("DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY")):
        with pytest.raises(BadCalendar):
            split(found, ms(2026), "new")
