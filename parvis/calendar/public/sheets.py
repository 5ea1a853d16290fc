"""Booking pages as HTML: days beside their times, then who comes. What is chosen shows what comes next by style
alone; where a browser cannot do that, everything is shown below each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

from parvis.access.principal import Principal
from parvis.calendar.public.store import Booking, Page
from parvis.calendar.public.words import clock, day, length, month, say, weekdays
from parvis.kernel.languages import Language
from parvis.serve.http import sheet
from parvis.serve.http.exchange import Response
from parvis.wire.ical.zones import Zone
from parvis.wire.markup import escape

_STYLE = resources.files(__package__).joinpath("sheets.css").read_text("utf-8")
_DRAWN = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>'  # noqa: E501 - one drawing
_CLOCK = _DRAWN.format('<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>')
_PIN = _DRAWN.format(
    '<path d="M12 21s7-6.3 7-11a7 7 0 0 0-14 0c0 4.7 7 11 7 11z"/><circle cx="12" cy="10" r="2.5"/>'
)
_GLOBE = _DRAWN.format('<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18"/>')
_TICK = _DRAWN.format('<path d="M5 13l4.5 4.5L19 7"/>')
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
Given = Mapping[str, str]
"""What a visitor has filled in already."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at which page: its owner's name, the visitor's language, and the zone whose clocks are shown."""

    page: Page
    owner: Principal
    language: Language
    place: Zone

    @property
    def zone(self) -> str:
        """IANA's name of it."""
        return self.place.iana or self.page.time_zone


def choice(
    visit: Visit,
    starts: Sequence[int],
    given: Given,
    error: str = "",
    found: Booking | None = None,
    status: int = 200,
) -> Response:
    """The times that are free, and the fields of who books; for a booking that is moved only the times."""
    language, page = visit.language, visit.page
    said = f'<p class="error" role="alert">{escape(say(error, language))}</p>' if error else ""
    if not starts:
        body = f'{_about(visit)}<div class="done">{said}<p>{escape(say("none", language))}</p></div>'
        return sheet.page(language, page.title, body, status, style=_STYLE, wide=True)
    days = dict[date, list[int]]()
    for start in starts:
        days.setdefault(visit.place.to_local(start).date(), []).append(start)
    wanted = given.get("start", "")
    chosen = next((each for each, held in days.items() if wanted in map(str, held)), next(iter(days)))
    action = f"/book/{page.token}" + (f"/{found.token}" if found else "")
    word = escape(say("book" if found is None else "move", language))
    inside = _days(language, days, chosen) + _times(visit, days, wanted)
    fields = _guest(language, given) if found is None else ""
    form = (
        f'<form class="book" method="post" action="{action}">{said}{inside}<div class="guest">{fields}'
        f'<input type="hidden" name="zone" value="{escape(visit.zone)}">'
        f'<div><button name="do" value="book">{word}</button></div></div></form>'
    )
    shown = "".join(f"form:has(#d{each}:checked) #t{each}{{display:block}}" for each in days)
    style = f"{_STYLE}@supports selector(:has(*)){{{shown}}}"
    return sheet.page(language, page.title, _about(visit) + form, status, style=style, wide=True)


def booked(visit: Visit, found: Booking) -> Response:
    """What was booked, with the ways to move and to cancel it."""
    language, local = visit.language, visit.place.to_local(found.start_ms)
    when = f"{day(local.date(), language)}, {clock(local)} ({visit.zone})"
    place = f"<p>{escape(visit.page.place)}</p>" if visit.page.place else ""
    body = (
        f'<div class="done"><span class="tick">{_TICK}</span><h1>{escape(say("booked", language))}</h1>'
        f'<div><p class="when">{escape(when)}</p>'
        f"<p>{escape(visit.page.title)} · {escape(visit.owner.name)}</p>{place}</div>"
        f"<p>{escape(say('told', language, email=found.guest))}</p>"
        f'<p class="quiet">{escape(say("keep", language))}</p>'
        f'<form class="acts" method="post"><a class="button line" href="?change&amp;zone={escape(visit.zone)}">'
        f"{escape(say('change', language))}</a>"
        f'<button class="line off" name="do" value="cancel">{escape(say("cancel", language))}</button></form></div>'
    )
    return sheet.page(language, say("booked", language), body, style=_STYLE)


def cancelled(language: Language, page: Page) -> Response:
    """It was called off; the way to another booking."""
    again = f'<a class="button line" href="/book/{page.token}">{escape(say("again", language))}</a>'
    title = escape(say("cancelled", language))
    body = f'<div class="done"><h1>{title}</h1><p>{escape(page.title)}</p>{again}</div>'
    return sheet.page(language, say("cancelled", language), body, style=_STYLE)


