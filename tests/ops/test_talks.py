"""The rooms of the demo: each once, with what was said when it was said, and what is still unread."""

import json
from functools import partial

import pytest

from parvis import chat
from parvis.access import directory
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.ops import people
from parvis.ops.demo import scenario
from parvis.ops.demo.dates import Calendar
from parvis.ops.demo.letters import Post
from parvis.ops.demo.talks import Talks
from parvis.serve.context import Context


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "chat"]


@pytest.fixture
async def context(store, settings) -> Context:
    return Context(settings, store, Egress([]))


@pytest.fixture
async def features(context) -> list:
    feature = chat.feature(context)
    await feature.start()
    return [feature]


async def test_the_demo_has_its_rooms_once(store, context, features) -> None:
    everybody = scenario.organisation()
    principals = {
        each.key: await people.create(store, features, "person", each.name, each.address, language=each.language)
        for each in everybody.accounts
    }
    for group in everybody.groups.values():
        if group.kind == "space":
            space = principals[group.key] = await people.create(store, features, "space", group.name, group.address)
            for key in group.members:
                role = "manager" if key == group.members[0] else "member"
                await store.write(
                    partial(directory.join, group_id=space.id, member_id=principals[key].id, role=role)
                )
    now = clock.now_ms()
    post = Post(everybody, scenario.drafts(), scenario.enclosures(), Calendar(now))
    talks = Talks(context.need(Rooms), principals, post)
    given = json.loads((scenario.FOLDER / "chat.json").read_text(encoding="utf-8"))
    assert await talks.write() == len(given)
    assert await talks.write() == 0
    said = [row[0] for row in await store.db.rows("SELECT origin_ms FROM chat_event WHERE type = 'm.room.message'")]
    assert len(said) == sum(len(each["said"]) + sum("edit" in one for one in each["said"]) for each in given)
    assert max(said) <= now and min(said) < now - 7 * 86_400_000
    kinds = {row[0] for row in await store.db.rows("SELECT kind FROM chat_room")}
    assert kinds == {"open", "private"}
