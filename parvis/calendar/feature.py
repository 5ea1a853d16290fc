"""The calendar as app.py wires it."""

from parvis.access import colleagues, directory
from parvis.access.principal import Kind as PrincipalKind
from parvis.calendar import approval, attachments, calendars, copies, erase, feeds, outgoing, transfer
from parvis.calendar.asking import Asker
from parvis.calendar.attaching import Attaching
from parvis.calendar.dav import Calendars
from parvis.calendar.delivery import FOLLOWER, Deliverer
from parvis.calendar.elsewhere import Elsewhere
from parvis.calendar.jmap import kinds
from parvis.calendar.public.door import BookingDoor
from parvis.calendar.public.files import GuestFileDoor
from parvis.calendar.public.freebusy import FreeBusyDoor
from parvis.calendar.public.links import LinkDoor
from parvis.calendar.reminders import Ringer
from parvis.calendar.source import EventSource
from parvis.calendar.tools import CalendarTools
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.newcomers import provide
from parvis.store.unit import Unit

_WITH_CALENDARS: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})
_PRESENT = "SELECT 1 FROM calendar c WHERE c.account_id = p.id AND c.is_default = 1"


def feature(context: Context) -> Feature:
    """Calendars and events, their doors, and what runs beside them."""
    store = context.store
    context.offer(Elsewhere(context))
    attaching = Attaching(context)
    deliverer, ringer = Deliverer(context), Ringer(context)

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_CALENDARS:
            await calendars.provision(unit, account_id, await directory.language_of(unit, account_id))

    async def start() -> None:
        await colleagues.settle(store, context.settings.calendar.free_busy_inside)
        await provide(store, _WITH_CALENDARS, _PRESENT, provision)

    return Feature(
        name="calendar",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        shares=kinds.SHARES,
        trees=(Calendars(context),),
        sources=(EventSource(store),),
        tools=CalendarTools(store).all(),
        erase=erase.everything,
        jobs={
            outgoing.DELIVER: deliverer.handle,
            copies.SPREAD: copies.Spreader(context).handle,
            approval.ASK: Asker(context).handle,
            outgoing.RING: ringer.handle,
            outgoing.PLAN: ringer.plan,
            feeds.JOB: feeds.Reader(context).handle,
        },
        followers={FOLLOWER: deliverer.follow},
        routes=(
            *attaching.routes(),
            *LinkDoor(context).routes(),
            *FreeBusyDoor(context).routes(),
            *GuestFileDoor(context).routes(),
            *BookingDoor(context).routes(),
        ),
        blobs={transfer.LETTER: transfer.Files(store).resolve, attachments.LETTER: attaching.resolve},
        provision=provision,
        start=start,
    )
