"""Somebody who sees only what is shared, and follows /changes: always ends with exactly what they may see, and never
hears of anything else. Random work on a tree, looked at after each step; the tree stays whole."""

import random

import pytest

from parvis.kernel import ids
from tests.files.test_tree import sound


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


class Follower:
    """A client with a copy of what it sees in an account, kept by /changes alone as long as that is possible."""

    def __init__(self, client, account: str) -> None:
        self.client, self.account = client, account
        self.state, self.known, self.heard = "", set[str](), set[str]()

    async def catch_up(self) -> None:
        while self.state:
            got = await self.client("FileNode/changes", accountId=self.account, sinceState=self.state, maxChanges=3)
            if "error" in got:
                assert got["error"] in (
                    "cannotCalculateChanges",
                    "accountNotFound",
                    "accountNotSupportedByMethod",
                ), got
                self.state, self.known = "", set()
                break
            self.heard |= {*got["created"], *got["updated"], *got["destroyed"]}
            self.known |= {*got["created"], *got["updated"]}
            self.known -= set(got["destroyed"])
            self.state = got["newState"]
            if not got["hasMoreChanges"]:
                return
        got = await self.client("FileNode/get", accountId=self.account, ids=None, properties=["name"])
        if "error" not in got:
            self.state, self.known = got["state"], {one["id"] for one in got["list"]}
            self.heard |= self.known


async def step(chance: random.Random, anna, bob: str, names: list[int]) -> None:
    """One thing that Ann does, of whatever kind; what cannot be is refused."""
    nodes = (await anna("FileNode/get", ids=None, properties=["nodeType", "parentId", "role"]))["list"]
    folders = [one["id"] for one in nodes if one["nodeType"] == "directory" and one["role"] is None]
    movable = [one["id"] for one in nodes if one["role"] is None]
    trash = next(one["id"] for one in nodes if one["role"] == "trash")
    what = chance.choice(
        ["folder", "file", "move", "move", "rename", "share", "share", "withdraw", "trash", "restore", "destroy"]
    )
    names[0] += 1
    name, one = f"n{names[0]}", chance.choice(movable) if movable else None
    if what == "folder":
        await anna.create(name, parent=chance.choice([None, *folders]))
    elif what == "file":
        await anna.create(name, name.encode(), chance.choice([None, *folders]))
    elif one is None:
        return
    elif what == "move":
        await anna("FileNode/set", update={one: {"parentId": chance.choice([None, *folders])}})
    elif what == "rename":
        await anna("FileNode/set", update={one: {"name": name}})
    elif what == "share":
        await anna("FileNode/set", update={one: {"shareWith": {bob: {"mayRead": True}}}})
    elif what == "withdraw":
        await anna("FileNode/set", update={one: {"shareWith": None}})
    elif what == "trash":
        await anna("FileNode/set", update={one: {"parentId": trash}})
    elif what == "restore":
        await anna("FileNode/restore", ids=[one])
    else:
        await anna("FileNode/set", destroy=[one], onDestroyRemoveChildren=True)


@pytest.mark.parametrize("seed", range(4))
async def test_who_follows_sees_what_there_is(anna, bobby, store, ann, bob, seed: int) -> None:
    chance, names = random.Random(seed), [0]
    follower, ever = Follower(bobby, anna.account), set[str]()
    own = Follower(anna, anna.account)
    for _ in range(60):
        await step(chance, anna, bobby.account, names)
        visible = {
            ids.text(row[0])
            for row in await store.db.rows(
                """SELECT n.id FROM file_node n JOIN visible v ON v.scope_id = n.scope_id AND v.principal_id = ?
                WHERE n.account_id = ?""",
                bob.id,
                ann.id,
            )
        }
        ever |= visible
        if chance.random() < 0.6:
            await follower.catch_up()
            assert follower.known == visible
            assert follower.heard <= ever
        if chance.random() < 0.3:
            await own.catch_up()
            assert own.known == {
                ids.text(row[0])
                for row in await store.db.rows("SELECT id FROM file_node WHERE account_id = ?", ann.id)
            }
    await sound(store)
    assert ever
