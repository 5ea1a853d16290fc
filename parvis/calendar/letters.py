"""Messages to those who take part as letters, for people whose program does not read iCalendar. RFC 6047"""

from datetime import timedelta

from parvis.access.principal import Principal
from parvis.calendar import words
from parvis.kernel.days import colon, written
from parvis.kernel.languages import Language
from parvis.serve.post import Letter
from parvis.wire.contentlines import Component
from parvis.wire.ical import calendar, itip
from parvis.wire.ical.itip.message import mine
from parvis.wire.ical.moments import Moment, Zones, of_property


def letter(sender: Principal, message: itip.Message, address: str) -> Letter:
    """A message as a letter to one address, in the words of who sends it."""
    component, task = message.series.first, message.series.kind == "VTODO"
    title = component.value("SUMMARY") or (words.TASK if task else words.UNTITLED)[sender.language]
    off = calendar.cancelled(component)
    subject = words.subject(sender.language, message.method, answer(message, sender), title, task=task, off=off)
    return Letter(
        account_id=sender.id,
        to=(address,),
        subject=subject[:500],
        text=_text(sender.language, component, message, subject),
        calendar=calendar.write(message.calendar),
        method=message.method,
        followed=True,
    )


def answer(message: itip.Message, sender: Principal) -> str:
    """What who sends it has answered: `ACCEPTED`; empty for what is no answer."""
    if message.method != "REPLY":
        return ""
    own = mine(message.series.first, {f"mailto:{sender.address}"}) or next(
        iter(message.series.first.every("ATTENDEE")), None
    )
    return own.param("PARTSTAT").upper() if own is not None else ""


def _text(language: Language, component: Component, message: itip.Message, subject: str) -> str:
    return "\n".join([subject, "", *facts(language, component, message)]) + "\n"


def facts(language: Language, component: Component, message: itip.Message) -> list[str]:
    """When and where it is and what it is about, line by line."""
    lines = list[str]()
    zones = Zones(message.calendar)
    start = of_property(component, "DTSTART", zones)
    if component.name == "VTODO":
        if (due := of_property(component, "DUE", zones)) is not None:
            lines.append(words.DUE[language] + colon(language) + when(due, due, language))
    elif start is not None:
        length = calendar.length_of(component, start, zones)
        end = start.plus(length.nominal, length.exact)
        lines.append(words.WHEN[language] + colon(language) + when(start, end, language))
    if place := component.value("LOCATION"):
        lines.append(words.WHERE[language] + colon(language) + place[:500])
    if about := component.value("DESCRIPTION"):
        lines += ["", about[:5_000]]
    for each in component.every("ATTACH"):
        if each.param("FILENAME") and each.value.startswith(("https:", "http:")):
            lines.append(f"{words.FILE[language]}{colon(language)}{each.param('FILENAME')} – {each.value}")
    if comment := component.value("COMMENT"):
        lines += ["", comment[:2_000]]
    return lines


def when(start: Moment, end: Moment, language: Language) -> str:
    """From when to when something is, in words: the days, the times, the zone."""
    last = end.local - timedelta(days=1) if start.day and end.local > start.local else end.local
    first_day, last_day = (written(each.date(), language, weekday=True, year=True) for each in (start.local, last))
    if start.day:
        return first_day if first_day == last_day else f"{first_day} – {last_day}"
    zone = f" ({start.zone.name})" if start.zone is not None else ""
    times = f"{first_day}, {start.local:%H:%M}"
    if end.local > start.local:
        times += f" – {last:%H:%M}" if first_day == last_day else f" – {last_day}, {last:%H:%M}"
    return times + zone
