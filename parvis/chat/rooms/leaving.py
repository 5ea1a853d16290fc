"""Somebody whose account is gone leaves all rooms; nothing is left of what was theirs alone. What they said stays
with those they said it to, under a name that is nobody's."""

from parvis.access.erasure import Gone, rows
from parvis.access.principal import Principal
from parvis.chat.rooms import invitations, joining, members, store
from parvis.chat.rooms.model import Me
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.writing import Writing

_PAGE = 50
_KEPT = (
    ("chat_receipt", "id", "principal_id = ?"),
    ("chat_transaction", "principal_id, device_id, name", "principal_id = ?"),
    ("chat_report", "id", "principal_id = ?"),
)


async def everywhere(rooms: Rooms, gone: Gone) -> None:
    """See access.erasure.Eraser."""
    found = await rooms.store.db.rows(
        "SELECT room, user_id, membership FROM chat_member WHERE principal_id = ? ORDER BY room", gone.account_id
    )
    for start in range(0, len(found), _PAGE):
        some = found[start : start + _PAGE]

        async def work(writing: Writing, some: list[tuple[int, str, str]] = some) -> None:
            for number, user_id, membership in some:
                if membership in ("join", "invite", "knock"):
                    room = (await store.rooms_by_ids(writing.unit, [number]))[number]
                    if await members.is_here(writing.unit, room):
                        who = Me(Principal(gone.account_id, "", ""), user_id)
                        await joining.leave(writing, who, room)
                    else:  # an invitation of another server, which is not told
                        await invitations.end(writing, room, user_id, None)
                await writing.unit.run(
                    "UPDATE chat_member SET principal_id = 0 WHERE room = ? AND user_id = ?", number, user_id
                )

        await rooms.write(work)
    for table, key, where in _KEPT:
        await rows(rooms.store, table, key, where, gone.account_id)
