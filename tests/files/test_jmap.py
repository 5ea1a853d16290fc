"""FileNode over JMAP. draft-ietf-jmap-filenode"""

import pytest

from parvis.access import directory
from parvis.access.principal import Principal, Right
from parvis.files import store as files
from parvis.files.jmap.node_set import FileNodeSetArguments, moves_shares
from parvis.files.model import FILENODE
from parvis.kernel import ids
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.session import accounts_of
from parvis.serve.quotas import quotas
from parvis.store.sql.contract import counting


@pytest.fixture
async def store(store_sqlite):
    """The doors alone are tested here, on SQLite; what is below them is tested on both databases."""
    return store_sqlite


async def test_files_and_folders_are_made_and_read(anna) -> None:
    folder = await anna.create("Work")
    file = await anna.create("a.txt", b"hello", folder["id"], type="text/markdown", tags={"red": True})
    assert file["size"] == 5 and file["nodeType"] == "file" and file["myRights"]["mayShare"] is True
    got = await anna.one(file["id"])
    assert got["parentId"] == folder["id"] and got["type"] == "text/markdown" and got["tags"] == {"red": True}
    assert got["shareWith"] is None and got["version"] == 1 and got["role"] is None
    shown = await anna.one(folder["id"])
    assert (shown["nodeType"], shown["blobId"], shown["size"], shown["type"]) == ("directory", None, None, None)
    assert shown["childCount"] == 1 and shown["treeSize"] == 5
    both = await anna("FileNode/get", ids=[file["id"]], fetchParents=True, properties=["name"])
    assert [one["name"] for one in both["list"]] == ["a.txt", "Work"]
    roles = [one["role"] for one in (await anna("FileNode/get", ids=None))["list"]]
    assert roles.count("trash") == 1 and len(roles) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a/b"},
        {"name": ""},
        {"name": "x", "parentId": "nothing"},
        {"name": "x", "blobId": "b" + "0" * 64},
        {"name": "x", "nodeType": "file"},
        {"name": "x", "nodeType": "symlink", "target": ["a"]},
        {"name": "x", "type": "text/plain"},
        {"name": "x", "size": 3},
        {"name": "x", "role": "trash"},
        {"name": "x", "role": "cellar"},
        {"name": "x", "tags": {"a\nb": True}},
        {"name": "x", "modified": "2026-02-31T00:00:00Z"},
        {"name": "x", "isFavourite": "yes"},
        {"name": "x", "shareWith": {"nobody": {"mayRead": True}}},
        {"name": "x", "changed": "2026-02-03T00:00:00Z"},
    ],
)
async def test_what_cannot_be_is_refused(anna, given) -> None:
    got = await anna("FileNode/set", create={"n": given})
    assert got["notCreated"]["n"]["type"] in ("invalidProperties", "notFound"), got
    assert not (await anna("FileNode/query", filter={"name": "x"}))["ids"]


async def test_a_taken_name_is_refused_renamed_or_replaced(anna) -> None:
    first = await anna.create("a.txt", b"one")
    taken = await anna.create("a.txt", b"two")
    assert (taken["type"], taken["existingId"]) == ("alreadyExists", first["id"])
    assert (await anna.create("a.txt", b"two", onExists="rename"))["name"] == "a (2).txt"
    assert (await anna.create("A.TXT", b"two", compareCaseInsensitively=True))["existingId"] == first["id"]
    older = await anna.create("a.txt", b"old", onExists="newest", modified="2001-01-01T00:00:00Z")
    assert older["type"] == "alreadyExists"
    got = await anna(
        "FileNode/set",
        create={"n": {"name": "a.txt", "blobId": await anna.upload(b"three")}},
        onExists="replace",
    )
    assert got["destroyed"] == [first["id"]] and got["created"]["n"]["id"] != first["id"]
    folder = await anna.create("F")
    await anna.create("x", b"", folder["id"])
    refused = await anna.create("F", onExists="replace")
    assert refused["type"] == "nodeHasChildren"


