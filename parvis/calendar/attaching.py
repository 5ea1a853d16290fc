"""Files of events by CalDAV: posted to the event, and read at their own address. RFC 8607 §3"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import unquote

from parvis.access.principal import Principal
from parvis.calendar import attachments, draft, events, service
from parvis.calendar.draft import Draft, parsed
from parvis.kernel import ids
from parvis.kernel.errors import NotFound, OverQuota, TooLarge
from parvis.serve.context import Context
from parvis.serve.dav.engine import PROTOCOL
from parvis.serve.dav.tree import Node, Posted, Precondition, Upload
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.blobs import Blob, Library
from parvis.store.unit import Unit
from parvis.wire.contentlines import Property
from parvis.wire.dav.names import caldav, dav
from parvis.wire.ical import managed
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar

_NAME = re.compile(r"filename\*=UTF-8''([^;]+)|filename=\"((?:[^\"\\]|\\.)*)\"|filename=([^;\s]+)", re.IGNORECASE)
_ACTIONS = ("attachment-add", "attachment-update", "attachment-remove")


class Attaching:
    """Files of one server's events."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    def routes(self) -> Sequence[Route]:
        """The route of files."""
        return [Route("GET", "/attachments/{id}/{name}", self.show, protocol=PROTOCOL)]

    async def show(self, request: Request) -> Response:
        """A file, for who may read its event or is invited to it."""
        row = await attachments.readable(self._store.db, request.who, ids.parse(request.params["id"]) or 0)
        return attachments.answer(self._store, row)

    async def resolve(self, library: Library, principal: Principal, account_id: int, given: str) -> Blob | None:
        """A file as a blob, for the same people."""
        number = ids.parse(given.removeprefix(attachments.LETTER))
        try:
            row = await attachments.readable(self._store.db, principal, number or 0)
        except NotFound:
            return None

        def stream(start: int, end: int | None) -> AsyncIterator[bytes]:
            return self._store.blobs.stream(row.hash, start, end)

        return Blob(given, row.size, row.media_type, stream, row.hash)

    async def cloned(self, unit: Unit, made: Draft, account_id: int) -> Draft:
        """A copied event with files of its own."""
        return await attachments.cloned(unit, made, account_id, self._context.public_url)

    async def posted(
        self, principal: Principal, node: Node, headers: Mapping[str, str], query: Mapping[str, str], upload: Upload
    ) -> Posted:
        """Adds, exchanges or removes a file of an event. Raises Precondition (RFC 8607 §3.11) and what
        service.replace raises."""
        action, managed_id = query["action"], query.get("managed-id", "")
        if action not in _ACTIONS:
            raise Precondition(caldav("valid-action"), "this is no action")
        if (action == "attachment-add") == bool(managed_id):
            raise Precondition(caldav("valid-managed-id"), "it names the file, unless one is added")
        if action == "attachment-update" and "rid" in query:
            raise Precondition(caldav("valid-rid"), "a file is exchanged in all instances")
        if len(upload.content) > attachments.LARGEST:
            raise Precondition(caldav("max-attachment-size"), "this file is too large")
        digest = await self._store.blobs.put(upload.content) if action != "attachment-remove" else ""
        name = _name(headers.get("content-disposition", ""))

        async def work(unit: Unit) -> Posted:
            found = await events.kept(unit, node.account_id, node.id)
            _unchanged(headers, found[0])
            series, given, told = parsed(found[0].etag, found[1]), None, list[tuple[str, str]]()
            if digest:
                size = len(upload.content)
                row = await _added(unit, node.account_id, digest, size, name, upload.media_type)
                # RFC 8607 §5.1, RFC 9110 §15.3.2
                base = self._context.public_url
                given = row.property(base)
                told = [("cal-managed-id", ids.text(row.id)), ("location", row.href(base))]
            series = _changed(series, action, managed_id, query.get("rid", ""), given)
            done = await service.replace(unit, principal, found, draft.made(series, found[1]))
            tag = await unit.value("SELECT schedule_tag FROM calendar_event WHERE id = ?", node.id)
            told += [("etag", f'"{done.draft.etag}"'), ("schedule-tag", f'"{tag}"')]
            return Posted(status=201 if action == "attachment-add" else 204, headers=told)

        return await self._store.write(work)


async def _added(
    unit: Unit, account_id: int, digest: str, size: int, name: str, media_type: str
) -> attachments.Row:
    try:
        return await attachments.add(unit, account_id, digest, size, name, media_type.partition(";")[0].strip())
    except (TooLarge, OverQuota) as error:
        raise Precondition(dav("quota-not-exceeded"), error.sentence, status=507) from error


def _unchanged(headers: Mapping[str, str], row: events.Row) -> None:
    """RFC 9110 §13.1.1, RFC 6638 §8.3"""
    for header, tag in (("if-match", row.etag), ("if-schedule-tag-match", row.schedule_tag)):
        wanted = headers.get(header, "*").strip()
        if wanted != "*" and f'"{tag}"' not in wanted:
            raise Precondition(dav("getetag"), "the event is another one by now", status=412)


def _changed(series: Series, action: str, managed_id: str, rid: str, given: Property | None) -> Series:
    """Raises Precondition."""
    if action != "attachment-add" and managed_id not in managed.ids_of(series):
        raise Precondition(caldav("valid-managed-id"), "the event has no such file")
    try:
        if action == "attachment-add":
            assert given is not None
            series = managed.changed(series, managed.instances_of(series, rid), managed.added(given))
        else:
            where = managed.instances_of(series, rid) if rid else managed.having(series, managed_id)
            series = managed.changed(series, where, managed.exchanged_for(managed_id, given))
    except BadCalendar as error:
        raise Precondition(caldav("valid-rid"), error.sentence) from error
    if len(managed.ids_of(series)) > attachments.MOST:
        raise Precondition(caldav("max-attachments-per-resource"), f"at most {attachments.MOST} files")
    return series


def _name(header: str) -> str:
    """The file name of a Content-Disposition. RFC 6266 §4.1"""
    found = _NAME.search(header[:1_000])
    if found is None:
        return ""
    return unquote(found[1]) if found[1] else re.sub(r"\\(.)", r"\1", found[2] or found[3] or "")
