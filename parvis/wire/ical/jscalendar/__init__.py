"""JSCalendar (RFC 8984, as its successor and JMAP Calendars have it: version 2.0) from and to iCalendar.

`events` gives the objects of a series, `components` makes iCalendar of an object. What JSCalendar cannot say stays
in iCalendar: `components` is given the series that was there and rewrites only what has changed, the rest is kept
byte for byte; a reader who asks gets it as `iCalendar` in the object. What iCalendar cannot say stays as JSPROP
properties (draft-ietf-calext-jscalendar-icalendar)."""

from parvis.wire.ical.jscalendar.from_ical import event, events
from parvis.wire.ical.jscalendar.to_ical import components, series

__all__ = ["components", "event", "events", "series"]