async def test_a_new_blob_is_a_new_version(anna) -> None:
    file = await anna.create("a.txt", b"one", modified="2026-01-01T00:00:00Z")
    blob = await anna.upload(b"second")
    got = await anna("FileNode/set", update={file["id"]: {"blobId": blob}})
    changed = got["updated"][file["id"]]
    assert changed["size"] == 6 and changed["version"] == 2
    for patch in ({"blobId": None}, {"size": 7}, {"nodeType": "directory"}, {"target": ["x"]}, {"type": "x"}):
        bad = await anna("FileNode/set", update={file["id"]: patch})
        assert bad["notUpdated"][file["id"]]["type"] == "invalidProperties", patch


async def test_moving_and_renaming(anna) -> None:
    one, two = await anna.create("one"), await anna.create("two")
    file = await anna.create("a", b"x", one["id"])
    got = await anna("FileNode/set", update={file["id"]: {"parentId": two["id"], "name": "b"}})
    assert got["updated"] == {file["id"]: None}
    moved = await anna.one(file["id"], "parentId", "name")
    assert (moved["parentId"], moved["name"]) == (two["id"], "b")
    circle = await anna("FileNode/set", update={one["id"]: {"parentId": one["id"]}})
    assert circle["notUpdated"][one["id"]]["type"] == "invalidProperties"
    await anna.create("b", b"y", one["id"])
    taken = await anna("FileNode/set", update={file["id"]: {"parentId": one["id"]}})
    assert taken["notUpdated"][file["id"]]["type"] == "alreadyExists"
    renamed = await anna("FileNode/set", update={file["id"]: {"parentId": one["id"]}}, onExists="rename")
    assert renamed["updated"][file["id"]] == {"name": "b (2)"}


async def test_destroying_children(anna) -> None:
    folder = await anna.create("F")
    inner = await anna.create("G", parent=folder["id"])
    file = await anna.create("a", b"x", inner["id"])
    got = await anna("FileNode/set", destroy=[folder["id"]])
    assert got["notDestroyed"][folder["id"]]["type"] == "nodeHasChildren"
    got = await anna("FileNode/set", destroy=[folder["id"], inner["id"], file["id"]])
    assert sorted(got["destroyed"]) == sorted([folder["id"], inner["id"], file["id"]])
    folder = await anna.create("F")
    file = await anna.create("a", b"x", folder["id"])
    got = await anna("FileNode/set", destroy=[folder["id"]], onDestroyRemoveChildren=True)
    assert sorted(got["destroyed"]) == sorted([folder["id"], file["id"]])


async def test_changes_are_told(anna) -> None:
    state = (await anna("FileNode/get", ids=[]))["state"]
    folder = await anna.create("F")
    file = await anna.create("a", b"x", folder["id"])
    got = await anna("FileNode/changes", sinceState=state)
    assert got["created"] == [folder["id"], file["id"]]
    await anna("FileNode/set", update={file["id"]: {"isFavourite": True}}, destroy=[])
    later = await anna("FileNode/changes", sinceState=got["newState"])
    assert later["updated"] == [file["id"]] and later["created"] == []
    asked = {"filter": {"parentId": folder["id"]}, "sort": [{"property": "name"}]}
    before = await anna("FileNode/query", **asked)
    await anna("FileNode/set", destroy=[file["id"]])
    gone = await anna("FileNode/queryChanges", sinceQueryState=before["queryState"], **asked)
    assert gone["removed"] == [file["id"]] and gone["added"] == []


async def found(client, filter_=None, sort="name", **more) -> list[str]:
    got = await client("FileNode/query", filter=filter_, sort=[{"property": sort}], **more)
    assert "ids" in got, got
    listed = await client("FileNode/get", ids=got["ids"], properties=["name"])
    return [one["name"] for one in listed["list"]]


