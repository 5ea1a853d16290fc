"""What rooms ask of mail without knowing it: letters that they write, invitations that come in. Mail offers a
`Post` in the context; without mail nobody does.

    post = context.services.get(Post)
    send = await post.written(Letter(account_id=..., to=("ann@example.org",), subject=..., text=...))
    async def work(unit): ...; await send(unit)
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.store.unit import Unit

CALENDAR_MAIL = "mail-calendar"
"""The outbox event of a delivered message that has iCalendar in it: `{"email": id of the Email}`, in the account
that it came to."""

WRITTEN = "mail-written"
"""The outbox event of a letter that a person sends: `{"to": [[name, address], ...]}`, in the account that it is
sent from."""


SETTLED = "mail-settled"
"""The outbox event of what became of a recipient of a followed letter, in the account that has sent it: `{"letter":
what Sending returned, "address": whose, "fate": "relayed" (another server has it) | "delivered" (it is in a mailbox
here) | "failed", "status": the enhanced status, as 5.1.1}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file in a letter."""

    media_type: str
    content: bytes
    name: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter from an account's main address. `calendar` is one iTIP message, shown as an alternative of the text
    and enclosed as a file, as RFC 6047 §2.4 and all the large programs have it."""

    account_id: int
    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    calendar: bytes = b""
    method: str = ""
    """The iTIP method of `calendar`: REQUEST, REPLY."""
    enclosures: tuple[Enclosure, ...] = ()
    followed: bool = False
    """Whether what becomes of it is told in the outbox (SETTLED)."""
    answerable: bool = True
    """Whether the account hears of what cannot be delivered. A reminder or receipt is not: no machine answers it,
    and when it fails nobody is told."""


Sending = Callable[[Unit], Awaitable[int]]
"""Puts a letter into the queue in the caller's unit: it leaves if and only if the unit is committed. Returns the id
of the queued message."""


@dataclass(frozen=True, slots=True)
class CalendarMail:
    """The iCalendar of a message in a mailbox."""

    author: str
    """The address in From, in normal form; empty when there is none, or several."""
    authentic: bool
    """Whether the message was proved to be from there: by its signatures, or because the author signed in here."""
    contents: tuple[bytes, ...]
    """The iCalendar objects as they came, each once."""


class Post(ABC):
    """Mail as other rooms use it."""

    @abstractmethod
    async def written(self, letter: Letter) -> Sending:
        """Writes the message and finds where its copies go; nothing leaves before the returned function ran in a
        unit. Raises NotFound for an account without an address, Invalid for a recipient that is no address."""

    @abstractmethod
    async def calendar_of(self, principal: Principal, account_id: int, email_id: int) -> CalendarMail:
        """What a message says in iCalendar; at most ten objects of a megabyte each. Raises NotFound."""
