"""The calendar as app.py wires it."""

from parvis.access.principal import Kind as PrincipalKind
from parvis.calendar import calendars, erase, feeds, outgoing, transfer
from parvis.calendar.dav import Calendars
from parvis.calendar.delivery import FOLLOWER, Deliverer
from parvis.calendar.jmap import kinds
from parvis.calendar.public.door import BookingDoor
from parvis.calendar.public.links import LinkDoor
from parvis.calendar.reminders import Ringer
from parvis.calendar.source import EventSource
from parvis.calendar.tools import CalendarTools
from parvis.kernel.languages import LANGUAGES, Language
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_WITH_CALENDARS: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})
_PAGE = 100


def feature(context: Context) -> Feature:
    """Calendars and events, their doors, and what runs beside them."""
    store = context.store
    deliverer, ringer = Deliverer(context), Ringer(context)

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_CALENDARS:
            await calendars.provision(unit, account_id, await language_of(unit, account_id))

    return Feature(
        name="calendar",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        shares=kinds.SHARES,
        trees=(Calendars(store),),
        sources=(EventSource(store),),
        tools=CalendarTools(store).all(),
        erase=erase.everything,
        jobs={
            outgoing.DELIVER: deliverer.handle,
            outgoing.RING: ringer.handle,
            outgoing.PLAN: ringer.plan,
            feeds.JOB: feeds.Reader(context).handle,
        },
        followers={FOLLOWER: deliverer.follow},
        routes=(*LinkDoor(context).routes(), *BookingDoor(context).routes()),
        blobs={transfer.LETTER: transfer.Files(store).resolve},
        provision=provision,
        start=lambda: everybody(store),
    )


async def language_of(unit: Unit, account_id: int) -> Language:
    """The language of a principal."""
    found = await unit.value("SELECT language FROM principal WHERE id = ?", account_id)
    return next((language for language in LANGUAGES if language == found), "en")


async def everybody(store: Store) -> None:
    """Gives a calendar to those who were there before calendars were."""
    while rows := await store.db.rows(
        f"""SELECT p.id FROM principal p WHERE p.kind IN {marks(len(_WITH_CALENDARS))}
        AND NOT EXISTS (SELECT 1 FROM calendar c WHERE c.account_id = p.id AND c.is_default = 1) LIMIT ?""",
        *sorted(_WITH_CALENDARS),
        _PAGE,
    ):

        async def work(unit: Unit, numbers: tuple[int, ...] = tuple(row[0] for row in rows)) -> None:
            for number in numbers:
                await calendars.provision(unit, number, await language_of(unit, number))

        await store.write(work)