async def test_queries(anna) -> None:
    a = await anna.create("Äpfel")
    b = await anna.create("b", parent=a["id"])
    await anna.create("c.txt", b"12345", b["id"], executable=True, tags={"red": True})
    await anna.create("d.pdf", b"1", a["id"], type="application/pdf")
    assert await found(anna, {"parentId": a["id"]}) == ["b", "d.pdf"]
    assert await found(anna, {"parentId": a["id"]}, depth=1) == ["b", "c.txt", "d.pdf"]
    assert await found(anna, {"ancestorId": a["id"]}) == ["b", "c.txt", "d.pdf"]
    assert await found(anna, {"descendantId": b["id"]}) == ["Äpfel"]
    assert await found(anna, {"isTopLevel": True}) == ["Äpfel", "Trash"]
    assert await found(anna, {"parentId": None}) == ["Äpfel", "Trash"]
    assert await found(anna, {"nodeType": "directory", "hasAnyRole": False}) == ["Äpfel", "b"]
    assert await found(anna, {"role": "trash"}) == ["Trash"]
    assert await found(anna, {"nameMatch": "*.?df"}) == ["d.pdf"]
    assert await found(anna, {"nameMatch": "apfel"}) == ["Äpfel"]
    assert await found(anna, {"nameMatch": "%"}) == []
    assert await found(anna, {"typeMatch": "application/*"}) == ["d.pdf"]
    assert await found(anna, {"minSize": 2}) == ["c.txt"] and await found(anna, {"maxSize": 2}) == ["d.pdf"]
    assert await found(anna, {"isExecutable": True}) == ["c.txt"] == await found(anna, {"hasTag": "red"})
    assert await found(anna, {"createdBefore": "2001-01-01T00:00:00Z"}) == []
    assert await found(anna, {"operator": "NOT", "conditions": [{"nodeType": "file"}, {"role": "trash"}]}) == [
        "Äpfel",
        "b",
    ]
    assert await found(anna, {"parentId": a["id"]}, "nodeType") == ["b", "d.pdf"]
    assert await found(anna, {"ancestorId": a["id"]}, "tree") == ["b", "c.txt", "d.pdf"]
    assert await found(anna, {"ancestorId": a["id"]}, "size", limit=1, position=2) == ["c.txt"]
    bad = await anna("FileNode/query", filter={"nameMatch": "[ab]"})
    assert bad["error"] == "unsupportedFilter"


async def test_what_is_ones_own(anna, bobby, tree, ann, bob) -> None:
    node = await tree.file(ann, "F/a.txt")
    await tree.share(ann, await tree.folder(ann, "F"), bob)
    number, account = ids.text(node.id), anna.account
    given = {"isFavourite": True, "opened": "2026-05-05T10:00:00Z"}
    got = await bobby("FileNode/set", accountId=account, update={number: given})
    assert number in got["updated"], got
    mine = await bobby.one(number, "isFavourite", "opened", accountId=account)
    assert (mine["isFavourite"], mine["opened"]) == (True, "2026-05-05T10:00:00Z")
    assert (await anna.one(number, "isFavourite", "opened"))["isFavourite"] is False
    asked = await bobby(
        "FileNode/query", accountId=account, filter={"isOpened": True}, sort=[{"property": "opened"}]
    )
    assert asked["ids"] == [number]
    refused = await bobby("FileNode/set", accountId=account, update={number: {"name": "mine"}})
    assert refused["notUpdated"][number]["type"] == "forbidden"


async def test_a_shared_folder_is_at_the_top_and_nothing_else_is_seen(anna, bobby, tree, ann, bob) -> None:
    inner = await tree.file(ann, "secret/F/a.txt", b"shared words")
    await tree.file(ann, "secret/other.txt")
    folder = await tree.folder(ann, "secret/F")
    account = anna.account
    assert (await bobby("FileNode/get", ids=None, accountId=account))["error"] == "accountNotFound"
    got = await anna(
        "FileNode/set", update={ids.text(folder.id): {"shareWith": {bobby.account: {"mayRead": True}}}}
    )
    assert got["updated"], got
    listed = await bobby("FileNode/get", ids=None, accountId=account)
    assert {one["name"]: one["parentId"] for one in listed["list"]} == {"F": None, "a.txt": ids.text(folder.id)}
    assert listed["list"][0]["myRights"]["mayRename"] is False and listed["list"][0]["shareWith"] is None
    top = await bobby("FileNode/query", accountId=account, filter={"isTopLevel": True})
    assert top["ids"] == [ids.text(folder.id)]
    tree_ = await bobby("FileNode/query", accountId=account, filter={"parentId": None}, depth=3)
    assert len(tree_["ids"]) == 2
    shown = await anna.one(ids.text(folder.id), "shareWith")
    assert shown["shareWith"][bobby.account]["mayRead"] is True
    blob = (await anna.one(ids.text(inner.id), "blobId"))["blobId"]
    library = anna.engine._context.need(Library)
    assert await (await library.find(bob, ann.id, blob)).read() == b"shared words"
    await anna("FileNode/set", update={ids.text(folder.id): {"shareWith": None}})
    with pytest.raises(Exception, match="no such blob"):
        await library.find(bob, ann.id, blob)
    assert (await bobby("FileNode/get", ids=None, accountId=account))["error"] == "accountNotFound"