def sentence(language: Language, key: str, status: int) -> Response:
    """A page of one sentence; of a link that leads nowhere also whom to ask."""
    return sheet.sentence(language, say(key, language), status, ask=key == "gone")


def _about(visit: Visit) -> str:
    page, language = visit.page, visit.language
    place = f"<li>{_PIN}<span>{escape(page.place)}</span></li>" if page.place else ""
    about = f"<p>{escape(page.about)}</p>" if page.about else ""
    return (
        f'<header class="who">{sheet.owner(visit.owner.name)}<h1>{escape(page.title)}</h1><ul class="facts">'
        f"<li>{_CLOCK}<span>{escape(length(page.minutes, language))}</span></li>{place}"
        f"<li>{_GLOBE}{_zones(visit)}</li></ul>{about}</header>"
    )


def _zones(visit: Visit) -> str:
    """In which zone the times are, and the way to another."""
    options = "".join(
        f"<option{' selected' if each == visit.zone else ''}>{each}</option>" for each in _known(visit.zone)
    )
    language = visit.language
    return (
        f"<details><summary>{escape(say('zone', language, zone=visit.zone))}</summary>"
        f'<form class="zone" method="get"><label><span class="sr">{escape(say("zones", language))}</span>'
        f'<select name="zone">{options}</select></label><input type="hidden" name="change" value="">'
        f'<button class="line">{escape(say("show", language))}</button></form></details>'
    )


@cache
def _all_zones() -> tuple[str, ...]:
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return tuple(sorted(each for each in names if each.partition("/")[0] in _REGIONS))


def _known(own: str) -> Sequence[str]:
    return _all_zones() if own in _all_zones() else (own, *_all_zones())


def _days(language: Language, days: Mapping[date, Sequence[int]], chosen: date) -> str:
    """Months, with the days that have times to be pressed."""
    months = sorted({each.replace(day=1) for each in days})
    inside = "".join(_month(language, first, days, chosen) for first in months)
    return f"<fieldset><legend>{escape(say('choose', language))}</legend>{inside}</fieldset>"


def _month(language: Language, first: date, days: Mapping[date, Sequence[int]], chosen: date) -> str:
    last = (first + timedelta(days=31)).replace(day=1)
    held = [each for each in days if first <= each < last]
    begin = max(min(held) - timedelta(days=min(held).weekday()), first - timedelta(days=first.weekday()))
    end = max(held) + timedelta(days=6 - max(held).weekday())
    cells = list[str]()
    for n in range((end - begin).days + 1):
        at = begin + timedelta(days=n)
        if not first <= at < last:
            cells.append("<span></span>")
        elif at not in days:
            cells.append(f'<span class="none">{at.day}</span>')
        else:
            said = escape(f"{day(at, language)}, {say('free', language, count=str(len(days[at])))}")
            ticked = " checked" if at == chosen else ""
            cells.append(
                f'<label><input type="radio" name="day" id="d{at}" value="{at}" aria-label="{said}"{ticked}>'
                f"{at.day}</label>"
            )
    heads = "".join(f'<span class="head" aria-hidden="true">{each}</span>' for each in weekdays(language))
    name = escape(month(first, language))
    return f'<div class="month"><h2>{name}</h2><div class="grid">{heads}{"".join(cells)}</div></div>'


def _times(visit: Visit, days: Mapping[date, Sequence[int]], wanted: str) -> str:
    """The times of each day."""
    found, language = list[str](), visit.language
    for each, starts in days.items():
        pills = "".join(
            f'<label><input type="radio" name="start" value="{start}" required'
            f"{' checked' if str(start) == wanted else ''}>{clock(visit.place.to_local(start))}</label>"
            for start in starts
        )
        found.append(
            f'<div id="t{each}"><h2>{escape(day(each, language))}</h2><div class="slots">{pills}</div></div>'
        )
    legend = f'<legend class="sr">{escape(say("times", language))}</legend>'
    return f'<fieldset class="times">{legend}{"".join(found)}</fieldset>'


def _guest(language: Language, given: Given) -> str:
    fields = (("name", "text", "name"), ("email", "email", "email"))
    inside = "".join(
        f'<label>{escape(say(name, language))}<input name="{name}" type="{kind}" autocomplete="{auto}" required '
        f'maxlength="200" value="{escape(given.get(name, ""))}"></label>'
        for name, kind, auto in fields
    )
    note = escape(given.get("note", "")[:2_000])
    field = f'<textarea name="note" rows="3" maxlength="2000">{note}</textarea>'
    return f"{inside}<label>{escape(say('note', language))}{field}</label>"
