"""Searches that stay: a session hears what comes into their results and what leaves them, until it opens another
mailbox. RFC 5267 §4.3"""

from collections.abc import Callable, Sequence
from itertools import groupby

from parvis.mail.imap.matching import matching
from parvis.mail.imap.reading import Reading
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import News, View
from parvis.wire.imap import arguments as a
from parvis.wire.imap import search as keys
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import Numbers, compressed, parse
from parvis.wire.imap.search import SearchKey

MOST = 16
"""Contexts of one session."""


def begin(session: Session, tag: str, asked: a.Search | a.Sort, found: Sequence[int]) -> None:
    """Keeps what was found up to date from now on. RFC 5267 §4.3.1"""
    if len(session.contexts) >= MOST:
        session.say(f'* NO [NOUPDATE "{tag}"] Too many contexts')
        return
    session.contexts[tag] = Context(session.box, tag, asked, found)


async def cancel_update(session: Session, command: Command) -> Done:
    """RFC 5267 §4.3.5"""
    asked = command.arguments
    assert isinstance(asked, a.CancelUpdate)
    if not session.contexts.keys() >= set(asked.tags):
        raise No("There is no such context", "CANNOT")
    for tag in set(asked.tags):
        del session.contexts[tag]
    return Done("No further updates")


class Context:
    """See the module. `order` is what the client knows to be found: uids, as they were sorted."""

    def __init__(self, view: View, tag: str, asked: a.Search | a.Sort, found: Sequence[int]) -> None:
        self._keys, self._order = _settled(view, asked.keys), list(found)
        self._uid = asked.uid
        self._criteria = asked.criteria if isinstance(asked, a.Sort) else None
        self._head = f'* ESEARCH (TAG "{tag}")' + " UID" * asked.uid

    async def change(self, session: Session, news: News) -> tuple[str, str]:
        """A line that takes out, to be said before messages are told to be gone, and one that adds, to be said when
        all else is told; empty without a change. RFC 5267 §4.3.3, §4.3.4"""
        touched, known = set(news.touched), set(self._order)
        asked = keys.And((self._keys, keys.Uids(_numbers(sorted(touched)))))
        holds = set(await matching(session, asked)) if touched else set()
        leaving = known & (touched - holds | set(news.vanished))
        removal = self._written("REMOVEFROM", leaving, lambda uid: news.number_before(session.box, uid))
        self._order = [uid for uid in self._order if uid not in leaving]
        fresh = holds - known
        if fresh:
            whole = sorted([*self._order, *fresh])
            reading = Reading(session)
            self._order = await reading.ordered(whole, self._criteria) if self._criteria is not None else whole
        return removal, self._written("ADDTO", fresh, session.box.sequence)

    def _written(self, name: str, chosen: set[int], number: Callable[[int], int]) -> str:
        """Those of the order that are chosen, with their places; what is removed from the end on, so that places
        stay true. Of a SEARCH the places are 0: its order is that of the mailbox."""
        if not chosen:
            return ""
        runs: list[tuple[int, list[int]]] = []
        for is_chosen, members in groupby(enumerate(self._order, 1), lambda one: one[1] in chosen):
            if is_chosen:
                run = list(members)
                runs.append((run[0][0], [uid if self._uid else number(uid) for _, uid in run]))
        if self._criteria is None:
            runs = [(0, [one for _, run in runs for one in run])]
        elif name == "REMOVEFROM":
            runs.reverse()
        return f"{self._head} {name} ({' '.join(f'{place} {compressed(run)}' for place, run in runs)})"


def _settled(view: View, key: SearchKey) -> SearchKey:
    """The key with the numbers of messages, which mean those of now, as uids. RFC 5267 §4.3"""
    match key:
        case keys.And(several):
            return keys.And(tuple(_settled(view, one) for one in several))
        case keys.Or(left, right):
            return keys.Or(_settled(view, left), _settled(view, right))
        case keys.Not(inner):
            return keys.Not(_settled(view, inner))
        case keys.Sequence(numbers):
            return keys.Uids(_numbers(view.chosen(numbers, uid=False)))
        case keys.Uids(numbers) if numbers.saved:
            return keys.Uids(_numbers(view.chosen(numbers, uid=True)))
    return key


def _numbers(uids: Sequence[int]) -> Numbers:
    return parse(compressed(uids)) if uids else Numbers()
