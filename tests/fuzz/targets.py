"""What is fuzzed: each target takes any bytes, lets only the refusals of its protocol pass, and checks what must hold.
Known by name to `python -m tests.fuzz` and to test_fuzz.py."""

import contextlib
import json
from collections.abc import Callable, Iterator

from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.dav import carddav
from parvis.serve.dav.sync import limit_of as sync_limit
from parvis.serve.dav.tree import Precondition
from parvis.wire import (
    arc,
    authres,
    contentlines,
    dkim,
    dmarc,
    dmarc_report,
    dsn,
    jscontact,
    managesieve,
    opengraph,
    smtp,
    spf_record,
    sts,
    tags,
    tlsrpt,
    vcard,
)
from parvis.wire.canonical import Text
from parvis.wire.data import DataDecoder, stuffed
from parvis.wire.dav import headers, ifheader, paths, xml
from parvis.wire.ical import alarms, calendar, itip, jscalendar, query, subset
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.recurrence import bounds, instances
from parvis.wire.ical.span import Span
from parvis.wire.imap import command
from parvis.wire.imap.errors import BadCharset, BadCommand
from parvis.wire.imap.literal import Octets, literal_at_end
from parvis.wire.imap.reader import Announced
from parvis.wire.jscontact.plain import plain
from parvis.wire.matrix import (
    authorisation,
    backup,
    canonical,
    client_format,
    devices,
    event,
    filters,
    globs,
    hashes,
    identifiers,
    links,
    properties,
    push_conditions,
    push_rules,
    relations,
    server_keys,
    transactions,
    versions,
    wellknown,
    xmatrix,
)
from parvis.wire.matrix.acl import ServerAcl
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import PowerLevels
from parvis.wire.matrix.redaction import redacted
from parvis.wire.mbox import MboxReader
from parvis.wire.mime import parse
from parvis.wire.sieve import CAPABILITIES, Context, Keep, Limits, Mail, SieveError, compile_script, run
from parvis.wire.sieve.render import rules_of, script_of
from parvis.wire.unpack import unpack
from tests.wire.mime.test_fuzz import read_all

_LIMITS = Limits(steps=5_000)
_REQUIRE = f"require [{', '.join(chr(34) + name + chr(34) for name in sorted(CAPABILITIES))}];\n".encode()
_LETTER = b"From: ann@example.org\r\nTo: bob+x@example.org\r\nSubject: Budget\r\nReceived: from a\r\n\r\nHello\r\n"


def mime(data: bytes) -> None:
    """A message."""
    read_all(data)


def imap(data: bytes) -> None:
    """Commands as a connection cuts them: a line that announces a literal goes on with its octets."""
    for parts in _commands(data):
        line = parts[0]
        assert isinstance(line, bytes)
        command.peek(line)
        for utf8 in (False, True):
            with contextlib.suppress(BadCommand, BadCharset, Announced):
                assert command.parse(parts, utf8).tag
            with contextlib.suppress(BadCommand, BadCharset, Announced):
                command.append_head(parts, utf8)


def _commands(data: bytes) -> Iterator[list[bytes | Octets]]:
    place, parts = 0, list[bytes | Octets]()
    while place < len(data):
        end = data.find(b"\r\n", place)
        line = data[place : end if end >= 0 else len(data)]
        place = end + 2 if end >= 0 else len(data)
        parts.append(line)
        mark = literal_at_end(line)
        if mark is None:
            yield parts
            parts = []
        else:
            octets = data[place : place + min(mark.size, len(data))]
            parts.append(Octets(len(octets), octets, mark.binary))
            place += len(octets)
    if parts:
        yield parts


def smtp_dialogue(data: bytes) -> None:
    """Commands and replies, line by line, and the whole as message content."""
    for line in data.split(b"\r\n"):
        with contextlib.suppress(smtp.SyntaxRefused):
            verb, argument = smtp.parse_command(line)
            readers: dict[str, Callable[[str], object]] = {
                "MAIL": smtp.parse_mail, "RCPT": smtp.parse_rcpt, "BDAT": smtp.parse_bdat, "AUTH": smtp.parse_plain
            }  # fmt: skip
            if verb in readers:
                readers[verb](argument)
            smtp.decode_response(argument)
    text = data.decode("latin-1")
    smtp.parse_reply(text.split("\r\n"))
    smtp.is_address(text)
    assert smtp.decode_xtext(smtp.encode_xtext(text)) == text
    whole = data + b"\r\n"
    decoder = DataDecoder()
    read = b"".join(decoder.feed(stuffed(whole)[at : at + 7]) for at in range(0, len(stuffed(whole)), 7))
    assert read == whole and decoder.done


def opengraph_page(data: bytes) -> None:
    """A page that was linked to."""
    page = opengraph.read(data, "https://example.net/a")
    for text, limit in ((page.title, 200), (page.description, 400), (page.site, 80)):
        assert len(text) <= limit and text.isprintable()
    assert page.image == opengraph.https(page.image)


