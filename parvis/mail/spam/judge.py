"""Whether a message that arrives is unwanted, for each of its recipients, before it is delivered."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from parvis.kernel.settings import Settings
from parvis.mail import service
from parvis.mail.authentication import Origin
from parvis.mail.service import Delivery
from parvis.mail.spam import classifier, store
from parvis.mail.spam.classifier import Counts, Score
from parvis.mail.spam.learner import JUNK
from parvis.mail.spam.rspamd import Opinion, Rspamd
from parvis.mail.spam.tokens import OWN_FIELD, tokens
from parvis.store.store import Store
from parvis.wire import mime

_LEAST, _MOST = 0.001, 0.9999
_SCORE = re.compile(rb"\s*([01]\.\d{1,9})[\s(]")
_SHOWN = re.compile(r"[A-Za-z0-9:@._=+ -]+\Z")


@dataclass(frozen=True, slots=True)
class Judged:
    """The deliveries with where the message goes now, and the field that says why; b"" when nothing is known."""

    deliveries: tuple[Delivery, ...]
    field: bytes = b""


class Judge:
    """Scores messages by what was learned, and by rspamd when the settings name one."""

    def __init__(self, keep: Store, settings: Settings, rspamd: Rspamd | None = None) -> None:
        self._keep, self._settings, self._rspamd = keep, settings, rspamd

    async def judge(self, raw: bytes, deliveries: Sequence[Delivery], origin: Origin) -> Judged:
        """What becomes of a message; `origin` is for rspamd. The field tells what the one recipient's model says;
        with several recipients what the organisation's does, so that nobody reads of another's."""
        scores, opinion = await asyncio.gather(
            self._scores(raw, [one.account_id for one in deliveries]), self._opinion(raw, deliveries, origin)
        )
        shown = scores[deliveries[0].account_id if len(deliveries) == 1 else store.ORGANISATION]
        if opinion is not None and opinion.has_virus:
            deliveries = [replace(one, has_virus=True) for one in deliveries]
        judged = tuple(self._placed(one, combined(scores[one.account_id], opinion)) for one in deliveries)
        return Judged(judged, field(combined(shown, opinion)))

    def _placed(self, delivery: Delivery, found: Score | None) -> Delivery:
        if found is None:
            return delivery
        if found.value < self._settings.mail.junk_score:
            return replace(delivery, spam_score=found.value)
        return replace(delivery, role="junk", keywords=delivery.keywords | {JUNK}, spam_score=found.value)

    async def _scores(self, raw: bytes, account_ids: Sequence[int]) -> dict[int, Score | None]:
        """By account, the organisation's among them when there are several; the message is read only when enough
        was learned."""
        owners = [*account_ids, *([store.ORGANISATION] if len(account_ids) != 1 else [])]
        totals = await store.totals(self._keep.db, [*account_ids, store.ORGANISATION])
        if not classifier.is_ready(totals.get(store.ORGANISATION, Counts())):
            return dict.fromkeys(owners)
        named = tokens(await service.read(raw))
        models = {owner: owner if owner in totals else store.ORGANISATION for owner in owners}
        scores = {model: await self._score(model, totals, named) for model in dict.fromkeys(models.values())}
        return {owner: scores[model] for owner, model in models.items()}

    async def _score(self, owner: int, totals: Mapping[int, Counts], named: Mapping[int, str]) -> Score | None:
        found = await store.known(self._keep.db, owner, list(named))
        return classifier.score(store.of(owner, totals), {named[token]: one for token, one in found.items()})

    async def _opinion(self, raw: bytes, deliveries: Sequence[Delivery], origin: Origin) -> Opinion | None:
        if self._rspamd is None:
            return None
        return await self._rspamd.check(raw, origin, [one.address for one in deliveries if one.address])


def combined(own: Score | None, other: Opinion | None) -> Score | None:
    """Our score and rspamd's as one: each is evidence of its own, so their odds are multiplied. Ours is drawn in
    from the ends, so that it does not settle the matter alone."""
    if other is None:
        return own
    if own is None:
        return Score(other.chance, other.reasons)
    ours = max(_LEAST, min(_MOST, own.value))
    for_it, against = ours * other.chance, (1 - ours) * (1 - other.chance)
    return Score(for_it / (for_it + against), (*own.reasons, *other.reasons))


def field(found: Score | None) -> bytes:
    """`X-Parvis-Spam: 0.997 (why; why)`, the whole field; nothing when there is no score."""
    if found is None:
        return b""
    reasons = [reason for reason in found.reasons if _SHOWN.match(reason)]
    why = "".join(f"{';' if place else ''}\r\n\t{reason}" for place, reason in enumerate(reasons))
    return f"{OWN_FIELD}: {found.value:.4f} ({why.lstrip()})\r\n".encode()


def said(message: mime.Message) -> float | None:
    """The score that a message has in its field; None when it has none."""
    found = message.root.last(OWN_FIELD)
    match = None if found is None else _SCORE.match(found.value)
    return None if match is None else float(match[1])


def strip(raw: bytes, start: int = 0) -> bytes:
    """The message that begins at `start`, without fields that look like ours: we have not written it yet."""
    fields, _ = mime.header(raw, start)
    kept, place = [], start
    for each in fields:
        if each.name.lower() == OWN_FIELD.lower():
            kept.append(raw[place : each.start])
            place = each.end
    return b"".join([*kept, raw[place:]])
