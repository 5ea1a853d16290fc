"""DAVx5 as it asks and reads, for tests: a new account is found and kept in step, with its property lists, headers,
bodies and decisions. Nothing here is more forgiving than it is."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

import httpx

NAMES = {
    "": "DAV:",
    "CAL": "urn:ietf:params:xml:ns:caldav",
    "CARD": "urn:ietf:params:xml:ns:carddav",
    "CS": "http://calendarserver.org/ns/",
    "ICAL": "http://apple.com/ns/ical/",
    "PUSH": "https://bitfire.at/webdav-push",
}
_SERVICES = {
    "caldav": (
        "calendar-access",
        "{CAL}calendar-home-set",
        "resourcetype displayname current-user-principal current-user-privilege-set CAL:calendar-home-set"
        " CAL:supported-calendar-component-set ICAL:calendar-color CAL:calendar-description CAL:calendar-timezone",
        "displayname group-membership resourcetype CAL:calendar-home-set CS:calendar-proxy-read-for"
        " CS:calendar-proxy-write-for",
        "current-user-privilege-set displayname owner resourcetype PUSH:transports PUSH:topic ICAL:calendar-color"
        " CAL:calendar-description CAL:calendar-timezone CAL:calendar-timezone-id"
        " CAL:supported-calendar-component-set CS:source",
        "{CAL}calendar",
    ),
    "carddav": (
        "addressbook",
        "{CARD}addressbook-home-set",
        "resourcetype displayname current-user-principal CARD:addressbook-home-set CARD:addressbook-description",
        "displayname group-membership resourcetype CARD:addressbook-home-set",
        "current-user-privilege-set displayname owner resourcetype PUSH:transports PUSH:topic"
        " CARD:addressbook-description",
        "{CARD}addressbook",
    ),
}
_BATCH = 10
_REDIRECTS = 5


def name(short: str) -> str:
    """The name of `CAL:calendar-data`, or of `{CAL}calendar-data`, as ElementTree writes it."""
    space, _, local = short.strip("{").replace("}", ":").rpartition(":")
    return f"{{{NAMES[space]}}}{local}"


def _props(names: str) -> str:
    return "".join(
        f'<{each.rpartition(":")[2]} xmlns="{NAMES[each.rpartition(":")[0]]}" />' for each in names.split()
    )


@dataclass
class Response:
    """One response: its href made absolute, its status, and the properties that are there (2xx)."""

    href: str
    status: int
    props: dict[str, ElementTree.Element]

    def text(self, short: str) -> str:
        """The text of a property; empty without it."""
        found = self.props.get(name(short))
        return (found.text or "").strip() if found is not None else ""

    def inside(self, short: str) -> list[ElementTree.Element]:
        """The elements of a property."""
        found = self.props.get(name(short))
        return list(found) if found is not None else []

    def hrefs(self, short: str) -> list[str]:
        """The addresses of a property."""
        return [each.text or "" for each in self.inside(short) if each.tag == "{DAV:}href"]


@dataclass
class Local:
    """What the phone has of one entry."""

    etag: str
    schedule_tag: str
    data: str


@dataclass
class Collection:
    """What it shows of a calendar or an address book."""

    url: str
    title: str
    types: set[str]
    writes: bool
    unbinds: bool
    owner: str
    color: str
    components: set[str]
    entries: dict[str, Local] = field(default_factory=dict)
    token: str = ""


class Davx5:
    """One account on a phone."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.homes: list[str] = []
        self.address = ""

    async def _ask(self, method: str, url: str, body: str = "", **headers: str) -> httpx.Response:
        """Redirects are followed as often as five times, with the method and the body."""
        sent = {"accept": "text/xml, application/xml;q=0.9"} if body else {}
        sent |= {"content-type": "application/xml; charset=utf-8"} if body else {}
        sent |= {key.replace("_", "-"): value for key, value in headers.items()}
        for _ in range(_REDIRECTS):
            answer = await self.http.request(method, url, content=body.encode(), headers=sent)
            if answer.status_code not in (301, 302, 307, 308):
                return answer
            url = urljoin(str(answer.request.url), answer.headers["location"])
        raise AssertionError("too many redirects")

    async def multistatus(
        self, method: str, url: str, body: str, **headers: str
    ) -> tuple[list[Response], dict[str, str]]:
        """The responses, and what else is in the Multi-Status (DAV:sync-token)."""
        answer = await self._ask(method, url, "<?xml version='1.0' encoding='UTF-8' ?>" + body, **headers)
        assert answer.status_code == 207, f"{method} {url}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"].partition(";")[0] in ("application/xml", "text/xml")
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "{DAV:}multistatus"
        found = [_response(str(answer.request.url), each) for each in root.iterfind("{DAV:}response")]
        return found, {each.tag: each.text or "" for each in root if each.tag != "{DAV:}response"}

    async def propfind(self, url: str, names: str, depth: int = 0) -> list[Response]:
        """PROPFIND."""
        body = f'<propfind xmlns="DAV:"><prop>{_props(names)}</prop></propfind>'
        return (await self.multistatus("PROPFIND", url, body, depth=str(depth)))[0]

    async def provides(self, url: str, capability: str) -> bool:
        """OPTIONS of a principal."""
        answer = await self._ask("OPTIONS", url, content_length="0", accept_encoding="identity")
        assert answer.is_success
        return capability in [each.strip() for each in answer.headers["dav"].split(",")]

    async def find(self, service: str, base: str = "/") -> list[Collection]:
        """All that a new account shows: from an address without a path, by the well-known one, to the collections."""
        capability, home_set, at_base, at_principal, at_home, kind = _SERVICES[service]
        principal = ""
        try:
            for each in await self.propfind(base, at_base):
                principal = _principal(each) or principal
        except AssertionError:
            for each in await self.propfind(f"/.well-known/{service}", "current-user-principal"):
                principal = _principal(each)
        assert principal and await self.provides(principal, capability)
        if service == "caldav":
            (told,) = await self.propfind(principal, "CAL:calendar-user-address-set")
            mails = [each for each in told.hrefs("CAL:calendar-user-address-set") if each.startswith("mailto:")]
            self.address = mails[0].removeprefix("mailto:")
        (told,) = await self.propfind(principal, at_principal)
        self.homes = [urljoin(told.href, each).rstrip("/") + "/" for each in told.hrefs(home_set)]
        found = [each for home in self.homes for each in await self.propfind(home, at_home, depth=1)]
        made = [_collection(each) for each in found if each.status == 200]
        return [each for each in made if name(kind) in each.types]

    async def synchronise(self, book: Collection, kind: str = "CAL") -> None:
        """One run for a collection: what it can do, what has changed, ten entries at a time."""
        (able,) = await self.propfind(
            book.url,
            "supported-report-set sync-token CS:getctag CAL:max-resource-size CARD:max-resource-size"
            " CARD:supported-address-data",
        )
        reports = {each.tag for each in able.props[name("supported-report-set")].iter()}
        assert name("sync-collection") in reports
        if able.text("sync-token") == book.token:
            return
        further = True
        while further:
            further = await self._changes(book, kind)

    async def _changes(self, book: Collection, kind: str) -> bool:
        body = (
            f'<sync-collection xmlns="DAV:"><sync-token>{book.token}</sync-token><sync-level>1</sync-level>'
            f"<prop>{_props('getetag resourcetype')}</prop></sync-collection>"
        )
        found, more = await self.multistatus("REPORT", book.url, body, depth="0")
        further, wanted = False, []
        for each in found:
            if each.href == book.url:
                further = each.status == 507
                continue
            last = each.href.removeprefix(book.url)
            assert "/" not in last, each.href
            if each.status == 404:
                book.entries.pop(last, None)
            elif name("{}collection") not in {one.tag for one in each.inside("resourcetype")}:
                known = book.entries.get(last)
                if known is None or known.etag != each.text("getetag"):
                    wanted.append(each.href)
        for start in range(0, len(wanted), _BATCH):
            await self._fetch(book, wanted[start : start + _BATCH], kind)
        book.token = more["{DAV:}sync-token"]
        return further

    async def _fetch(self, book: Collection, hrefs: list[str], kind: str) -> None:
        """A multiget; that of calendars has no Depth."""
        paths = "".join(f"<href>{httpx.URL(each).raw_path.decode()}</href>" for each in hrefs)
        if kind == "CAL":
            asked, data = f"{_props('getcontenttype getetag CAL:schedule-tag CAL:calendar-data')}", "calendar-data"
            body, extra = "calendar-multiget", {}
        else:
            asked = (
                f"{_props('getcontenttype getetag')}"
                f'<address-data xmlns="{NAMES["CARD"]}" content-type="text/vcard" version="4.0" />'
            )
            data, body, extra = "address-data", "addressbook-multiget", {"depth": "0"}
        words = (
            f'<{kind}:{body} xmlns="DAV:" xmlns:{kind}="{NAMES[kind]}"><prop>{asked}</prop>{paths}</{kind}:{body}>'
        )
        found, _ = await self.multistatus("REPORT", book.url, words, **extra)
        assert sorted(each.href for each in found) == sorted(hrefs)
        for each in found:
            assert each.status == 200 and each.text("getetag"), each
            text = each.props[name(f"{kind}:{data}")].text or ""
            tag = each.text("CAL:schedule-tag")
            book.entries[each.href.removeprefix(book.url)] = Local(each.text("getetag"), tag, text)

    async def create(self, book: Collection, file: str, data: str, kind: str = "CAL") -> int:
        """Sends what is new on the phone."""
        return await self._put(book, file, data, kind, {"if-none-match": "*"})

    async def update(self, book: Collection, file: str, data: str, kind: str = "CAL") -> int:
        """Sends what was changed on the phone: on condition of the schedule-tag when there is one, else of the etag."""
        return await self._put(book, file, data, kind, _condition(book.entries[file]))

    async def _put(self, book: Collection, file: str, data: str, kind: str, condition: dict[str, str]) -> int:
        media = "text/calendar; charset=utf-8" if kind == "CAL" else "text/vcard; version=4.0"
        answer = await self.http.put(
            book.url + file, content=data.encode(), headers=condition | {"content-type": media}
        )
        if answer.is_success:  # without an ETag it is fetched again
            book.entries[file] = Local(answer.headers.get("etag", ""), answer.headers.get("schedule-tag", ""), data)
        return answer.status_code

    async def delete(self, book: Collection, file: str) -> int:
        """Sends that something was deleted on the phone. Whatever is answered, it is gone there."""
        known = book.entries.pop(file)
        return (await self.http.delete(book.url + file, headers=_condition(known))).status_code