def sieve(data: bytes) -> None:
    """A script, and after a NUL the message it is run on."""
    source, nul, raw = data.partition(b"\0")
    mail = Mail.of(raw if nul else _LETTER, "ann@example.org", "bob+x@example.org")
    for text in (source, _REQUIRE + source):
        try:
            script = compile_script(text, _LIMITS)
        except SieveError as error:
            assert error.line >= 1 and error.column >= 1 and error.sentence
            continue
        outcome = run(script, mail, Context())
        assert outcome.error is None or [type(each) for each in outcome.actions] == [Keep]
        for step in outcome.steps:
            parse(step.rewritten(mail.raw))
    with contextlib.suppress(UnicodeDecodeError):
        if (rules := rules_of(source.decode())) is not None:
            assert rules_of(script_of(rules)) == rules


def manage_sieve(data: bytes) -> None:
    """A command with its literals."""
    lines, literals, place = [], [], 0
    while True:
        end = data.find(b"\r\n", place)
        lines.append(data[place : end if end >= 0 else len(data)])
        size = managesieve.literal_size(lines[-1])
        if end < 0 or size is None:
            break
        literals.append(data[end + 2 : end + 2 + min(size, len(data))])
        place = end + 2 + len(literals[-1])
    if len(lines) == len(literals):
        lines.append(b"")
    for read in (managesieve.parse, managesieve.parse_string):
        with contextlib.suppress(Invalid):
            read(lines, literals)


def senders(data: bytes) -> None:
    """What is said about who sent a message: in DNS and in header fields."""
    text = data.decode("utf-8", "replace")
    for read in (spf_record.parse, dmarc.parse, sts.parse, tags.parse, authres.parse):
        with contextlib.suppress(Invalid):
            read(text)
    authres.strip(data, "mail.example.org")
    content = Text(data)
    for one in dkim.signatures(content):
        assert dkim.verify(content, one, "v=DKIM1; k=ed25519; p=AAAA", 1_700_000_000).value != "pass"
    found = arc.chain(content)
    assert arc.validate(content, found, {}, 1_700_000_000).value in ("none", "fail")
    dsn.read(data, parse(data))


def reports(data: bytes) -> None:
    """What brings a report, packed or not."""
    for read in (dmarc_report.read, tlsrpt.read):
        with contextlib.suppress(Invalid):
            read(unpack(data, 100_000))


def mbox(data: bytes) -> None:
    """A mailbox file: cut anywhere, it holds the same messages."""
    found = [list(reader) for reader in (_mbox(data, len(data) or 1), _mbox(data, 5))]
    assert found[0] == found[1]


def _mbox(data: bytes, size: int) -> Iterator[object]:
    reader = MboxReader()
    for at in range(0, len(data), size):
        yield from reader.feed(data[at : at + size])
    yield from reader.end()


def content_lines(data: bytes) -> None:
    """Components of iCalendar and vCard: what is written of them reads the same, and stays the same."""
    with contextlib.suppress(contentlines.BadContent):
        written = b"".join(map(contentlines.write, contentlines.parse(data)))
        assert b"".join(map(contentlines.write, contentlines.parse(written))) == written
        for made in contentlines.parse(written):
            again = b"".join(contentlines.write_property(each.changed()) for each in made.properties)
            assert all(len(line) <= contentlines.FOLD for line in again.split(b"\r\n"))


def cards(data: bytes) -> None:
    """A vCard as JSContact and back, in each version."""
    body = data if data.upper().startswith(b"BEGIN") else b"BEGIN:VCARD\n" + data
    with contextlib.suppress(contentlines.BadContent):
        for card in vcard.read(body):
            card = contentlines.parse(contentlines.write(card))[0]
            read = jscontact.from_vcard(card)
            assert plain(jscontact.from_vcard(jscontact.to_vcard(read))) == plain(read)
            jscontact.from_vcard(jscontact.to_vcard(read, "3.0"))
            contentlines.write(jscontact.merge(card, {**read, "kind": "org"}))


def dav(data: bytes) -> None:
    """XML of a request, what it asks for, and the headers of WebDAV; what was read is written and read the same."""
    with contextlib.suppress(Invalid, TooLarge):
        root = xml.read(data)
        again = xml.read(xml.document("{DAV:}prop", xml.written(root))).children[0]
        assert xml.written(xml.read(xml.document("{DAV:}prop", xml.written(again))).children[0]) == xml.written(
            again
        )
        for read in (carddav.filter_of, query.parse, subset.parse, sync_limit):
            with contextlib.suppress(Invalid, Precondition):
                read(root)
    words = data.decode("latin-1")
    for check in (ifheader.parse, headers.etags, headers.lock_token, paths.segments):
        with contextlib.suppress(Invalid, TooLarge):
            check(words)
    headers.timeout(words, 1)
    headers.preferences(words, words)


