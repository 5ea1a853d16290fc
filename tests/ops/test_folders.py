"""Files of the demo."""

import pytest

from parvis import files as room
from parvis.kernel.egress import Egress
from parvis.ops import people
from parvis.ops.demo import folders, scenario
from parvis.ops.demo.dates import Calendar
from parvis.ops.demo.letters import Post
from parvis.serve.context import Context


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "files"]


async def test_people_and_spaces_have_files_once(store, settings) -> None:
    features = [room.feature(Context(settings, store, Egress([])))]
    organisation = scenario.organisation()
    principals = {
        one.key: await people.create(store, features, "person", one.name, one.address)
        for one in organisation.accounts
    }
    for space in organisation.spaces:
        principals[space.key] = await people.create(store, features, "space", space.name, space.address)
    post = Post(organisation, scenario.drafts(), scenario.enclosures(), Calendar(1_790_000_000_000))
    assert await folders.write(store, principals, post) == 43
    assert await folders.write(store, principals, post) == 0
    rows = await store.db.rows(
        """SELECT f.name, p.name FROM file_node f JOIN file_node p ON p.id = f.parent_id
        WHERE f.account_id = ? AND f.folder = 0 ORDER BY f.name""",
        principals["visite"].id,
    )
    assert ("devis-kermadec.pdf", "Traiteur") in rows and len(rows) == 8
