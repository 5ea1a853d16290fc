"""Reading a live IMAP account, mailbox after mailbox, by UID, changing nothing there. RFC 3501, RFC 9051"""

import calendar
import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from parvis.kernel.errors import Unauthenticated, Unavailable
from parvis.mail.folders import SPECIAL_USE, keywords_of, role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, Found, is_message
from parvis.wire.maildir import from_mutf7

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?P<sep>(?:\\.|[^"\\])*)"|NIL) (?P<name>.*)')
_BATCH, _BATCH_BYTES = 50, 8_000_000
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to read. `security` is `tls`, `starttls` or `none` (loopback only)."""

    host: str
    port: int
    user: str
    password: str
    security: str = "tls"
    trust_all: bool = False
    """Accepts any certificate; for a server in the same house with one of its own making."""


@dataclass(frozen=True, slots=True)
class _Mailbox:
    name: bytes
    path: tuple[str, ...]
    role: str | None


class Imap:
    """An IMAP account as a source. `allow` is asked before each connection (the egress gate)."""

    def __init__(self, account: Account, allow: Callable[[str, int], None]) -> None:
        self._account, self._allow = account, allow
        self._done: dict[str, list[int]] = {}
        self._connection: imaplib.IMAP4 | None = None

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: UIDVALIDITY and last UID by mailbox."""
        return {"mailboxes": {name: list(pair) for name, pair in self._done.items()}}

    def total(self) -> int:
        """See Reader: the messages of all mailboxes."""
        connection, count = self._connected(), 0
        for mailbox in self._mailboxes(connection):
            status, answer = connection.status(mailbox.name.decode("ascii"), "(MESSAGES)")
            match = re.search(rb"MESSAGES (\d+)", answer[0] or b"") if status == "OK" else None
            count += int(match.group(1)) if match else 0
        return count

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """See Reader. Raises Unauthenticated, Unavailable."""
        self._done = {name: list(pair) for name, pair in position.get("mailboxes", {}).items()}
        connection = self._connected()
        try:
            for mailbox in self._mailboxes(connection):
                yield from self._mailbox(connection, mailbox)
            connection.logout()
        except (imaplib.IMAP4.abort, OSError) as error:
            raise Unavailable(f"the connection to {self._account.host} broke: {error}") from error
        finally:
            _hang_up(self._connection)
            self._connection = None

    def _connected(self) -> imaplib.IMAP4:
        if self._connection is None:
            account = self._account
            self._allow(account.host, account.port)
            try:
                self._connection = _open(account)
            except imaplib.IMAP4.error as error:
                raise Unauthenticated(f"{account.host} refuses the sign-in of {account.user}: {error}") from error
            except OSError as error:
                raise Unavailable(f"{account.host}:{account.port} cannot be reached: {error}") from error
        return self._connection

    def _mailboxes(self, connection: imaplib.IMAP4) -> list[_Mailbox]:
        status, lines = connection.list()
        found = [mailbox for line in lines if line and (mailbox := _listed(line))] if status == "OK" else []
        return sorted(found, key=lambda mailbox: (mailbox.role != "inbox", mailbox.path))

    def _mailbox(self, connection: imaplib.IMAP4, mailbox: _Mailbox) -> Iterator[Found | Fault]:
        name = mailbox.name.decode("ascii", "replace")
        where = "/".join(mailbox.path)
        status, answer = connection.select(name, readonly=True)
        if status != "OK":
            yield Fault(where, f"the mailbox cannot be opened: {_words(answer)}")
            return
        validity = int(connection.response("UIDVALIDITY")[1][0] or 0)
        known = self._done.get(name, [validity, 0])
        last = known[1] if known[0] == validity else 0
        self._done[name] = [validity, last]
        sizes = _sizes(connection.uid("FETCH", f"{last + 1}:*", "(UID RFC822.SIZE)")[1])
        wanted = {uid: size for uid, size in sizes.items() if uid > last}
        for uid in [uid for uid, size in wanted.items() if size > MESSAGE_BYTES]:
            yield Fault(f"{where}, UID {uid}", "the message is too large")
            del wanted[uid]
        for batch in _batches(wanted):
            yield from self._batch(connection, mailbox, name, batch)

    def _batch(
        self, connection: imaplib.IMAP4, mailbox: _Mailbox, name: str, uids: list[int]
    ) -> Iterator[Found | Fault]:
        where = "/".join(mailbox.path)
        wanted = ",".join(map(str, uids))
        status, answer = connection.uid("FETCH", wanted, "(UID FLAGS INTERNALDATE BODY.PEEK[])")
        messages = dict(_fetched(answer)) if status == "OK" else {}
        for uid in uids:
            self._done[name][1] = uid
            if uid not in messages:
                yield Fault(f"{where}, UID {uid}", "the server did not give this message")
                continue
            head, raw = messages[uid]
            keywords = keywords_of(_flags(head))
            if keywords is None:
                yield Fault(f"{where}, UID {uid}", "marked as deleted, left out")
            elif not is_message(raw):
                yield Fault(f"{where}, UID {uid}", "this does not begin like a message")
            else:
                yield Found(mailbox.path, raw, keywords, _internal_date(head), mailbox.role)


def _open(account: Account) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if account.trust_all:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection: imaplib.IMAP4
    if account.security == "tls":
        connection = imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=_TIMEOUT)
    else:
        connection = imaplib.IMAP4(account.host, account.port, timeout=_TIMEOUT)
    try:
        if account.security == "starttls":
            connection.starttls(context)
        connection.login(account.user, account.password)
    except imaplib.IMAP4.error:
        _hang_up(connection)
        raise
    return connection


