"""Learning from what people do: they put a message into Junk or take it out, or say so by a keyword.

A follower of the outbox looks at each message that changed, and compares how it lies with how it lay when something
was last learned from it. So each message is learned once, in one direction; when it is moved back that is undone
and the other learned. What delivery itself puts into Junk teaches nothing until somebody disagrees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.kernel.events import Event
from parvis.mail import mailboxes, service
from parvis.mail import store as mailstore
from parvis.mail.service import Delivered
from parvis.mail.spam import store
from parvis.mail.spam.store import Report, Verdict
from parvis.mail.spam.tokens import tokens
from parvis.store.store import Store
from parvis.store.unit import Unit

FOLLOWER = "mail-spam"
JUNK, NOT_JUNK = "$junk", "$notjunk"
_UNWANTED = frozenset({JUNK, "$phishing"})
_VALUED = frozenset({"$answered", "$flagged", "$forwarded"})
_BESIDE = 3
"""Wanted messages that are learned beside each unwanted one: people seldom report those."""
_KEPT_MS = 86_400_000
"""A message that was read and is still there after this long is a wanted one."""


@dataclass(frozen=True, slots=True)
class Place:
    """How a message lies now; `in_junk` is None when it is only in the trash, which says nothing."""

    blob: str
    in_junk: bool | None
    keywords: frozenset[str]

    @property
    def keyword(self) -> str:
        """The keyword that counts."""
        if NOT_JUNK in self.keywords:
            return NOT_JUNK
        return JUNK if self.keywords & _UNWANTED else ""


def lesson(before: Report | None, place: Place) -> Report | None:
    """What is to be noted of a message that lies so; None when there is nothing new."""
    known = before or Report()
    now = replace(known, in_junk=known.in_junk if place.in_junk is None else place.in_junk, keyword=place.keyword)
    said: Verdict = ""
    if now.in_junk != known.in_junk:
        said = "spam" if now.in_junk else "ham"
    elif now.keyword != known.keyword:
        said = "spam" if now.keyword == JUNK else "ham"
    elif before is None and place.keywords & _VALUED and place.in_junk is False:
        said = "ham"
    after = replace(now, learned=said or known.learned)
    return None if after == known else after


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """A hook of delivery: what goes into Junk by itself is noted as lying there."""
    one = delivered.delivery
    if delivered.email is not None and delivered.is_junk:
        keyword = Place("", True, one.keywords).keyword
        await store.note(unit, one.account_id, delivered.email.blob, None, Report("", True, keyword))


class Learner:
    """Follows the outbox as `mail-spam`."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def follow(self, events: list[Event]) -> None:
        """Learns from the messages that changed."""
        changed: dict[int, dict[int, None]] = defaultdict(dict)
        for event in events:
            if event.kind == "changed" and event.body["kind"] == mailstore.KIND and event.body["updated"]:
                changed[event.account_id].update(dict.fromkeys(event.body["updated"]))
        for account_id, email_ids in changed.items():
            await self._account(account_id, list(email_ids))

    async def _account(self, account_id: int, email_ids: Sequence[int]) -> None:
        db = self._keep.db
        places = await self._places(account_id, email_ids)
        known = await store.reports(db, account_id, [place.blob for place in places])
        for place in places:
            before = known.get(place.blob)
            after = lesson(before, place)
            if after is not None and await self._learn(account_id, place.blob, before, after):
                known[place.blob] = after
                if after.learned == "spam":
                    await self._beside(account_id)

    async def _places(self, account_id: int, email_ids: Sequence[int]) -> list[Place]:
        db = self._keep.db
        rows = await mailstore.rows_of(db, account_id, email_ids)
        held = await mailstore.mailboxes_of(db, [row[0] for row in rows])
        junk, trash = [await mailboxes.by_role(db, account_id, role) for role in ("junk", "trash")]
        return [Place(row[2], _in_junk(held[row[0]], junk, trash), frozenset(row[5].split())) for row in rows]

    async def _beside(self, account_id: int) -> None:
        """Some wanted messages, so that the model knows both sorts."""
        before = clock.now_ms() - _KEPT_MS
        for blob in await store.wanted(self._keep.db, account_id, before, _BESIDE):
            await self._learn(account_id, blob, None, Report("ham"))

    async def _learn(self, account_id: int, blob: str, before: Report | None, after: Report) -> bool:
        """Whether it was noted; the tokens are counted in the same unit."""
        was: Verdict = before.learned if before else ""
        try:
            raw = await self._keep.blobs.get(blob) if was != after.learned else b""
        except NotFound:
            return False
        numbers = tokens(await service.read(raw)).keys() if raw else ()

        async def work(unit: Unit) -> bool:
            if not await store.note(unit, account_id, blob, before, after):
                return False
            await store.learn(unit, account_id, numbers, was, after.learned)
            return True

        return await self._keep.write(work)


def _in_junk(held: Sequence[int], junk: Any, trash: Any) -> bool | None:
    if junk in held:
        return True
    return None if set(held) == {trash} else False
