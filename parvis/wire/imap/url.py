"""URLs of messages and of pieces of them: `imap://ann@example.org/INBOX;UIDVALIDITY=3/;UID=20/;SECTION=1.2` (RFC
5092 §6, §11), and what says who may read them: `;URLAUTH=user+bob:internal:91354a...` (RFC 4467 §3)."""

import datetime
import re
from urllib.parse import unquote

import msgspec

from parvis.kernel.clock import to_ms
from parvis.kernel.errors import Invalid

from .errors import BadCommand
from .fetch import Section, read_item
from .numbers import LARGEST
from .reader import Reader

LENGTH_LIMIT = 2_000
_URL = re.compile(
    r"""(?:imap://(?:(?P<user>[^@/;]{1,320}(?:@(?=[^@/]*@))?[^@/;]*)(?:;AUTH=[^@/;]*)?@)?(?P<host>[^@/;]{1,300}))?
    /(?P<mailbox>[^;]+?)(?:;UIDVALIDITY=(?P<validity>\d{1,10}))?
    /?;UID=(?P<uid>\d{1,10})
    (?:/?;SECTION=(?P<section>[^;]+?))?
    (?:/?;PARTIAL=(?P<first>\d{1,19})(?:\.(?P<count>\d{1,19}))?)?
    (?P<expire>;EXPIRE=(?P<moment>[^;]{1,40}))?
    (?:;URLAUTH=(?P<access>[^:;]{1,400})(?::(?P<mechanism>[A-Za-z0-9.-]{1,40}):(?P<token>[0-9A-Fa-f]{32,200}))?)?""",
    re.I | re.X | re.A,
)


class Authorization(msgspec.Struct, frozen=True):
    """Who may read what a URL names, and since when no more (RFC 4467 §3)."""

    access: str
    """`anonymous`, `authuser`, `user` or `submit`."""
    user: str = ""
    """Whom the last two mean."""
    expires_ms: int | None = None
    mechanism: str = ""
    """In capitals; empty while nobody has signed it."""
    token: str = ""
    """Hexadecimal digits in lower case."""
    rump: str = ""
    """All that is signed: the URL up to the mechanism, as written."""


class ImapUrl(msgspec.Struct, frozen=True):
    """A message, or the section of it that is not the whole."""

    mailbox: str
    uid: int
    section: Section
    user: str = ""
    """Whose mailbox; empty in a URL that begins with `/`."""
    host: str = ""
    uid_validity: int | None = None
    authorization: Authorization | None = None


def parse_url(text: str) -> ImapUrl:
    """Reads a URL of a message. Raises Invalid, for those of servers, mailboxes and searches too."""
    match = _URL.fullmatch(text) if len(text) <= LENGTH_LIMIT else None
    if match is None or (match["expire"] and not match["access"]):
        raise Invalid("Not the URL of a message")
    uid, validity = int(match["uid"]), int(match["validity"] or 1)
    if not (1 <= uid <= LARGEST and 1 <= validity <= LARGEST):
        raise Invalid("A number is from 1 to 4294967295")
    mailbox = _decoded(match["mailbox"])
    return ImapUrl(
        "INBOX" if mailbox.upper() == "INBOX" else mailbox,
        uid,
        _section(_decoded(match["section"] or ""), match["first"], match["count"]),
        _decoded(match["user"] or ""),
        _decoded(match["host"] or ""),
        int(match["validity"]) if match["validity"] else None,
        _authorization(text, match) if match["access"] else None,
    )


def _decoded(text: str) -> str:
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The URL is not in UTF-8") from None
    if any(character < " " or character == "\x7f" for character in found):
        raise Invalid("The URL has control characters")
    return found


def _section(text: str, first: str | None, count: str | None) -> Section:
    """What `BODY[...]` means in FETCH (RFC 5092 §11, isection and ipartial)."""
    try:
        reader = Reader([f"BODY.PEEK[{text}]".encode()])
        found = read_item(reader)
        reader.end()
    except BadCommand as error:
        raise Invalid(error.sentence) from None
    if not isinstance(found, Section) or found.partial is not None:
        raise Invalid("There is no such section")
    if first is None:
        return found
    return msgspec.structs.replace(found, partial=(int(first), int(count) if count else 2**63 - 1))


def _authorization(text: str, match: re.Match[str]) -> Authorization:
    access, plus, user = match["access"].partition("+")
    access = access.lower()
    if access not in (("submit", "user") if plus else ("anonymous", "authuser")) or bool(plus) != bool(user):
        raise Invalid("There is no such access")
    end = match.end("access")
    return Authorization(
        access,
        _decoded(user),
        _moment(match["moment"]) if match["moment"] else None,
        (match["mechanism"] or "").upper(),
        (match["token"] or "").lower(),
        text[:end],
    )


def _moment(text: str) -> int:
    """A date and a time with its zone (RFC 3339 §5.6)."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("There is no such moment") from None
    if found.tzinfo is None:
        raise Invalid("A moment needs its zone")
    return to_ms(found)
