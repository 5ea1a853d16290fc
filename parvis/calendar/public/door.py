"""The pages below /book/: shown without signing in, readable without any script, in the visitor's language."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode

from parvis.access import directory, limits
from parvis.calendar.public import booking, sheets, store
from parvis.calendar.public.sheets import Given, Visit
from parvis.calendar.public.store import Booking, Page
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from parvis.kernel.languages import Language, closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.rates import Rate
from parvis.wire.ical.zones import UTC, zone
from parvis.wire.smtp import is_address

_MOST_BODY = 20_000


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
        page = await store.by_token(self._store.db, request.params["token"])
        if page is None:
            return sheets.sentence(self._language(request), "gone", 404)
        return await self._slots(await self._visit(request, page))

    def _language(self, request: Request) -> Language:
        return closest(request.headers.get("accept-language", ""), self._context.settings.language)

    async def _visit(self, request: Request, page: Page, asked: str = "") -> Visit:
        owner = await directory.by_id(self._store.db, page.account_id)
        place = zone((asked or request.query.get("zone", ""))[:100])
        if place is None or not place.iana:
            place = zone(page.time_zone) or UTC
        return Visit(page, owner, self._language(request), place)

    async def _slots(
        self,
        visit: Visit,
        given: Given | None = None,
        error: str = "",
        found: Booking | None = None,
        status: int = 200,
    ) -> Response:
        try:
            starts = await booking.slots(self._store.db, visit.page, clock.now_ms(), found)
        except (NotFound, Forbidden):
            return sheets.sentence(visit.language, "gone", 404)
        return sheets.choice(visit, starts, given or {}, error, found, status)

    async def post(self, request: Request) -> Response:
        """A booking."""
        language = self._language(request)
        page = await store.by_token(self._store.db, request.params["token"])
        if page is None:
            return sheets.sentence(language, "gone", 404)
        given = await _form(request)
        visit = await self._visit(request, page, given.get("zone", ""))
        start, name, email = (
            _number(given.get("start", "")),
            given.get("name", "").strip(),
            given.get("email", "").strip(),
        )
        if start is None or not name or len(name) > 200 or not is_address(email) or len(email) > 254:
            return await self._slots(visit, given, "wrong", status=400)
        if not self._rates.take(limits.network(request.remote)):
            return sheets.sentence(language, "slow", 429)
        note, chosen = given.get("note", "")[:2_000], start
        try:
            made = await self._store.write(lambda unit: booking.book(unit, page, chosen, name, email, note))
        except Conflict:
            return await self._slots(visit, given, "taken", status=409)
        except (NotFound, Forbidden):
            return sheets.sentence(language, "gone", 404)
        return _see(visit, made)

    async def booked(self, request: Request) -> Response:
        """What was booked, to be moved or cancelled."""
        page, found = await self._found(request)
        if page is None or found is None:
            return sheets.sentence(self._language(request), "gone", 404)
        visit = await self._visit(request, page)
        return await self._slots(visit, found=found) if "change" in request.query else sheets.booked(visit, found)

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
            return sheets.sentence(language, "gone", 404)
        given = await _form(request)
        visit = await self._visit(request, page, given.get("zone", ""))
        try:
            if given.get("do") == "cancel":
                await self._store.write(lambda unit: booking.cancel(unit, page, found))
                return sheets.cancelled(language, page)
            start = _number(given.get("start", ""))
            if start is None:
                return await self._slots(visit, given, "wrong", found, 400)
            await self._store.write(lambda unit: booking.move(unit, page, found, start))
        except Conflict:
            return await self._slots(visit, given, "taken", found, 409)
        except (NotFound, Forbidden):
            return sheets.sentence(language, "gone", 404)
        return _see(visit, found)


def _see(visit: Visit, made: Booking) -> Response:
    """Leads to what was booked."""
    place = f"/book/{visit.page.token}/{made.token}"
    if visit.zone != visit.page.time_zone:
        place += f"?{urlencode({'zone': visit.zone})}"
    return Response(303, b"", [("location", place), ("cache-control", "no-store")])


async def _form(request: Request) -> dict[str, str]:
    body = b"".join([piece async for piece in request.chunks(_MOST_BODY)])
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Invalid("this is no form") from error
    return {name: values[-1] for name, values in found.items()}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
