"""When somebody is busy, for people of other servers: at a link, and to be found by their address if they say so.
Nothing is published unless they want it. RFC 2739 §2.4, RFC 7033

And whether colleagues know it: see access.colleagues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from parvis.access import colleagues, directory, limits
from parvis.access.principal import Principal
from parvis.calendar import availability
from parvis.calendar.elsewhere import REL
from parvis.calendar.model import OWN_CAPABILITY, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, NotFound, RateLimited, TooLarge
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.serve.rates import Rate
from parvis.store.unit import Unit
from parvis.wire.contentlines import Property
from parvis.wire.ical import calendar, freebusy
from parvis.wire.ical.span import Span

_DAYS = 90
_DAY_MS = 86_400_000
_BACK_MS = _DAY_MS
Publish = Literal["no", "link", "address"]


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody publishes."""

    token: str
    listed: bool


async def of(db: Any, account_id: int) -> Published | None:
    """What an account publishes; None for nothing."""
    row = await db.row("SELECT token, listed FROM calendar_published WHERE account_id = ?", account_id)
    return None if row is None else Published(row[0], bool(row[1]))


async def publish(unit: Unit, account_id: int, how: Publish) -> None:
    """Publishes, or no longer: a link that was withdrawn never comes back."""
    if how == "no":
        await unit.run("DELETE FROM calendar_published WHERE account_id = ?", account_id)
        return
    await unit.run(
        """INSERT INTO calendar_published (account_id, token, listed, created_ms) VALUES (?, ?, ?, ?)
        ON CONFLICT (account_id) DO UPDATE SET listed = excluded.listed""",
        account_id,
        ids.token(),
        int(how == "address"),
        clock.now_ms(),
    )


class PublishArguments(Arguments):
    """Whether to publish when one is busy: not, at a link, or also by one's address; and whether colleagues know
    it. Null changes nothing."""

    account_id: str
    publish: Publish | None = None
    tells_colleagues: bool | None = None


async def published(call: Call) -> Object:
    """How one's own free-busy is published, and where; whether colleagues know it, and may in this organisation."""
    if not call.access.owner:
        raise MethodError("forbidden", "whoever it is about publishes it")
    how, tells = call.arguments.publish, call.arguments.tells_colleagues

    async def work(unit: Unit) -> None:
        if how is not None:
            await publish(unit, call.account_id, how)
        if tells is not None:
            await colleagues.choose(unit, call.account_id, tells)

    if how is not None or tells is not None:
        await call.context.store.write(work)
    found = await of(call.context.store.db, call.account_id)
    own, everybody = await colleagues.chosen(call.context.store.db, call.account_id)
    base = call.exchange.origin or call.context.public_url
    return {
        "accountId": ids.text(call.account_id),
        "publish": "no" if found is None else "address" if found.listed else "link",
        "url": None if found is None else _url(base, found),
        "tellsColleagues": own,
        "isToldInside": everybody,
    }


def _url(base: str, found: Published) -> str:
    return f"{base}/published/busy/{found.token}.ifb"


METHOD = Method(
    name="Calendar/freeBusy", capability=OWN_CAPABILITY, arguments=PublishArguments, run=published, scope=SCOPE
)


class FreeBusyDoor:
    """`/published/busy/TOKEN.ifb`, and WebFinger for who lets it be found."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store
        self._rates = Rate(60, 60)

    def routes(self) -> Sequence[Route]:
        """Both routes."""
        return [
            Route("GET", "/published/busy/{token}", self.show, "open"),
            Route("GET", "/.well-known/webfinger", self.finger, "open"),
        ]

    async def show(self, request: Request) -> Response:
        """When somebody is busy, from yesterday on for three months, and nothing else."""
        self._paced(request)
        token = request.params["token"].removesuffix(".ifb")
        number = await self._store.db.value("SELECT account_id FROM calendar_published WHERE token = ?", token)
        if number is None:
            raise NotFound("nobody publishes this")
        owner = await directory.by_id(self._store.db, number)
        content = await self._content(owner)
        headers = [
            ("content-type", "text/calendar; charset=utf-8; component=vfreebusy"),
            ("cache-control", "private, max-age=120"),
            ("x-robots-tag", "noindex"),
        ]
        return Response(200, content, headers)

    async def _content(self, owner: Principal) -> bytes:
        begin = clock.now_ms() // _DAY_MS * _DAY_MS - _BACK_MS
        span = Span(begin, begin + _DAYS * _DAY_MS)
        try:
            taken = await availability.of(self._store.db, owner, owner.id, span, own=True, secret=False)
        except (Forbidden, TooLarge) as error:
            raise NotFound("nobody publishes this") from error
        busy = [each.busy for each in taken]
        said = [Property("ORGANIZER", f"mailto:{owner.address}")] if owner.address else []
        made = freebusy.component(busy, span, clock.now_ms(), ids.text(owner.id), said)
        return calendar.write(calendar.new([made], "PUBLISH"))

    async def finger(self, request: Request) -> Response:
        """Where the free-busy of an address is, if whoever has it wants that to be found. RFC 7033 §4"""
        self._paced(request)
        resource = request.query.get("resource", "")
        scheme, _, address = resource.partition(":")
        owner = await directory.by_address(self._store.db, address) if scheme in ("acct", "mailto") else None
        found = await of(self._store.db, owner.id) if owner is not None else None
        if found is None or not found.listed:
            raise NotFound("nothing is known of this")
        links = [{"rel": REL, "type": "text/calendar", "href": _url(self._context.public_url, found)}]
        wanted = request.query.get("rel")
        said = {"subject": resource, "links": [each for each in links if wanted in (None, each["rel"])]}
        headers = [("content-type", "application/jrd+json"), ("access-control-allow-origin", "*")]
        return Response(200, msgspec.json.encode(said), headers)

    def _paced(self, request: Request) -> None:
        if not self._rates.take(limits.network(request.remote)):
            raise RateLimited("too many questions; ask again in a minute")
