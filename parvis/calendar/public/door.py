"""The pages below /book/: shown without signing in, readable without any script, in the visitor's language."""

from collections.abc import Sequence
from html import escape
from urllib.parse import parse_qs

from parvis.access import directory, limits
from parvis.calendar.public import booking, store
from parvis.calendar.public.store import Booking, Page
from parvis.calendar.public.words import day, say
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from parvis.kernel.languages import Language, closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.rates import Rate
from parvis.wire.ical.zones import UTC, zone
from parvis.wire.smtp import is_address

_MOST_BODY = 20_000
_STYLE = """
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}
main{max-width:40rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.5rem 0;white-space:pre-line}
fieldset{border:0;padding:0;margin:1rem 0}
legend{font-weight:600}
.slots{display:flex;flex-wrap:wrap;gap:.5rem}
.slots label{border:1px solid GrayText;border-radius:.4rem;padding:.3rem .6rem;margin:0}
label{display:block;margin-top:1rem}
input:not([type=radio]),textarea{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1a5fb4;color:#fff;cursor:pointer;
margin-top:1rem}
:focus-visible{outline:3px solid #e66100}
.error{border-inline-start:4px solid #c01c28;padding-inline-start:.75rem}
"""
_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex, nofollow"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    ),
]


class BookingDoor:
    """The handlers."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store
        self._rates = Rate(6, 10)

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return [
            Route("GET", "/book/{token}", self.show, "open"),
            Route("POST", "/book/{token}", self.post, "open"),
            Route("GET", "/book/{token}/{booking}", self.booked, "open"),
            Route("POST", "/book/{token}/{booking}", self.change, "open"),
        ]

    async def show(self, request: Request) -> Response:
        """The times that are free."""
        language = self._language(request)
        page = await store.by_token(self._store.db, request.params["token"])
        if page is None:
            return _sentence(language, "gone", 404)
        return await self._slots(language, page)

    def _language(self, request: Request) -> Language:
        return closest(request.headers.get("accept-language", ""), self._context.settings.language)

    async def _slots(
        self, language: Language, page: Page, error: str = "", found: Booking | None = None, status: int = 200
    ) -> Response:
        try:
            starts = await booking.slots(self._store.db, page, clock.now_ms(), found)
        except (NotFound, Forbidden):
            return _sentence(language, "gone", 404)
        owner = await directory.by_id(self._store.db, page.account_id)
        said = f'<p class="error" role="alert">{escape(say(error, language))}</p>' if error else ""
        head = f"<h1>{escape(page.title)}</h1><p>{escape(owner.name)} · {page.minutes} min</p>"
        head += f"<p>{escape(page.about)}</p>" if page.about else ""
        if not starts:
            return _page(language, page.title, f"{head}{said}<p>{escape(say('none', language))}</p>", status)
        action = f"/book/{page.token}" + (f"/{found.token}" if found else "")
        form = f'<form method="post" action="{action}">{_choice(language, page, starts)}'
        form += _guest(language) if found is None else ""
        word = escape(say("book" if found is None else "change", language))
        return _page(
            language, page.title, f'{head}{said}{form}<button name="do" value="book">{word}</button></form>', status
        )

    async def post(self, request: Request) -> Response:
        """A booking."""
        language = self._language(request)
        page = await store.by_token(self._store.db, request.params["token"])
        if page is None:
            return _sentence(language, "gone", 404)
        given = await _form(request)
        start, name, email = (
            _number(given.get("start", "")),
            given.get("name", "").strip(),
            given.get("email", "").strip(),
        )
        if start is None or not name or len(name) > 200 or not is_address(email) or len(email) > 254:
            return await self._slots(language, page, "wrong", status=400)
        if not self._rates.take(limits.network(request.remote)):
            return _sentence(language, "slow", 429)
        note, chosen = given.get("note", "")[:2_000], start
        try:
            made = await self._store.write(lambda unit: booking.book(unit, page, chosen, name, email, note))
        except Conflict:
            return await self._slots(language, page, "taken", status=409)
        except (NotFound, Forbidden):
            return _sentence(language, "gone", 404)
        return Response(303, b"", [("location", f"/book/{page.token}/{made.token}"), ("cache-control", "no-store")])

    async def booked(self, request: Request) -> Response:
        """What was booked, to be moved or cancelled."""
        language = self._language(request)
        page, found = await self._found(request)
        if page is None or found is None:
            return _sentence(language, "gone", 404)
        if "change" in request.query:
            return await self._slots(language, page, found=found)
        local = (zone(page.time_zone) or UTC).to_local(found.start_ms)
        when = f"{day(local.date(), language)}, {local:%H:%M} ({page.time_zone})"
        word = escape(say("cancel", language))
        body = (
            f"<h1>{escape(say('booked', language))}</h1><p>{escape(page.title)}\n{escape(when)}</p>"
            f"<p>{escape(say('told', language, email=found.guest))}\n{escape(say('keep', language))}</p>"
            f'<p><a href="?change">{escape(say("change", language))}</a></p>'
            f'<form method="post"><button name="do" value="cancel">{word}</button></form>'
        )
        return _page(language, page.title, body)

    async def _found(self, request: Request) -> tuple[Page | None, Booking | None]:
        page = await store.by_token(self._store.db, request.params["token"])
        if page is None:
            return None, None
        return page, await store.booking(self._store.db, page, request.params["booking"])

    async def change(self, request: Request) -> Response:
        """Another time, or none."""
        language = self._language(request)
        page, found = await self._found(request)
        if page is None or found is None:
            return _sentence(language, "gone", 404)
        given = await _form(request)
        try:
            if given.get("do") == "cancel":
                await self._store.write(lambda unit: booking.cancel(unit, page, found))
                return _sentence(language, "cancelled", 200)
            start = _number(given.get("start", ""))
            if start is None:
                return await self._slots(language, page, "wrong", found, 400)
            await self._store.write(lambda unit: booking.move(unit, page, found, start))
        except Conflict:
            return await self._slots(language, page, "taken", found, 409)
        except (NotFound, Forbidden):
            return _sentence(language, "gone", 404)
        return Response(
            303, b"", [("location", f"/book/{page.token}/{found.token}"), ("cache-control", "no-store")]
        )


def _page(language: Language, title: str, body: str, status: int = 200) -> Response:
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return Response(status, text.encode(), list(_HEADERS))


def _sentence(language: Language, key: str, status: int) -> Response:
    text = escape(say(key, language))
    return _page(language, text, f"<h1>{text}</h1>", status)


def _choice(language: Language, page: Page, starts: Sequence[int]) -> str:
    """The free times by day, as radio buttons."""
    place, days = zone(page.time_zone) or UTC, dict[str, list[str]]()
    for start in starts:
        local = place.to_local(start)
        days.setdefault(day(local.date(), language), []).append(
            f'<label><input type="radio" name="start" value="{start}" required> {local:%H:%M}</label>'
        )
    inside = "".join(
        f'<h2>{escape(name)}</h2><div class="slots">{"".join(each)}</div>' for name, each in days.items()
    )
    note = escape(say("zone", language, zone=page.time_zone))
    return f"<fieldset><legend>{escape(say('choose', language))}</legend><p>{note}</p>{inside}</fieldset>"


def _guest(language: Language) -> str:
    fields = (("name", "text", "name"), ("email", "email", "email"))
    inside = "".join(
        f'<label for="{name}">{escape(say(name, language))}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{auto}" required maxlength="200">'
        for name, kind, auto in fields
    )
    note = f'<label for="note">{escape(say("note", language))}</label>'
    return f'{inside}{note}<textarea id="note" name="note" rows="4" maxlength="2000"></textarea>'


async def _form(request: Request) -> dict[str, str]:
    body = b"".join([piece async for piece in request.chunks(_MOST_BODY)])
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Invalid("this is no form") from error
    return {name: values[-1] for name, values in found.items()}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
