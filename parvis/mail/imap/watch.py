"""Who is to be woken when an account changes or a sign-in ends: the sessions of this node that wait. RFC 2177"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from parvis.access import sessions
from parvis.access.sessions import Ended
from parvis.kernel.events import StateChange
from parvis.store.bus.contract import Cancel
from parvis.store.store import Store

if TYPE_CHECKING:
    from parvis.mail.imap.session import Session

_KINDS = frozenset({"Email", "Mailbox", "Grant"})


class Watch:
    """All waiting sessions of this node."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[int, set[Session]] = defaultdict(set)
        self._cancels: list[Cancel] = []
        self._claimed: dict[int, int] = {}

    def recent(self, mailbox_id: int, newest: int, *, claim: bool) -> range:
        r"""The uids of a mailbox up to `newest` that no session was told of since the server began: they are
        \Recent for this one, and with `claim` for no other. RFC 3501 §2.3.2"""
        last = self._claimed.get(mailbox_id, 0)
        if claim and newest > last:
            self._claimed[mailbox_id] = newest
        return range(last + 1, newest + 1)

    async def start(self) -> None:
        """Begins to hear of changes and of sign-ins that end."""
        self._cancels = [
            await self._store.on_state_change(self._changed),
            await sessions.on_end(self._store, self._ended),
        ]

    async def stop(self) -> None:
        """Hears no more."""
        for cancel in self._cancels:
            cancel()

    def join(self, session: "Session", account_ids: Iterable[int]) -> None:
        """From now on the session is woken when the mail of these accounts changes, or its sign-in ends."""
        self.leave(session)
        session.accounts = frozenset(account_ids)
        for account_id in session.accounts:
            self._waiting[account_id].add(session)

    def leave(self, session: "Session") -> None:
        """The session waits no more."""
        for account_id in session.accounts:
            self._waiting[account_id].discard(session)
            if not self._waiting[account_id]:
                del self._waiting[account_id]
        session.accounts = frozenset()

    def _changed(self, change: StateChange) -> None:
        if change.account_id in self._waiting and _KINDS & change.changed.keys():
            for session in self._waiting[change.account_id]:
                session.woken.set()

    def _ended(self, ended: Ended) -> None:
        for session in {one for waiting in self._waiting.values() for one in waiting}:
            if session.principal is not None and ended.concerns(session.principal):
                session.woken.set()
