"""The free-busy addresses that cards name (FBURL), for the calendar. RFC 2739 §2.4, RFC 9553 §2.4.1"""

from collections.abc import Mapping, Sequence

import msgspec

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.contacts import index
from parvis.contacts.model import SCOPE, Card
from parvis.kernel.languages import fold
from parvis.serve.freebusy import FreeBusyLinks
from parvis.store.sql.contract import marks
from parvis.store.store import Store

_MOST = 50
_MOST_CARDS = 200


class CardLinks(FreeBusyLinks):
    """The FreeBusyLinks that contacts offer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, principal: Principal, addresses: Sequence[str]) -> Mapping[str, str]:
        """See FreeBusyLinks; one statement, by the index of words."""
        wanted = {each.lower() for each in addresses[:_MOST]}
        words = sorted({fold(each)[: index.LONGEST] for each in wanted})
        if not words:
            return {}
        rows = await self._store.db.rows(
            f"""SELECT DISTINCT c.id, c.card FROM scope s
            JOIN contact_word w ON w.account_id = s.account_id AND w.field = 'email'
            AND w.word IN {marks(len(words))}
            JOIN contact_card c ON c.id = w.card_id AND c.book_id = s.id
            WHERE s.kind = ? AND s.id IN {VISIBLE} ORDER BY c.id LIMIT ?""",
            *words,
            SCOPE,
            *visible(principal),
            _MOST_CARDS,
        )
        found = dict[str, str]()
        for _, text in rows:
            card: Card = msgspec.json.decode(text)
            if url := _published(card):
                for each in _addresses(card) & wanted:
                    found.setdefault(each, url)
        return found


def _published(card: Card) -> str:
    links = (each for each in index.objects(card, "calendars") if each.get("kind") == "freeBusy")
    return next((each["uri"] for each in links if isinstance(each.get("uri"), str)), "")


def _addresses(card: Card) -> set[str]:
    return {
        each["address"].strip().lower()
        for each in index.objects(card, "emails")
        if isinstance(each.get("address"), str)
    }