def _condition(known: Local) -> dict[str, str]:
    if known.schedule_tag:
        return {"if-schedule-tag-match": known.schedule_tag}
    return {"if-match": known.etag} if known.etag else {}


def _response(url: str, given: ElementTree.Element) -> Response:
    href = urljoin(url, given.findtext("{DAV:}href") or "")
    props: dict[str, ElementTree.Element] = {}
    status = _code(given.findtext("{DAV:}status"))
    for each in given.iterfind("{DAV:}propstat"):
        if _code(each.findtext("{DAV:}status")) // 100 == 2:
            props |= {one.tag: one for one in each.find("{DAV:}prop") or []}
    return Response(href, status, props)


def _code(line: str | None) -> int:
    return int(line.split()[1]) if line else 200


def _principal(response: Response) -> str:
    found = response.hrefs("current-user-principal")
    return urljoin(response.href, found[0]) if found else ""


def _collection(each: Response) -> Collection:
    rights = {one.tag for privilege in each.inside("current-user-privilege-set") for one in privilege}
    everything = rights & {name("all"), name("write")}
    components: Any = {one.get("name", "") for one in each.inside("CAL:supported-calendar-component-set")}
    return Collection(
        url=each.href.rstrip("/") + "/",
        title=each.text("displayname"),
        types={one.tag for one in each.inside("resourcetype")},
        writes=bool(everything or name("write-content") in rights),
        unbinds=bool(everything or name("unbind") in rights),
        owner="".join(each.hrefs("owner")),
        color=each.text("ICAL:calendar-color"),
        components=components or {"VEVENT", "VTODO", "VJOURNAL"},
    )
