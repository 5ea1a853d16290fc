"""Small text formats: a visiting card (vCard 4.0, RFC 6350) and an invitation (iCalendar, RFC 5545, RFC 5546)."""

from datetime import datetime

from parvis.kernel import clock
from parvis.ops.demo.files.blocks import Block


def vcard(blocks: list[Block]) -> bytes:
    """A card whose properties are given as `NAME: value`. RFC 6350 §6"""
    lines = ["BEGIN:VCARD", "VERSION:4.0"]
    for block in blocks:
        name, _, value = block.text.partition(":")
        lines.append(f"{name.strip()}:{value.strip()}")
    return "\r\n".join([*lines, "END:VCARD", ""]).encode()


def invitation(
    uid: str,
    summary: str,
    location: str,
    start: datetime,
    end: datetime,
    organizer: tuple[str, str],
    attendees: list[tuple[str, str]],
) -> bytes:
    """A meeting request; people are (name, address) pairs. RFC 5546 §3.2.2"""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Parvis//demo//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_utc(clock.now())}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_escaped(summary)}",
        f"LOCATION:{_escaped(location)}",
        f'ORGANIZER;CN="{organizer[0]}":mailto:{organizer[1]}',
        *(f'ATTENDEE;CN="{name}";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{address}' for name, address in attendees),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(folded for line in lines for folded in _fold(line)).encode()


def _utc(moment: datetime) -> str:
    return f"{clock.from_ms(clock.to_ms(moment)):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """TEXT values escape backslash, comma and semicolon. RFC 5545 §3.3.11"""
    for sign in "\\,;":
        text = text.replace(sign, "\\" + sign)
    return text


def _fold(line: str) -> list[str]:
    """Lines of at most 75 octets, the following ones begun with a space. RFC 5545 §3.1"""
    pieces, current = [], ""
    for letter in line:
        if len((current + letter).encode()) > 74:
            pieces.append(current)
            current = " "
        current += letter
    return [*pieces, current]
