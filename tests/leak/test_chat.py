"""What is said in rooms: found by who is in them, and by nobody from the moment they are not; in rooms that are private
or encrypted by nobody at all. K7, C5"""

import asyncio

import pytest

from parvis.access import sessions
from parvis.app import App
from parvis.kernel import clock
from tests.leak.test_leak import Person, app, asked, someone

WORD = "turquoiseaxolotl"
OTHER = "magentapangolin"
__all__ = ["app"]


class Chatter:
    """Somebody with a token of Matrix."""

    def __init__(self, person: Person, token: str) -> None:
        self.person, self._headers = person, {"authorization": f"Bearer {token}"}
        local = person.principal.address.partition("@")[0]
        self.user = f"@{local}:example.net"

    async def __call__(self, method: str, path: str, body: dict | None = None, status: int = 200) -> dict:
        found = await self.person.client.request(
            method, f"/_matrix/client{path}", json=body if body is not None else {}, headers=self._headers
        )
        assert found.status_code == status, found.text
        return found.json()


async def chatter(app: App, name: str) -> Chatter:
    person = await someone(app, name)
    token, _ = await sessions.open(
        app.context.store, person.principal, "test", "", kind="token", protocols=frozenset({"matrix"})
    )
    return Chatter(person, token)


async def found(who: Chatter, word: str) -> bool:
    """Whether anything that the server tells of a word has it."""
    account = who.person.account
    told = [
        await who.person(("Search/query", {"accountId": account, "text": word})),
        await who.person(("Search/suggest", {"accountId": account, "text": word[:8]})),
        await who(
            "POST", "/v3/search", {"search_categories": {"room_events": {"search_term": word, "event_context": {}}}}
        ),
        await asked(who.person, {"task": "ask", "text": f"What was said about {word[:-1]}?"}),
    ]
    return word in str(told).replace(f"'text': '{word}'", "")


async def becomes(who: Chatter, word: str, wanted: bool) -> None:
    """Waits for the index."""
    until = clock.monotonic() + 15
    while await found(who, word) != wanted:
        assert clock.monotonic() < until, f"{word} is {'not ' if wanted else ''}found"
        await asyncio.sleep(0.1)


async def say(who: Chatter, room: str, text: str, txn: str = "1") -> str:
    path = f"/v3/rooms/{room}/send/m.room.message/{txn}"
    return (await who("PUT", path, {"msgtype": "m.text", "body": text}))["event_id"]


@pytest.mark.slow
async def test_what_is_said_is_found_by_who_is_there_and_nobody_else(app: App) -> None:
    ann, bob, eve = await chatter(app, "ann"), await chatter(app, "bob"), await chatter(app, "eve")
    room = (await ann("POST", "/v3/createRoom", {"invite": [bob.user], "name": "Plans"}))["room_id"]
    await bob("POST", f"/v3/join/{room}")
    event = await say(ann, room, f"The {WORD} arrives on Thursday with the {OTHER}.")
    await becomes(ann, WORD, True)
    asked_for = {"search_categories": {"room_events": {"search_term": WORD, "event_context": {"before_limit": 2}}}}
    [hit] = (await bob("POST", "/v3/search", asked_for))["search_categories"]["room_events"]["results"]
    assert hit["result"]["event_id"] == event and len(hit["context"]["events_before"]) == 2
    assert await found(bob, WORD) and not await found(eve, WORD)
    await ann("POST", f"/v3/rooms/{room}/kick", {"user_id": bob.user})
    assert not await found(bob, WORD), "found after the kick"
    assert await found(ann, WORD)
    await ann("PUT", f"/v3/rooms/{room}/redact/{event}/2")
    await becomes(ann, WORD, False)


@pytest.mark.slow
async def test_search_in_a_room_looks_there_alone_and_at_what_was_said(app: App) -> None:
    ann = await chatter(app, "ann")
    room = (await ann("POST", "/v3/createRoom", {"name": "Plans"}))["room_id"]
    event = await say(ann, room, f"The {WORD} arrives on Thursday.")
    await becomes(ann, WORD, True)
    other = (await ann("POST", "/v3/createRoom", {"name": f"All about the {WORD}"}))["room_id"]
    await say(ann, other, "A vermilionibis arrives on Friday.")
    await becomes(ann, "vermilionibis", True)
    for rooms, meant in (([room], [event]), ([other], []), ([], []), ([other, room], [event])):
        asked_for = {"search_categories": {"room_events": {"search_term": WORD, "filter": {"rooms": rooms}}}}
        told = (await ann("POST", "/v3/search", asked_for))["search_categories"]["room_events"]["results"]
        assert [each["result"]["event_id"] for each in told] == meant


@pytest.mark.slow
async def test_a_room_that_is_not_open_is_not_read(app: App) -> None:
    ann = await chatter(app, "ann")
    private = {"type": "org.parvis.room_kind", "state_key": "", "content": {"kind": "private"}}
    closed = (await ann("POST", "/v3/createRoom", {"initial_state": [private]}))["room_id"]
    room = (await ann("POST", "/v3/createRoom", {}))["room_id"]
    await say(ann, closed, f"a {OTHER} in private")
    silent = {**private, "content": {}}
    for body in ({"is_direct": True}, {"initial_state": [silent]}):
        unsaid = (await ann("POST", "/v3/createRoom", body))["room_id"]
        await say(ann, unsaid, f"a {OTHER} where nothing says that the room is open")
    await say(ann, room, f"a {WORD} in the open")
    hidden = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}}
    later = (await ann("POST", "/v3/createRoom", {"initial_state": [hidden]}))["room_id"]
    await say(ann, later, f"a {OTHER} that who comes later may not read")
    await becomes(ann, WORD, True)
    assert not await found(ann, OTHER)
    await ann("PUT", f"/v3/rooms/{room}/state/m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await becomes(ann, WORD, False)
    await ann("PUT", f"/v3/rooms/{closed}/state/org.parvis.room_kind", {"kind": "open"})
    await becomes(ann, OTHER, True)
