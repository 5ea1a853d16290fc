"""Words that the room itself writes, in the three languages."""

from parvis.kernel.languages import Language

CALENDAR: dict[Language, str] = {"en": "Calendar", "fr": "Agenda", "vi": "Lịch"}
"""The name of the calendar that everybody begins with."""
BUSY: dict[Language, str] = {"en": "Busy", "fr": "Occupé", "vi": "Bận"}
"""What others see of an event that is private."""
