"""Which events name media, and media that no event names any more. What is sent encrypted names its media inside of
what nobody can read here, so that nothing is known of it: it goes by its age alone, where the settings say so."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from parvis.chat.people import media
from parvis.chat.people.profiles import AVATAR
from parvis.chat.rooms import store as rows
from parvis.chat.rooms.model import Stored
from parvis.kernel import clock
from parvis.kernel.settings import Settings
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import media_names
from parvis.wire.matrix.canonical import Object

JOB = "chat-media-uses"
"""Notes what events of before name."""
_BEFORE = 0
"""The event that stands for them until then."""
_PAGE = 200
_DAY_MS = 86_400_000
_NOTE = "INSERT INTO chat_media_use (name, event) VALUES (?, ?) ON CONFLICT DO NOTHING"
_UNUSED = """m.hash <> '' AND m.principal_id NOT IN (SELECT account_id FROM chat_server)
    AND NOT EXISTS (SELECT 1 FROM chat_media_use u WHERE u.name = m.media_id)
    AND NOT EXISTS (SELECT 1 FROM chat_profile p WHERE p.principal_id = m.principal_id AND p.field = ?
    AND p.value LIKE '%/' || m.media_id || '"')"""
"""Media of people that no event names, and that is not their picture."""


def note(unit: Unit, server: str, stored: Stored) -> None:
    """Notes what an event names, with what else the unit writes; nothing mostly. `server` is ours."""
    for name in _names(server, stored.event.content):
        unit.later(_NOTE, name, stored.id)


def _names(server: str, content: Object) -> list[str]:
    return [
        each.media_id if each.server == server else f"{each.server}/{each.media_id}"
        for each in media_names.named(content)
    ]


async def forget(unit: Unit, events: Sequence[int]) -> None:
    """Lets go of what some events named and no other does: they are gone, or were taken back."""
    found = await unit.rows(
        f"DELETE FROM chat_media_use WHERE event IN {marks(len(events))} RETURNING name", *events
    )
    names = sorted({name for (name,) in found})
    for start in range(0, len(names), _PAGE):
        some = names[start : start + _PAGE]
        await _let_go(unit, f"m.media_id IN {marks(len(some))}", some)
        await _let_go_abroad(unit, [name for name in some if "/" in name])


async def _let_go(unit: Unit, which: str, args: Iterable[object]) -> int:
    unused = await unit.rows(
        f"DELETE FROM chat_media AS m WHERE {which} AND {_UNUSED} RETURNING id, principal_id", *args, AVATAR
    )
    for number, owner in unused:
        await media.let_go(unit, owner, media.KIND, number)
    return len(unused)


async def _let_go_abroad(unit: Unit, names: Sequence[str]) -> None:
    """What was fetched from other servers; whoever asks for it has it fetched anew."""
    if not names:
        return
    account_id = int(await unit.value("SELECT account_id FROM chat_server") or 0)
    for name in names:
        server, _, media_id = name.partition("/")
        number = await unit.value(
            """DELETE FROM chat_abroad_media WHERE server = ? AND media_id = ?
            AND NOT EXISTS (SELECT 1 FROM chat_media_use u WHERE u.name = ?) RETURNING id""",
            server, media_id, name,
        )  # fmt: skip
        if number is not None:
            await media.let_go(unit, account_id, media.KIND_ABROAD, number)


class Noting:
    """Notes what the events name that were here before uses were noted."""

    def __init__(self, keep: Store, server: str) -> None:
        self._store, self._server = keep, server

    async def run(self, job: Job) -> None:
        """See Jobs.handle."""
        last = int(job.progress.get("event", 0))
        while some := await rows.select(self._store.db, "e.id > ? ORDER BY e.id LIMIT ?", last, _PAGE):
            last = some[-1].id
            await self._store.write(partial(self._page, job, some))
        while await self._store.write(_noted):
            pass

    async def _page(self, job: Job, some: Sequence[Stored], unit: Unit) -> None:
        there = await unit.rows(
            f"SELECT id FROM chat_event WHERE id IN {marks(len(some))}", *(each.id for each in some)
        )
        alive = {number for (number,) in there}
        for each in some:
            if each.id in alive:
                note(unit, self._server, each)
        await Jobs.note(unit, job, {"event": some[-1].id})


async def _noted(unit: Unit) -> int:
    return await unit.run(
        """DELETE FROM chat_media_use WHERE event = ? AND name IN
        (SELECT name FROM chat_media_use WHERE event = ? LIMIT ?)""",
        _BEFORE, _BEFORE, _PAGE,
    )  # fmt: skip


def tidying(settings: Settings) -> Callable[[Store], Awaitable[int]]:
    """Lets go of old media that no event is known to name, for the daily tidying. It returns how much."""

    async def unnamed(keep: Store) -> int:
        days, last, total = settings.chat.retention.unnamed_days, 0, 0
        before_ms = clock.now_ms() - days * _DAY_MS
        while days and (some := await _older(keep, last, before_ms)):
            last = some[-1]
            total += await keep.write(partial(_let_go, which=f"m.id IN {marks(len(some))}", args=some))
        return total

    return unnamed


async def _older(keep: Store, after: int, before_ms: int) -> list[int]:
    found = await keep.db.rows(
        "SELECT id FROM chat_media WHERE id > ? AND created_ms < ? ORDER BY id LIMIT ?", after, before_ms, _PAGE
    )
    return [number for (number,) in found]