async def test_writing_in_a_shared_folder_and_no_further(anna, bobby, tree, ann, bob) -> None:
    folder = await tree.folder(ann, "F")
    await tree.share(ann, folder, bob, Right.READ | Right.WRITE | Right.DELETE)
    account, number = anna.account, ids.text(folder.id)
    blob = await bobby.upload(b"from bob", ann.id)
    made = await bobby(
        "FileNode/set", accountId=account, create={"n": {"name": "b", "parentId": number, "blobId": blob}}
    )
    file = made["created"]["n"]["id"]
    assert (await anna.one(file, "createdBy"))["createdBy"] == bobby.account
    top = await bobby("FileNode/set", accountId=account, create={"n": {"name": "b", "blobId": blob}})
    assert top["notCreated"]["n"]["type"] == "notFound"
    up = await bobby("FileNode/set", accountId=account, update={file: {"parentId": None}})
    assert "notUpdated" in up and up["notUpdated"][file]["type"] == "notFound"
    share = await bobby("FileNode/set", accountId=account, update={number: {"shareWith": {}}})
    assert share["notUpdated"][number]["type"] == "forbidden"
    copied = await bobby(
        "FileNode/copy",
        fromAccountId=account,
        accountId=bobby.account,
        create={"c": {"id": number, "name": "mine"}},
    )
    assert (await found(bobby, {"ancestorId": copied["created"]["c"]["id"]})) == ["b"]


async def test_what_is_taken_out_of_a_shared_folder_goes_into_its_owners_trash(
    anna, bobby, tree, ann, bob, store
) -> None:
    folder, file = await tree.folder(ann, "F/G"), await tree.file(ann, "F/G/a.txt")
    around = await files.child(store.db, ann.id, 0, "F")
    await tree.share(ann, around, bob, Right.READ | Right.WRITE | Right.DELETE)
    inner, held = ids.text(folder.id), ids.text(file.id)
    state = (await bobby("FileNode/get", accountId=anna.account, ids=[]))["state"]
    refused = await bobby("FileNode/set", accountId=anna.account, destroy=[inner])
    assert refused["notDestroyed"][inner]["type"] == "nodeHasChildren"
    gone = await bobby("FileNode/set", accountId=anna.account, destroy=[inner, held])
    assert sorted(gone["destroyed"]) == sorted([inner, held])
    told = await bobby("FileNode/changes", accountId=anna.account, sinceState=state)
    assert set(told["destroyed"]) == {inner, held}
    assert (await bobby("FileNode/get", accountId=anna.account, ids=[inner, held]))["list"] == []
    kept = (await anna.one(inner, "trashed"))["trashed"]
    assert (kept["by"], kept["parentId"]) == (bobby.account, ids.text(around.id))
    back = await anna("FileNode/restore", ids=[inner])
    assert back["restored"][inner]["name"] == "G"
    shown = await bobby("FileNode/get", accountId=anna.account, ids=[held], properties=["name"])
    assert [one["name"] for one in shown["list"]] == ["a.txt"]


async def test_the_trash_over_jmap(anna) -> None:
    folder = await anna.create("F")
    file = await anna.create("a.txt", b"x", folder["id"])
    trash = (await anna("FileNode/query", filter={"role": "trash"}))["ids"][0]
    await anna("FileNode/set", update={file["id"]: {"parentId": trash}})
    kept = (await anna.one(file["id"], "trashed"))["trashed"]
    assert kept["parentId"] == folder["id"] and kept["name"] == "a.txt"
    back = await anna("FileNode/restore", ids=[file["id"], "nothing"])
    assert back["restored"] == {file["id"]: {"parentId": folder["id"], "name": "a.txt"}}
    assert back["notRestored"]["nothing"]["type"] == "notFound"
    refused = await anna("FileNode/set", destroy=[trash], update={folder["id"]: {"parentId": "x"}})
    assert refused["notDestroyed"] and refused["notUpdated"]


