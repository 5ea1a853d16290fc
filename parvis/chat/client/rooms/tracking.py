"""Whose devices a client is to ask for anew (Matrix v1.19 Client-Server §Tracking the device list for a user)."""

from collections.abc import Sequence

from parvis.chat.client.call import Call
from parvis.chat.people import streams
from parvis.chat.people.streams import Own
from parvis.chat.rooms import sharing
from parvis.wire.matrix.canonical import Object


async def device_lists(call: Call, own: Own, encrypted: Sequence[int], after: int, upto: int) -> Object:
    """Those whose keys changed between two positions, and those who share no room any more; empty for nobody.
    `encrypted` are the encrypted rooms in which something happened meanwhile."""
    db, who = call.store.db, call.who

    async def peers() -> set[int]:
        return await sharing.peers(db, who.id)

    changed = set(await streams.keys_changed(call.server, who, after, upto, peers)) | own.signed
    came, left = await sharing.changed_peers(db, who.id, encrypted, after, upto)
    changed |= came
    there, gone = set[str](), set[str]()
    if call.server.queue is not None:
        account_id = call.server.account_id
        there, gone = await sharing.changed_elsewhere(db, account_id, who.id, encrypted, after, upto)
    if not changed and not left and not there and not gone:
        return {}
    names = await call.server.users.ids_of(db, changed | left)
    return {
        "changed": sorted([*there, *(names[each] for each in changed if each in names)]),
        "left": sorted([*gone, *(names[each] for each in left if each in names)]),
    }
