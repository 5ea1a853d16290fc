"""The room calendar: events in calendars, each shared by itself, over CalDAV and JMAP."""

from parvis.calendar.feature import feature

__all__ = ["feature"]
