"""Files of events for guests elsewhere, who cannot sign in: an address of their own for each, that comes with the
invitation. It is good as long as the file is with the event and they are invited to it, and until some days after
the event is over."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from parvis.access import limits
from parvis.calendar import attachments
from parvis.calendar.draft import parsed
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, RateLimited
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.rates import Rate
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.contentlines import Component, Property
from parvis.wire.ical import itip, managed
from parvis.wire.ical.itip.message import attendees

_DAY_MS = 86_400_000


async def opened(unit: Unit, account_id: int, message: itip.Message, address: str, base: str) -> itip.Message:
    """A message for a guest elsewhere: the files of an account's event are where this guest can read them, and lose
    the ids that only this server knows."""
    numbers = [number for each in sorted(managed.ids_of(message.series)) if (number := ids.parse(each))]
    if not numbers:
        return message
    rows = await unit.rows(
        f"SELECT id, name FROM calendar_attachment WHERE account_id = ? AND id IN {marks(len(numbers))}",
        account_id,
        *numbers,
    )
    places = {ids.text(number): await _place(unit, account_id, number, address) for number, _ in rows}
    names = {ids.text(number): name for number, name in rows}
    hrefs = {each: f"{base}/published/files/{places[each]}/{quote(names[each], safe='')}" for each in places}
    whole = message.calendar
    return itip.read(Component(whole.name, whole.properties, [_shown(each, hrefs) for each in whole.components]))


async def _place(unit: Unit, account_id: int, number: int, address: str) -> str:
    """The token of a guest for a file: one for all letters about it."""
    await unit.run(
        f"""INSERT INTO calendar_guest_file (token, account_id, attachment_id, address) VALUES {marks(4)}
        ON CONFLICT (attachment_id, address) DO NOTHING""",
        ids.token(),
        account_id,
        number,
        address.lower(),
    )
    found = "SELECT token FROM calendar_guest_file WHERE attachment_id = ? AND address = ?"
    return str(await unit.value(found, number, address.lower()))


def _shown(given: Component, hrefs: Mapping[str, str]) -> Component:
    def one(each: Property) -> Property:
        href = hrefs.get(each.param(managed.MANAGED_ID)) if each.name == "ATTACH" else None
        kept = {name: value for name, value in each.params.items() if name != managed.MANAGED_ID}
        return each if href is None else each.changed(href, kept)

    return Component(given.name, [one(each) for each in given.properties], given.components)


class GuestFileDoor:
    """`/published/files/TOKEN/NAME`"""

    def __init__(self, context: Context) -> None:
        self._store, self._settings = context.store, context.settings.calendar
        self._rates = Rate(60, 60)

    def routes(self) -> Sequence[Route]:
        """The route."""
        return [Route("GET", "/published/files/{token}/{name}", self.show, "open")]

    async def show(self, request: Request) -> Response:
        """A file, for who has the address of it."""
        if not self._rates.take(limits.network(request.remote)):
            raise RateLimited("too many files; ask again in a minute")
        row = await self._store.db.row(
            f"""SELECT {attachments.COLUMNS}, e.last_ms, e.etag, o.data, g.address FROM calendar_guest_file g
            JOIN calendar_attachment a ON a.id = g.attachment_id JOIN calendar_event e ON e.id = a.event_id
            JOIN calendar_object o ON o.event_id = e.id
            JOIN principal p ON p.id = a.account_id AND p.disabled_ms IS NULL WHERE g.token = ?""",
            request.params["token"],
        )
        if row is None:
            raise NotFound("this file is not here, or no longer")
        last_ms, etag, data, address = row[7:]
        invited = any(f"mailto:{address}" in attendees(each) for each in parsed(etag, data).components)
        if not invited or clock.now_ms() >= last_ms + self._settings.guest_files_days * _DAY_MS:
            raise NotFound("this file is not here, or no longer")
        headers = [("x-robots-tag", "noindex"), ("referrer-policy", "no-referrer")]
        return attachments.answer(self._store, attachments.Row(*row[:7]), headers)
