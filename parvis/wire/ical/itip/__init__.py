"""iTIP (RFC 5546) as pure functions: what becomes of a stored object when a message comes in (`received`), which
messages a change makes (`from_organizer`, `from_attendee`), and what guests see of each other (`told`). Who may
have sent a message is the caller's question: `speakers` names them."""

from parvis.wire.ical.itip.answers import told
from parvis.wire.ical.itip.attendee import (
    as_organized,
    completed,
    declined,
    from_attendee,
    may_change,
    progressed,
    to_delegates,
    unanswered,
)
from parvis.wire.ical.itip.counter import people, times
from parvis.wire.ical.itip.incoming import Outcome, received, with_zones
from parvis.wire.ical.itip.message import Message, delegators, read, speakers
from parvis.wire.ical.itip.organizer import from_organizer
from parvis.wire.ical.itip.revision import revised, with_answers

__all__ = [
    "Message", "Outcome", "as_organized", "completed", "declined", "delegators", "from_attendee",
    "from_organizer", "may_change", "people", "progressed", "read", "received", "revised", "speakers", "times",
    "to_delegates", "told", "unanswered", "with_answers", "with_zones",
]  # fmt: skip
