"""Calendars that show what is published elsewhere: fetched through the egress gate, bounded, and refreshed by a
job. Only the feed changes what is in them."""

import asyncio
import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx

from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, events, transfer
from parvis.calendar.calendars import Row as Calendar
from parvis.calendar.draft import Draft
from parvis.kernel import clock
from parvis.kernel.errors import EgressRefused, Invalid, NotFound, OverQuota, TooLarge, Unavailable
from parvis.serve.context import Context
from parvis.store.jobs import Job, Jobs
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent

JOB = "calendar-feed"
EVERY_MS = 6 * 3_600_000
MOST_FEEDS = 50
"""Of one account."""
_LARGEST = 10_000_000
_SECONDS = 30.0
_REDIRECTS = 5
_LONGEST_URL = 2_000


async def subscribe(unit: Unit, principal: Principal, account_id: int, name: str, url: str, color: str = "") -> int:
    """Makes a calendar that follows an address; it is looked at at once. Returns its id. Raises Invalid for an
    address that is none, OverQuota."""
    address = checked(url)
    if await unit.value("SELECT COUNT(*) FROM calendar_feed WHERE account_id = ?", account_id) >= MOST_FEEDS:
        raise OverQuota(f"at most {MOST_FEEDS} calendars of elsewhere")
    number = await calendars.create(unit, account_id, name, color=color)
    await unit.run(
        "INSERT INTO calendar_feed (calendar_id, account_id, url) VALUES (?, ?, ?)", number, account_id, address
    )
    await plan(unit, account_id, number, clock.now_ms())
    return number


def checked(url: str) -> str:
    """An address of the web; `webcal:` is one by https. Raises Invalid."""
    plain = url.strip()
    if plain.lower().startswith(("webcal://", "webcals://")):
        plain = "https" + plain[plain.index(":") :]
    parts = urlsplit(plain)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(plain) > _LONGEST_URL or parts.username:
        raise Invalid("this is no address of a calendar", field="url")
    return plain


async def plan(unit: Unit, account_id: int, calendar_id: int, at_ms: int) -> None:
    """The next look."""
    args = {"calendar": calendar_id, "account": account_id}
    await Jobs.add(unit, JOB, args, key=f"{calendar_id}:{at_ms}", at_ms=at_ms, account_id=account_id)


async def proved(db: Any, principal: Principal, number: int) -> Calendar:
    """A calendar that follows an address, for who may change it. Raises NotFound, Forbidden."""
    _, calendar = await calendars.proved(db, principal, number, Right.WRITE)
    if await db.value("SELECT 1 FROM calendar_feed WHERE calendar_id = ?", number) is None:
        raise NotFound("no such feed")
    return calendar


class Reader:
    """Handles the jobs of kind `calendar-feed`."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    async def handle(self, job: Job) -> None:
        """Looks at an address; what went wrong is said, and tried again the next time."""
        number, account_id = int(job.args["calendar"]), int(job.args["account"])
        row = await self._store.db.row("SELECT url, tag FROM calendar_feed WHERE calendar_id = ?", number)
        if row is None:
            return
        error, tag, drafts = "", row[1], None
        try:
            content, tag = await self._fetch(row[0], row[1])
            if content is not None:
                drafts, _ = await asyncio.to_thread(transfer.read, content)
        except (EgressRefused, Unavailable, TooLarge, BadContent) as failed:
            error = failed.sentence
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failed:
            error = f"it does not answer: {type(failed).__name__}"

        async def work(unit: Unit) -> None:
            await self._kept(unit, account_id, number, drafts, tag, error)

        await self._store.write(work)

    async def _kept(
        self, unit: Unit, account_id: int, number: int, drafts: list[Draft] | None, tag: str, error: str
    ) -> None:
        calendar = (await calendars.by_ids(unit, [number])).get(number)
        if calendar is None:
            return
        if drafts is not None:
            await replace_all(unit, account_id, number, drafts)
        now = clock.now_ms()
        await unit.run(
            "UPDATE calendar_feed SET tag = ?, refreshed_ms = ?, error = ? WHERE calendar_id = ?",
            tag,
            now,
            error[:500],
            number,
        )
        await calendars.touched(unit, calendar)
        await plan(unit, account_id, number, now + EVERY_MS)

    async def _fetch(self, url: str, tag: str) -> tuple[bytes | None, str]:
        """What is there, with its tag; None when that has not changed. Raises what `handle` says."""
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            self._context.egress.check("calendar-feed", host, port, "a calendar that is followed")
            address = await self._address(host)
            target = httpx.URL(url).copy_with(host=address, fragment=None)
            headers = {"Host": parts.netloc.rpartition("@")[2], "Accept": "text/calendar"}
            headers |= {"If-None-Match": tag} if tag else {}
            async with self._context.egress.http("calendar-feed", timeout=_SECONDS) as client:
                request = client.build_request("GET", target, headers=headers, extensions={"sni_hostname": host})
                answer = await client.send(request, stream=True)
                try:
                    if answer.is_redirect and answer.headers.get("location"):
                        url = checked(str(httpx.URL(url).join(answer.headers["location"])))
                        continue
                    if answer.status_code == 304:
                        return None, tag
                    if not answer.is_success:
                        raise Unavailable(f"it answers {answer.status_code}")
                    return await _body(answer), answer.headers.get("etag", "")[:200]
                finally:
                    await answer.aclose()
        raise Unavailable("it sends from one place to the next")

    async def _address(self, host: str) -> str:
        """Where a host is, which is never inside: neither this machine nor its network, unless the settings name
        it. Raises Unavailable."""
        if host in self._context.settings.egress_allow:
            return host
        resolver = self._context.resolver
        found = [*await resolver.addresses(host, 4), *await resolver.addresses(host, 6)]
        if not found or not all(ipaddress.ip_address(each).is_global for each in found):
            raise Unavailable(f"{host} is not outside")
        return found[0]


async def _body(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > _LARGEST:
            raise TooLarge(f"a feed has at most {_LARGEST} bytes", limit=_LARGEST)
    return bytes(content)


async def replace_all(unit: Unit, account_id: int, calendar_id: int, drafts: list[Draft]) -> None:
    """Makes a calendar show exactly these events; one whose UID another calendar of the account has is left out."""
    rows = await unit.rows(f"SELECT {events.ROW} FROM calendar_event e WHERE e.calendar_id = ?", calendar_id)
    present = {row.uid: row for row in (events.Row(*each) for each in rows)}
    for each in {one.uid: one for one in drafts}.values():
        known = present.pop(each.uid, None)
        if known is None:
            if await events.by_uid(unit, account_id, each.uid) is None:
                await events.insert(unit, account_id, calendar_id, each)
        elif known.etag != each.etag:
            await events.replace(unit, known, each)
    for gone in present.values():
        await events.delete(unit, gone)
