"""When a room becomes of another kind, all that was said in it is read anew by search: then it finds it, or no
more."""

from parvis.chat.rooms.model import EVENT, NOWHERE
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit

JOB = "chat-reread"
_PAGE = 500


async def plan(unit: Unit, room: int) -> None:
    """Has it done, soon."""
    await Jobs.add(unit, JOB, {"room": room})


class Rereading:
    """Does it, page by page."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, job: Job) -> None:
        """See Jobs.handle."""
        room, last = int(job.args["room"]), int(job.progress.get("stream", NOWHERE))
        while True:
            rows = await self._store.db.rows(
                """SELECT id, account_id, stream FROM chat_event WHERE room = ? AND stream > ? AND state_key IS NULL
                ORDER BY stream LIMIT ?""",
                room,
                last,
                _PAGE,
            )
            if not rows:
                return
            last = rows[-1][2]

            async def work(unit: Unit, rows: list[tuple[int, ...]] = rows, last: int = last) -> None:
                for number, account_id, _ in rows:
                    await unit.changed(account_id, EVENT, number, "updated", part=room)
                await Jobs.note(unit, job, {"stream": last})

            await self._store.write(work)