def _hang_up(connection: imaplib.IMAP4 | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown()


def _listed(line: Any) -> _Mailbox | None:
    """One line of LIST; None for what cannot be opened or is only a view. RFC 3501 §7.2.2, RFC 6154"""
    literal = isinstance(line, tuple)
    match = _LIST.match(line[0] if literal else line)
    if match is None:
        return None
    flags = match["flags"].decode().lower().split()
    quoted = line[1] if literal else match["name"]
    name = quoted.strip(b'"').replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    roles = [SPECIAL_USE[flag] for flag in flags if flag in SPECIAL_USE]
    if "\\noselect" in flags or "\\nonexistent" in flags or None in roles:
        return None
    separator = (match["sep"] or b"").replace(b"\\\\", b"\\").decode()
    text = name.decode("ascii", "replace")
    path = tuple(from_mutf7(part) for part in (text.split(separator) if separator else [text]))
    wire = b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return _Mailbox(wire, path, next(iter(roles), None) or role_of(path))


def _sizes(answer: list[Any]) -> dict[int, int]:
    found = {}
    for line in answer:
        text = line[0] if isinstance(line, tuple) else line or b""
        uid, size = re.search(rb"UID (\d+)", text), re.search(rb"RFC822\.SIZE (\d+)", text)
        if uid and size:
            found[int(uid.group(1))] = int(size.group(1))
    return dict(sorted(found.items()))


def _batches(sizes: dict[int, int]) -> Iterator[list[int]]:
    batch, total = list[int](), 0
    for uid, size in sizes.items():
        if batch and (len(batch) >= _BATCH or total + size > _BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch


def _fetched(answer: list[Any]) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """UID, the words around the literal, and the literal, of each message in an answer to FETCH."""
    for number, part in enumerate(answer):
        if isinstance(part, tuple):
            after = answer[number + 1] if number + 1 < len(answer) else b""
            head = part[0] + b" " + (after if isinstance(after, bytes) else b"")
            uid = re.search(rb"UID (\d+)", head)
            if uid:
                yield int(uid.group(1)), (head, part[1])


def _flags(head: bytes) -> list[str]:
    match = re.search(rb"FLAGS \(([^)]*)\)", head)
    return match.group(1).decode("ascii", "replace").split() if match else []


def _internal_date(head: bytes) -> int | None:
    match = re.search(rb'INTERNALDATE "[^"]+"', head)
    local = imaplib.Internaldate2tuple(match.group(0)) if match else None
    # The tuple is in local time with a known offset; mktime would do, but calendar needs no time zone data.
    return (calendar.timegm(local) - local.tm_gmtoff) * 1000 if local else None


def _words(answer: list[Any]) -> str:
    return b" ".join(part for part in answer if isinstance(part, bytes)).decode("utf-8", "replace")
