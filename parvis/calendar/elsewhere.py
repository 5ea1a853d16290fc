"""When people of other servers are busy: by the address that their card names, else by what their own server
publishes of them. Of whom nothing is published nothing is known, and nothing outside of the time that is.
RFC 2739 §2.4, RFC 5545 §3.6.4, RFC 7033"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from parvis.access.principal import Principal
from parvis.calendar.outside import Outside, checked
from parvis.kernel import clock
from parvis.kernel.errors import EgressRefused, Invalid, TooLarge, Unavailable
from parvis.kernel.recent import Recent
from parvis.serve.context import Context
from parvis.serve.freebusy import FreeBusyLinks
from parvis.wire.contentlines import BadContent, Limits
from parvis.wire.ical import calendar, freebusy
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.freebusy import Busy
from parvis.wire.ical.moments import Zones, of_property
from parvis.wire.ical.span import Span

REL = "urn:parvis:free-busy"
"""The relation of a person's address to where their free-busy is. RFC 7033 §4.4.4.1"""
MOST = 20
"""People elsewhere of one question."""
_LIMITS = Limits(bytes=1_000_000, lines=40_000, depth=6, components=5_000, properties=40_000, params=64)
_AT_ONCE = 5
_SECONDS = 5.0
_ALL_SECONDS = 8.0
"""For all of one question; whoever has not answered until then is unknown."""
_KEPT = 500
_FRESH_MS = 120_000
_MOST_PERIODS = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """When somebody is busy, in order and without overlaps, and the times that this is said of."""

    busy: tuple[Busy, ...]
    spans: tuple[Span, ...]


class Elsewhere:
    """Asks other servers; what one answered is kept for two minutes."""

    def __init__(self, context: Context) -> None:
        self._context, self._outside = context, Outside(context)
        self._kept: Recent[str, tuple[int, bytes | None]] = Recent(_KEPT)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def busy(self, principal: Principal, addresses: Sequence[str], span: Span) -> dict[str, Known]:
        """What is published of these people (addresses in lower case) about a window; of whom there is nothing, or
        nobody answers, there is no entry."""
        links = self._context.services.get(FreeBusyLinks)
        wanted = list(dict.fromkeys(addresses))[:MOST]
        urls: Mapping[str, str] = await links.of(principal, wanted) if links is not None else {}
        asking = {each: asyncio.create_task(self._one(each, urls.get(each, ""), span)) for each in wanted}
        if asking:
            await asyncio.wait(asking.values(), timeout=_ALL_SECONDS)
        for task in asking.values():
            task.cancel()
        done = {each: task.result() for each, task in asking.items() if task.done() and not task.cancelled()}
        return {each: known for each, known in done.items() if known is not None}

    async def _one(self, address: str, url: str, span: Span) -> Known | None:
        async with self._turns:
            content = await self._get(url or await self._announced(address))
        if content is None:
            return None
        try:
            return await asyncio.to_thread(read, content, span)
        except (BadCalendar, BadContent):
            return None

    async def _announced(self, address: str) -> str:
        """Where the person's own server says that their free-busy is. RFC 7033 §4.1"""
        domain = address.rpartition("@")[2]
        resource = quote(f"acct:{address}", safe="")
        asked = f"https://{domain}/.well-known/webfinger?resource={resource}&rel={quote(REL, safe='')}"
        content = await self._get(asked, "application/jrd+json")
        try:
            said: Any = msgspec.json.decode(content or b"{}")
            links = said.get("links", [])
            return next((each["href"] for each in links if each.get("rel") == REL and "href" in each), "")
        except (msgspec.DecodeError, AttributeError, TypeError):
            return ""

    async def _get(self, url: Any, accept: str = "text/calendar") -> bytes | None:
        """What is at an address; None for nothing."""
        try:
            address = checked(url) if isinstance(url, str) else ""
        except Invalid:
            return None
        if not address:
            return None
        kept_ms, content = self._kept.get(address, (0, None))
        if clock.now_ms() - kept_ms < _FRESH_MS:
            return content
        try:
            content, _ = await self._outside.get(address, largest=_LIMITS.bytes, seconds=_SECONDS, accept=accept)
        except (EgressRefused, Unavailable, TooLarge, Invalid):
            content = None
        self._kept[address] = (clock.now_ms(), content)
        return content


def read(content: bytes, span: Span) -> Known:
    """What a file of free-busy, or a calendar that shows only that, says of a window. Raises BadCalendar,
    BadContent."""
    whole = calendar.read(content, _LIMITS)
    found, spans, zones = list[Busy](), list[Span](), Zones(whole)
    told = [each for each in whole.components if each.name == "VFREEBUSY"]
    for each in told:
        start, end = (of_property(each, name, zones) for name in ("DTSTART", "DTEND"))
        if start is not None and end is not None and end.ms() > start.ms():
            spans.append(Span(start.ms(), end.ms()))
        found += freebusy.busy(calendar.Series("VFREEBUSY", "", each, [], zones), span)
    if not told:
        budget = Budget()
        for series in calendar.series_of(whole).values():
            found += freebusy.busy(series, span, budget=budget)
        spans.append(span)
        if budget.spent:
            raise BadCalendar("there is too much in this calendar", reason="many")
    if len(found) > _MOST_PERIODS:
        raise BadCalendar("there is too much in this time", reason="many")
    good = [each for each in found if each.end_ms > each.start_ms]
    return Known(tuple(freebusy.together(good)), tuple(sorted(spans, key=lambda each: each.start_ms)))
