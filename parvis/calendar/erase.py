"""Erasing the calendars of an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.store.store import Store

_MINE = "account_id = ?"
_OF_EVENTS = "event_id IN (SELECT id FROM calendar_event WHERE account_id = ?)"
_OF_CALENDARS = "calendar_id IN (SELECT id FROM calendar WHERE account_id = ?)"
_KEPT = (
    ("calendar_identity", "account_id, address", _MINE),
    ("calendar_proposal", "id", _MINE),
    ("calendar_approver", "account_id, principal_id", _MINE),
    ("calendar_approver", "account_id, principal_id", "principal_id = ?"),
    ("calendar_request", "id", _MINE),
    ("calendar_message", "id", _MINE),
    ("calendar_inbox", "id", _MINE),
    ("calendar_letter", "letter_id", _MINE),
    ("calendar_notice", "id", _MINE),
    ("calendar_word", "account_id, field, word, event_id", _MINE),
    ("calendar_object", "event_id", _OF_EVENTS),
    ("calendar_event_person", "event_id, principal_id", _OF_EVENTS),
    ("calendar_event_person", "event_id, principal_id", "principal_id = ?"),
    ("calendar_attachment", "id", _MINE),
    ("calendar_guest_file", "token", _MINE),
    ("calendar_event", "id", _MINE),
    ("calendar_published", "account_id", _MINE),
    ("calendar_link", "id", _MINE),
    ("calendar_link", "id", "created_by = ?"),
    ("calendar_booking", "id", _MINE),
    ("calendar_page", "id", _MINE),
    ("calendar_page", "id", "created_by = ?"),
    ("calendar_feed", "calendar_id", _MINE),
    ("calendar_person", "calendar_id, principal_id", _OF_CALENDARS),
    ("calendar_person", "calendar_id, principal_id", "principal_id = ?"),
    ("calendar", "id", _MINE),
)


async def everything(store: Store, gone: Gone) -> None:
    """Events with their octets and words, what others noted of them and what the account noted elsewhere, then
    calendars. What it organized stays in the calendars of those who were invited: it is theirs."""
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)
