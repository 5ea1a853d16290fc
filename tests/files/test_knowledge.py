"""Files as search and the assistant see them, and what the assistant may do."""

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.files import store as files
from parvis.files import trash
from parvis.files.source import FileSource
from parvis.files.tools import (
    CreateFolder,
    FileTools,
    ListFolder,
    MoveFile,
    TagFile,
    TrashFile,
    WriteText,
)
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.search.request import SearchRequest


async def hits(search, who, text: str) -> list[str]:
    return [hit.title for hit in (await search.query(who, SearchRequest(text=text, mode="text"))).hits]


async def test_contents_are_found_by_who_may_read_them(store, engine, search, tree, ann, bob) -> None:
    node = await tree.file(ann, "F/budget.txt", "Le budget de la bibliothèque est de 4200 euros.".encode())
    await search.indexer.settle()
    assert (
        await hits(search, ann, "bibliotheque") == ["budget.txt"] and await hits(search, bob, "bibliotheque") == []
    )
    grant = await tree.share(ann, await tree.folder(ann, "F"), bob)
    await search.indexer.settle()
    assert await hits(search, bob, "bibliotheque") == ["budget.txt"]
    await tree.do(gate.withdraw, ann, grant)
    assert await hits(search, bob, "bibliotheque") == []
    await tree.do(trash.put, ann, await tree.get(node))
    await search.indexer.settle()
    assert await hits(search, ann, "bibliotheque") == []
    await tree.do(trash.restore, ann, ann.id, node.id)
    await search.indexer.settle()
    assert await hits(search, ann, "bibliotheque") == ["budget.txt"]


async def test_queries_look_into_contents(anna, search, tree, ann) -> None:
    node = await tree.file(ann, "F/budget.txt", b"The zeppelin costs 4200 euros.")
    await tree.file(ann, "zeppelin plan.txt", b"nothing")
    await search.indexer.settle()
    assert (await anna("FileNode/query", filter={"body": "costs euros"}))["ids"] == [ids.text(node.id)]
    assert len((await anna("FileNode/query", filter={"text": "zeppelin"}))["ids"]) == 2


async def test_the_source_says_who_wrote_it(store, tree, ann, bob) -> None:
    source = FileSource(store)
    own = await tree.file(ann, "F/a.txt", b"words")
    await tree.share(ann, await tree.folder(ann, "F"), bob, Right.READ | Right.WRITE)
    from_bob = await tree.file(bob, "F/b.txt", b"words", owner=ann)
    assert (await source.item(ann.id, own.id)).origin == "own"
    item = await source.item(ann.id, from_bob.id)
    assert (item.origin, item.author, item.title) == ("colleague", "bob", "b.txt")
    assert await item.documents[0].load() == b"words"
    assert await source.item(bob.id, own.id) is None
    assert await anext(source.every(ann.id)) == from_bob.id


async def test_tools(store, tree, ann, bob) -> None:
    tools, account = FileTools(store), ids.text(ann.id)
    folder = (await tools.create_folder(ann, CreateFolder(account_id=account, name="Notes")))["fileId"]
    given = WriteText(account_id=account, text="Hello", name="a.txt", folder_id=folder)
    file = (await tools.write_text(ann, given))["fileId"]
    assert (await tools.write_text(ann, WriteText(account_id=account, text="More", file_id=file)))["version"] == 2
    assert (await tools.move(ann, MoveFile(account_id=account, file_id=file, name="b.txt")))["name"] == "b.txt"
    assert (await tools.tag(ann, TagFile(account_id=account, file_id=file, add=["red"])))["tags"] == ["red"]
    listed = await tools.look(ann, ListFolder(account_id=account, folder_id=folder))
    assert [(one["name"], one["tags"]) for one in listed] == [("b.txt", ["red"])]
    for work in (
        tools.look(bob, ListFolder(account_id=account, folder_id=folder)),
        tools.write_text(bob, given),
        tools.trash(bob, TrashFile(account_id=account, file_id=file)),
    ):
        with pytest.raises(NotFound):
            await work
    assert await tools.look(bob, ListFolder(account_id=account)) == []
    await tree.share(ann, await files.by_id(store.db, ids.parse(folder)), bob)
    with pytest.raises(Forbidden):
        await tools.write_text(bob, given)
    await tools.trash(ann, TrashFile(account_id=account, file_id=file))
    assert await tools.look(ann, ListFolder(account_id=account, folder_id=folder)) == []
    effects = {tool.name: tool.effect for tool in tools.all()}
    assert effects.pop("files.list") == "read" and set(effects.values()) == {"change"}
