"""What somebody is asked to do, and what is answered, as it comes in. RFC 5546 §3.4, RFC 6638 §4"""

from collections.abc import Mapping

from parvis.access.principal import Principal
from parvis.kernel import clock
from parvis.serve import scheduling
from parvis.store.unit import Unit
from parvis.tasks import content, service, store
from parvis.tasks.store import Kept
from parvis.wire.ical import calendar, itip
from parvis.wire.ical.itip import status
from parvis.wire.ical.itip.message import address


class TaskKeeper(scheduling.Keeper):
    """See serve.scheduling.Keeper."""

    async def received(
        self, unit: Unit, person: Principal, message: itip.Message, sender: Principal | None, author: str
    ) -> itip.Outcome:
        """See Keeper."""
        kept = await _of_uid(unit, person.id, message.uid)
        before = content.read(kept.content) if kept is not None else None
        mine = await scheduling.me(unit, person.id)
        outcome = itip.received(before, message, mine, clock.now_ms())
        if outcome.series is None:
            return outcome
        by = sender or Principal(0, _name(message, author), author, kind="external")
        if kept is None:
            made = content.of(itip.with_zones(outcome.series, message.calendar, ()))
            await service.asked(unit, by, person, made)
        else:
            around = calendar.read(kept.content)
            made = content.of(itip.with_zones(outcome.series, around, outcome.zones), kept.content)
            await service.heard(unit, by, kept, made, answer=outcome.happened == "replied")
        return outcome

    async def noted(self, unit: Unit, account_id: int, uid: str, said: Mapping[str, str]) -> None:
        """See Keeper."""
        kept = await _of_uid(unit, account_id, uid)
        if kept is None:
            return
        series = content.read(kept.content)
        shown = status.noted(series, said)
        if shown is not series:
            await service.noted(unit, kept, content.of(shown, kept.content))


def _name(message: itip.Message, author: str) -> str:
    """What somebody elsewhere is called in their own message."""
    people = (each for one in message.series.components for each in one.every("ORGANIZER", "ATTENDEE"))
    named = (each.param("CN") for each in people if address(each) == f"mailto:{author}" and each.param("CN"))
    return next(named, author)[:200]


async def _of_uid(unit: Unit, account_id: int, uid: str) -> Kept | None:
    found = await store.every(
        unit, "t.account_id = ? AND t.uid = ?", account_id, uid, content=True, tail="ORDER BY t.id LIMIT 1"
    )
    return found[0] if found else None
