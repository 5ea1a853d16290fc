"""How much is new: what was taken back is not."""

import pytest

from tests.chat.conftest import Client, Opener
from tests.chat.test_rooms import both, say


async def counted(client: Client, room: str, since: str | None) -> tuple[int, str]:
    """How much is new in a room, and where to go on."""
    told = await client.ask("GET", "/v3/sync", params={"since": since} if since else {})
    return told["rooms"]["join"][room]["unread_notifications"]["notification_count"], told["next_batch"]


@pytest.mark.parametrize("whole", [True, False], ids=["from the beginning", "what came since"])
async def test_what_was_taken_back_is_not_new(open_client: Opener, whole: bool) -> None:
    ann, bob, room = await both(open_client)
    said = [await say(ann, room, f"message {number}") for number in range(3)]
    count, since = await counted(bob, room, None)
    assert count == 3
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{said[1]}/1", json={})
    count, since = await counted(bob, room, None if whole else since)
    assert count == 2
    await say(ann, room, "another")
    count, since = await counted(bob, room, None if whole else since)
    assert count == 3
    quick = await say(ann, room, "taken back before anybody looked")
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{quick}/2", json={})
    count, since = await counted(bob, room, None if whole else since)
    assert count == 3
