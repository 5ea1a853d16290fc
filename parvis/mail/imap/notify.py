"""NOTIFY: changes in other mailboxes are told as they happen, without IDLE. RFC 5465"""

from collections.abc import Iterator

from parvis.mail.imap.listing import say_list, say_status, subscribed
from parvis.mail.imap.names import DELIMITER, Named, Names
from parvis.mail.imap.session import Done, No, Session
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command

_MESSAGES = frozenset({"MESSAGENEW", "MESSAGEEXPUNGE"})
_EVENTS = _MESSAGES | {"FLAGCHANGE", "MAILBOXNAME", "SUBSCRIPTIONCHANGE"}
_SELECTED = frozenset({"SELECTED", "SELECTED-DELAYED"})
Figures = tuple[int, int, int]
"""Messages, unread messages and the next uid."""
_EMPTY = (0, 0, 1)


async def notify(session: Session, command: Command) -> Done:
    """RFC 5465 §3"""
    asked = command.arguments
    assert isinstance(asked, a.Notify)
    if asked.groups is None:
        session.notice = None
        session.watch_mailbox()
        return Done()
    wanted = {event for group in asked.groups for event in group.events}
    if wanted - _EVENTS:
        raise No("There is no such event", f"BADEVENT ({' '.join(sorted(_EVENTS))})")
    notice = Notice([group for group in asked.groups if group.filter not in _SELECTED])
    await notice.look(session, status=asked.status)
    session.notice = notice
    session.watch_mailbox()
    return Done()


class Notice:
    """What a session wants to hear of mailboxes that it has not selected, and what it was told last."""

    def __init__(self, groups: list[a.NotifyGroup]) -> None:
        self._groups = groups
        self._figures: dict[int, Figures] = {}
        self._names: dict[int, str] = {}
        self.accounts: frozenset[int] = frozenset()
        """Whose changes wake the session."""

    async def look(self, session: Session, *, status: bool = False) -> None:
        """Takes note of how everything is; says so with `status`. RFC 5465 §4"""
        names = await session.names()
        self.accounts = frozenset(access.scope.account_id for access in names.roots.values())
        chosen = await subscribed(session, names)
        for named, events in self._watched(names, chosen):
            assert named.row is not None
            self._figures[named.row.id] = _figures(named)
            self._names[named.row.id] = named.name
            if status and not _is_selected(session, named) and events & (_MESSAGES | {"FLAGCHANGE"}):
                items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"]
                await say_status(session, named, items + ["HIGHESTMODSEQ"] * ("FLAGCHANGE" in events))

    async def tell(self, session: Session) -> None:
        """Says what has changed since. RFC 5465 §5"""
        names = await session.names()
        present: dict[int, str] = {}
        for named, events in self._watched(names, await subscribed(session, names)):
            assert named.row is not None
            number, figures = named.row.id, _figures(named)
            present[number] = named.name
            if "MAILBOXNAME" in events and self._names.get(number) != named.name:
                say_list(session, named.name, [])
            changed = self._figures.get(number, _EMPTY) != figures
            self._figures[number] = figures
            if changed and not _is_selected(session, named) and events & (_MESSAGES | {"FLAGCHANGE"}):
                await say_status(session, named, ["MESSAGES", "UIDNEXT", "UNSEEN"])
        for number in self._names.keys() - present.keys():
            say_list(session, self._names[number], [r"\NonExistent"])
            self._figures.pop(number, None)
        self._names = present

    def _watched(self, names: Names, chosen: set[str]) -> Iterator[tuple[Named, frozenset[str]]]:
        """The mailboxes that some group means, with the events of the first one that does."""
        for named in names.by_name.values():
            group = next((one for one in self._groups if _means(one, named, chosen)), None)
            if named.row is not None and group is not None and group.events:
                yield named, frozenset(group.events)


def _means(group: a.NotifyGroup, named: Named, chosen: set[str]) -> bool:
    """RFC 5465 §6"""
    if named.row is None or named.access is None:
        return False
    match group.filter:
        case "INBOXES":
            return named.row.role == "inbox"
        case "PERSONAL":
            return named.access.owner
        case "SUBSCRIBED":
            return named.name in chosen
        case "SUBTREE":
            return any(named.name == name or named.name.startswith(name + DELIMITER) for name in group.mailboxes)
    return named.name in group.mailboxes


def _is_selected(session: Session, named: Named) -> bool:
    return session.view is not None and named.row is not None and session.view.mailbox_id == named.row.id


def _figures(named: Named) -> Figures:
    assert named.row is not None
    return named.row.total_emails, named.row.unread_emails, named.row.uid_next