async def test_budgets(anna, tree, ann) -> None:
    for number in range(40):
        await tree.file(ann, f"F/{number:03}.txt")
    folder = ids.text((await tree.folder(ann, "F")).id)
    with counting() as statements:
        got = await anna("FileNode/query", filter={"parentId": folder}, sort=[{"property": "name"}], limit=20)
    assert len(got["ids"]) == 20 and len(statements) <= 4
    with counting() as statements:
        await anna("FileNode/get", ids=got["ids"])
    assert len(statements) <= 8
    blob = await anna.upload(b"x")
    with counting() as statements:
        await anna("FileNode/set", create={"n": {"name": "n", "parentId": folder, "blobId": blob}})
    assert len(statements) <= 36


async def test_versions_over_jmap(anna, bobby, tree, ann, bob) -> None:
    file = await anna.create("a.txt", b"one")
    await anna("FileNode/set", update={file["id"]: {"blobId": await anna.upload(b"second")}})
    (number,) = (await anna("FileVersion/query", filter={"nodeId": file["id"]}))["ids"]
    kept = (await anna("FileVersion/get", ids=[number]))["list"][0]
    assert (kept["number"], kept["size"], kept["createdBy"]) == (1, 3, anna.account)
    library = anna.engine._context.need(Library)
    assert await (await library.find(ann, ann.id, kept["blobId"])).read() == b"one"
    assert (await anna("FileVersion/set", update={number: {"label": "first"}}))["updated"] == {number: None}
    assert (await anna("FileVersion/restore", id=number))["version"] == 3
    assert (await anna.one(file["id"], "size"))["size"] == 3
    await tree.share(ann, await tree.get(type("N", (), {"id": ids.parse(file["id"])})), bob)
    assert (await bobby("FileVersion/get", ids=[number], accountId=anna.account))["list"]
    refused = await bobby("FileVersion/set", destroy=[number], accountId=anna.account)
    assert refused["error"] == "accountReadOnly" or refused["notDestroyed"]
    assert (await anna("FileVersion/set", destroy=[number]))["destroyed"] == [number]
    assert (await anna("FileVersion/get", ids=[number]))["notFound"] == [number]


async def test_comments(anna, bobby, tree, ann, bob) -> None:
    node, other = await tree.file(ann, "F/a.txt"), await tree.file(ann, "b.txt")
    await tree.share(ann, await tree.folder(ann, "F"), bob)
    account, number = anna.account, ids.text(node.id)
    first = await anna("FileComment/set", create={"c": {"nodeId": number, "body": "Good?"}})
    state = (await bobby("FileComment/get", ids=[], accountId=account))["state"]
    answer = {"nodeId": number, "body": "Yes", "replyToId": first["created"]["c"]["id"]}
    second = (await bobby("FileComment/set", accountId=account, create={"c": answer}))["created"]["c"]
    assert second["authorName"] == "bob"
    told = await bobby("FileComment/changes", accountId=account, sinceState=state)
    assert told["created"] == [second["id"]]
    listed = await anna("FileComment/query", filter={"nodeId": number})
    assert listed["ids"] == [first["created"]["c"]["id"], second["id"]]
    refused = await bobby("FileComment/set", accountId=account, update={listed["ids"][0]: {"body": "No"}})
    assert refused["notUpdated"][listed["ids"][0]]["type"] == "forbidden"
    mine = await anna("FileComment/set", create={"c": {"nodeId": ids.text(other.id), "body": "secret"}})
    hidden = mine["created"]["c"]["id"]
    assert (await bobby("FileComment/get", ids=[hidden], accountId=account))["list"] == []
    assert (await bobby("FileComment/query", filter={"nodeId": ids.text(other.id)}, accountId=account))["ids"] == []
    told = await bobby("FileComment/changes", accountId=account, sinceState=told["newState"])
    assert told["created"] == [] == told["updated"]
    for bad in ({"body": ""}, {"body": "x" * 20_000}, {"replyToId": hidden}):
        got = await anna("FileComment/set", create={"c": {"nodeId": number, "body": "x"} | bad})
        assert got["notCreated"]["c"]["type"] == "invalidProperties", bad
    assert (await anna("FileComment/set", destroy=[second["id"]]))["destroyed"] == [second["id"]]
    await anna("FileNode/set", destroy=[number])
    assert (await anna("FileComment/get", ids=[listed["ids"][0]]))["notFound"]