def icalendar(data: bytes) -> None:
    """Calendars: whatever can be read has instances, bounds and JSCalendar in bounded time, and comes back whole."""
    with contextlib.suppress(Invalid):
        given = calendar.read(data)
        for series in calendar.series_of(given).values():
            with contextlib.suppress(BadCalendar):
                found = instances(series, 0, 4_000_000_000_000, 20, budget=Budget(2_000))
                first, last = bounds(series)
                assert all(each.start_ms >= first and (last is None or each.end_ms <= last) for each in found)
                alarms.next_ring(series, 0)
                for said in jscalendar.events(series, unknown=True):
                    json.dumps(said)
            with contextlib.suppress(BadCalendar):
                calendar.check(series)
                if series.kind in ("VEVENT", "VTODO") and series.master is not None:
                    said = jscalendar.event(series)
                    assert jscalendar.event(jscalendar.series(said, series)) == said
        with contextlib.suppress(BadCalendar):
            subset.expanded(given, Span(0, 2_000_000_000_000))
        with contextlib.suppress(BadCalendar):
            itip.received(None, itip.read(given), {"mailto:ann@example.org"}, 0)
        written = calendar.write(given)
        assert calendar.write(calendar.read(written)) == written


_PDU = {
    "auth_events": [], "prev_events": ["$p"], "content": {}, "depth": 3, "hashes": {"sha256": "x"}, "origin_server_ts": 1,
    "room_id": "!r:h", "sender": "@ann:h", "signatures": {"h": {"ed25519:1": "x"}}, "type": "m.room.member", "state_key": "@ann:h",
}  # fmt: skip


def matrix(data: bytes) -> None:
    """Names, links and headers; JSON as each thing that somebody may send, and as an event that is written over a
    good one, in a room of some versions."""
    words = data.decode("utf-8", "replace")
    for read in (
        identifiers.server_name, identifiers.user_id, identifiers.room_id, identifiers.event_id, identifiers.media,
        identifiers.device_id, links.parse, xmatrix.parse, lambda text: xmatrix.parse(f"X-Matrix {text}"),
    ):  # fmt: skip
        with contextlib.suppress(BadMatrix):
            read(words)
    assert globs.glob(words).matches(words) or len(words) > globs.LENGTH_LIMIT
    properties.path(words)
    for answer in (wellknown.read_server, wellknown.read_client):
        with contextlib.suppress(BadMatrix):
            answer(data)
    for strict in (False, True):
        with contextlib.suppress(BadMatrix):
            value = canonical.decode(data, strict=strict)
            assert canonical.decode(canonical.encode(value, strict=strict), strict=strict) == value
            _matrix_value(value)


def _matrix_value(value: object) -> None:
    readers: tuple[Callable[[object], object], ...] = (
        server_keys.read, server_keys.read_query, filters.read, filters.read_room_events, devices.read_one_time,
        lambda value: devices.read_device(value, "@ann:h", "DEV").check_signed(), backup.read_version, backup.read_rooms,
        lambda value: devices.read_cross_signing_set(value, "@ann:h", None), backup.read_session,
        lambda value: push_rules.RuleSet().put("override", "x", value).shown("@ann:h"),
        lambda value: transactions.read(value, "h"),
    )  # fmt: skip
    for read in readers:
        with contextlib.suppress(BadMatrix):
            read(value)
    if isinstance(value, dict):
        ServerAcl(value).allows("a.org")
        relations.relation_of(value)
        push_conditions.read(value)
        for number in ("3", "6", "10", "12"):
            with contextlib.suppress(BadMatrix):
                _matrix_event(value, versions.KNOWN[number])


def _matrix_event(value: dict[str, object], version: versions.RoomVersion) -> None:
    room = {"room_id": f"!{'A' * 43}"} if version.hashed_rooms else {}
    create = event.read({**_PDU, **room, "type": "m.x", "state_key": "", "content": {"creator": "@ann:h"}}, version)
    read = event.read({**_PDU, **room, **value}, version)
    left = redacted(read.source, version)
    assert redacted(left, version) == left and hashes.event_id(left, version) == read.event_id
    hashes.has_its_hash(read.source, version)
    client_format.shown(read, now_ms=1)
    here = push_conditions.Happening(read.source, members=2, levels=PowerLevels(create, read, version))
    push_rules.Rules(push_rules.RuleSet(), "@bob:h").about(here, "Bob")
    relations.edited(read.content, read.content)
    state = {("m.room.create", ""): create, ("m.room.power_levels", ""): read, ("m.room.member", "@ann:h"): read}
    for present in (state, {**state, ("m.room.join_rules", ""): read, ("m.room.third_party_invite", "t"): read}):
        authorisation.is_allowed(read, present)
    with contextlib.suppress(BadMatrix):
        authorisation.check_alone(read, dict.fromkeys(read.auth_events, create))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "cards": cards,
    "contentlines": content_lines,
    "dav": dav,
    "icalendar": icalendar,
    "imap": imap,
    "matrix": matrix,
    "mbox": mbox,
    "managesieve": manage_sieve,
    "mime": mime,
    "opengraph": opengraph_page,
    "reports": reports,
    "senders": senders,
    "sieve": sieve,
    "smtp": smtp_dialogue,
}