async def test_what_moves_out_of_sight_takes_its_comments_along(anna, bobby, tree, ann, bob) -> None:
    node = await tree.file(ann, "F/a.txt")
    await tree.share(ann, await tree.folder(ann, "F"), bob)
    account = anna.account
    made = await anna("FileComment/set", create={"c": {"nodeId": ids.text(node.id), "body": "Good?"}})
    state = (await bobby("FileComment/get", ids=[], accountId=account))["state"]
    nodes = (await bobby("FileNode/get", ids=[], accountId=account))["state"]
    await anna("FileNode/set", update={ids.text(node.id): {"parentId": None}})
    gone = await bobby("FileComment/changes", accountId=account, sinceState=state)
    assert gone["destroyed"] == [made["created"]["c"]["id"]] and gone["updated"] == []
    gone = await bobby("FileNode/changes", accountId=account, sinceState=nodes)
    assert gone["destroyed"] == [ids.text(node.id)]


async def test_who_is_given_a_folder_is_told_which(anna, bobby, tree, ann) -> None:
    folder = ids.text((await tree.folder(ann, "F")).id)
    await anna("FileNode/set", update={folder: {"shareWith": {bobby.account: {"mayRead": True}}}})
    bobby.using = (*bobby.using, "urn:ietf:params:jmap:principals")
    told = (await bobby("ShareNotification/get", ids=None))["list"][0]
    assert (told["objectType"], told["objectId"], told["name"]) == ("FileNode", folder, "F")
    assert told["newRights"]["mayRead"] is True and told["newRights"]["mayDelete"] is False


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        ({"create": {"n": {"name": "a", "parentId": "x"}}}, False),
        ({"create": {"n": {"name": "a", "shareWith": {}}}}, True),
        ({"update": {"x": {"name": "b", "tags/red": True}}}, False),
        ({"update": {"x": {"shareWith/p": None}}}, True),
        ({"update": {"x": {"parentId": None}}}, True),
        ({"destroy": ["x"]}, True),
        ({"create": {}, "on_exists": "rename"}, False),
        ({"create": {}, "on_exists": "replace"}, True),
    ],
)
def test_only_what_may_change_who_sees_what_waits_for_others(given, waits: bool) -> None:
    assert moves_shares(FileNodeSetArguments(account_id="a", **given)) is waits


async def test_a_quota_is_told_to_whoever_sees_all_files(context, engine, make_owner, store, tree, bob) -> None:
    """RFC 9425 §4.1, §4.3"""
    cleo = await make_owner(store, "cleo", quota_bytes=100)
    folder, before = (
        await tree.folder(cleo, "F"),
        await store.db.value("SELECT modseq FROM account WHERE id = ?", cleo.id),
    )
    await tree.file(cleo, "F/a.txt", b"x" * 60)
    await tree.share(cleo, folder, bob)
    (holder,) = quotas(context).holders
    assert (holder.capability, holder.types) == ("urn:ietf:params:jmap:filenode", ("FileNode",))
    held = await holder.held(store.db, cleo, cleo.id)
    assert (held.used, held.limit) == (60, 100)
    changed = await store.db.rows(
        "SELECT object_id FROM change WHERE account_id = ? AND kind = 'Quota' AND modseq > ?", cleo.id, before
    )
    assert {row[0] for row in changed} == {held.id}
    assert await holder.held(store.db, bob, cleo.id) is None  # some of it is shared with him: not how much there is
    assert await holder.held(store.db, bob, bob.id) is None  # he has no limit


async def test_who_writes_in_the_whole_tree_puts_things_at_its_top(
    context, engine, make_owner, store, tree, ann, bob
) -> None:
    team, cleo = await make_owner(store, "team", kind="space"), await make_owner(store, "cleo")
    await tree.do(directory.join, team.id, ann.id, "member")
    await tree.do(directory.join, team.id, bob.id, "guest")
    folder = await tree.folder(ann, "Plans", team)
    for who in (bob, cleo):
        await tree.share(team, folder, who, Right.READ | Right.WRITE)

    async def told(who: Principal, account_id: int) -> bool:
        account = (await accounts_of(context, engine, who))[ids.text(account_id)]
        return account["accountCapabilities"][FILENODE]["mayCreateTopLevelFileNode"]

    assert await told(ann, ann.id) and await told(ann, team.id)
    assert not await told(bob, team.id) and not await told(cleo, team.id)
