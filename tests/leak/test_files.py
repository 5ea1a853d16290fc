"""Files, shared and withdrawn: no method, no verb of WebDAV, no upload, link, preview, search, tool or answer shows
what is no longer visible, and nothing is changed by who may only read. A4, SE-03"""

import base64
import json

import pytest

from parvis.app import App
from parvis.files.source import FileSource
from parvis.files.tools import FileTools, ListFolder, MoveFile, TagFile, TrashFile, WriteText
from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from tests.leak.test_leak import Person, app, asked, someone  # noqa: F401 - app is a fixture

WORDS, NAME, SAID, TAG, FOLDER, OLD = (
    "zanzibarlighthouse",
    "quincemarmalade",
    "velvetthunder",
    "obsidianparrot",
    "tangerinecastle",
    "crimsonwalrus",
)
SECRETS = (WORDS, NAME, SAID, TAG, FOLDER, OLD)
KINDS = ("FileNode", "FileVersion", "FileLink", "FileComment")


async def blob(who: Person, text: str, account: str = "") -> str:
    url = f"/jmap/upload/{account or who.account}/"
    return (await who.client.post(url, content=text.encode(), headers={"content-type": "text/plain"})).json()[
        "blobId"
    ]


class Things:
    """What Ann has: a folder with a file that has a version, a comment, a link."""

    def __init__(self, **found: str) -> None:
        self.__dict__ |= found


async def made(ann: Person) -> Things:
    """Ann's folder, with everything that can be in it."""
    account = {"accountId": ann.account}
    folder = (await ann(("FileNode/set", {**account, "create": {"f": {"name": FOLDER}}})))[0][1]["created"]["f"][
        "id"
    ]
    given = {"name": f"{NAME}.txt", "parentId": folder, "tags": {TAG: True}}
    given["blobId"] = await blob(ann, f"The {OLD} costs 17 euros.")
    file = (await ann(("FileNode/set", {**account, "create": {"n": given}})))[0][1]["created"]["n"]["id"]
    fresh = await blob(ann, f"The meeting at the {WORDS} starts at nine.")
    answers = await ann(
        ("FileNode/set", {**account, "update": {file: {"blobId": fresh}}}),
        ("FileComment/set", {**account, "create": {"c": {"nodeId": file, "body": f"{SAID} indeed"}}}),
        ("FileLink/set", {**account, "create": {"l": {"nodeId": file, "message": SAID}}}),
        ("FileVersion/query", {**account, "filter": {"nodeId": file}}),
        ("FileNode/get", {**account, "ids": [file], "properties": ["blobId"]}),
    )
    version = answers[3][1]["ids"][0]
    old = (await ann(("FileVersion/get", {**account, "ids": [version]})))[0][1]["list"][0]["blobId"]
    return Things(
        folder=folder,
        file=file,
        comment=answers[1][1]["created"]["c"]["id"],
        link=answers[2][1]["created"]["l"]["id"],
        version=version,
        blob=answers[4][1]["list"][0]["blobId"],
        old=old,
    )


async def everything(app: App, who: Person, owner: Person, has: Things) -> str:  # noqa: F811
    """All that the server tells `who` when they ask for the owner's files in every way there is."""
    account = {"accountId": owner.account}
    one = {"FileNode": has.file, "FileVersion": has.version, "FileLink": has.link, "FileComment": has.comment}
    told: list[object] = [
        await who(
            *((f"{kind}/get", {**account, "ids": [one[kind]]}) for kind in KINDS),
            *((f"{kind}/changes", {**account, "sinceState": "0"}) for kind in KINDS),
            ("FileNode/get", {**account, "ids": None}),
            ("FileNode/get", {**account, "ids": [has.file], "fetchParents": True}),
            ("FileNode/query", {**account, "filter": {"text": WORDS}}),
            ("FileNode/query", {**account, "filter": {"ancestorId": has.folder}, "depth": 5}),
            ("FileNode/queryChanges", {**account, "sinceQueryState": "0"}),
            ("FileVersion/query", {**account, "filter": {"nodeId": has.file}}),
            ("FileComment/query", {**account, "filter": {"nodeId": has.file}}),
            ("FileLink/query", {**account, "filter": {"nodeId": has.file}}),
            ("Blob/get", {**account, "ids": [has.blob, has.old]}),
            ("Blob/lookup", {**account, "typeNames": ["FileNode"], "ids": [has.blob]}),
            (
                "FileNode/copy",
                {"accountId": who.account, "fromAccountId": owner.account, "create": {"c": {"id": has.file}}},
            ),
        )
    ]
    told.append(
        await who(*(("Search/query", {"accountId": who.account, "text": word}) for word in (*SECRETS, "meeting")))
    )
    for given in (has.blob, has.old):
        told.append((await who.client.get(f"/jmap/download/{owner.account}/{given}/x?type=text/plain")).text)
    told += await dav(who, owner)
    told.append((await who.client.get(f"/files/preview/{owner.account}/{has.file}")).text)
    told.append(await asked(who, {"task": "ask", "text": f"When does the meeting at the {WORDS[:8]} start?"}))
    about = [{"accountId": owner.account, "kind": "FileNode", "id": has.file}]
    told.append(await asked(who, {"task": "summarise", "about": about}))
    told += await tools(app, who, owner, has)
    return json.dumps(told)


async def dav(who: Person, owner: Person) -> list[str]:
    """Every verb that reads, by the owner's path and by what is in one's own home."""
    told = []
    mount = f"/dav/files/{who.account}/{FOLDER} ({owner.principal.name})"
    sync = '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>'
    for top in (f"/dav/files/{owner.account}/{FOLDER}", mount):
        for path in (top, f"{top}/{NAME}.txt"):
            told.append((await who.client.request("PROPFIND", path, headers={"depth": "1"})).text.replace(path, ""))
            told.append((await who.client.get(path)).text)
            told.append((await who.client.request("REPORT", path, content=sync)).text.replace(path, ""))
        copy = f"/dav/files/{who.account}/copied"
        made = await who.client.request("COPY", f"{top}/{NAME}.txt", headers={"destination": copy})
        told.append((await who.client.get(copy)).text if made.status_code < 300 else "")
        await who.client.delete(copy)
    told.append((await who.client.request("PROPFIND", f"/dav/files/{who.account}/", headers={"depth": "1"})).text)
    return told


async def tools(app: App, who: Person, owner: Person, has: Things) -> list[str]:  # noqa: F811
    """What the assistant's tools say in their name."""
    made, told = FileTools(app.context.store), []
    for run, given in (
        (made.look, ListFolder(account_id=owner.account, folder_id=has.folder)),
        (made.look, ListFolder(account_id=owner.account)),
    ):
        try:
            told.append(str(await run(who.principal, given)))
        except ParvisError as error:
            told.append(error.code)
    return told


async def changed(app: App, who: Person, owner: Person, has: Things) -> list[str]:  # noqa: F811
    """Everything that would change the owner's files; what has worked."""
    account = {"accountId": owner.account}
    mine = await blob(who, "not allowed")
    done = []
    for name, given, key in (
        ("FileNode/set", {"update": {has.file: {"name": "mine"}}}, "updated"),
        ("FileNode/set", {"update": {has.file: {"parentId": None}}}, "updated"),
        ("FileNode/set", {"update": {has.file: {"blobId": mine}}}, "updated"),
        ("FileNode/set", {"update": {has.folder: {"shareWith": {who.account: {"mayRead": True}}}}}, "updated"),
        ("FileNode/set", {"create": {"n": {"name": "mine", "parentId": has.folder}}}, "created"),
        ("FileNode/set", {"destroy": [has.file]}, "destroyed"),
        ("FileNode/restore", {"ids": [has.file]}, "restored"),
        ("FileVersion/set", {"update": {has.version: {"label": "mine"}}}, "updated"),
        ("FileVersion/set", {"destroy": [has.version]}, "destroyed"),
        ("FileVersion/restore", {"id": has.version}, "version"),
        ("FileLink/set", {"create": {"l": {"nodeId": has.file}}}, "created"),
        ("FileLink/set", {"update": {has.link: {"name": "mine"}}}, "updated"),
        ("FileLink/set", {"destroy": [has.link]}, "destroyed"),
        ("FileComment/set", {"update": {has.comment: {"body": "mine"}}}, "updated"),
        ("FileComment/set", {"destroy": [has.comment]}, "destroyed"),
        ("FileTransfer/send", {"nodeIds": [has.file], "recipients": ["x@elsewhere.example"]}, "linkIds"),
    ):
        answer = (await who((name, account | given)))[0]
        if answer[0] == name and answer[1].get(key):
            done.append(f"{name} {given}")
    top = f"/dav/files/{owner.account}/{FOLDER}"
    for verb, path, headers in (
        ("PUT", f"{top}/{NAME}.txt", {}),
        ("PUT", f"{top}/mine", {}),
        ("MKCOL", f"{top}/mine", {}),
        ("DELETE", f"{top}/{NAME}.txt", {}),
        ("MOVE", f"{top}/{NAME}.txt", {"destination": f"/dav/files/{who.account}/taken"}),
        ("COPY", f"/dav/files/{who.account}/Own", {"destination": f"{top}/mine"}),
    ):
        if (
            await who.client.request(verb, path, headers=headers, content=b"x" if verb == "PUT" else None)
        ).is_success:
            done.append(f"{verb} {path}")
    told = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in {"accountId": owner.account, "parentId": has.folder, "filename": "mine"}.items()
    )
    begun = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": told}
    if (await who.client.post("/files/uploads", headers=begun)).is_success:
        done.append("tus")
    return done + await changed_by_tools(app, who, owner, has)


async def changed_by_tools(app: App, who: Person, owner: Person, has: Things) -> list[str]:  # noqa: F811
    made, done, where = FileTools(app.context.store), [], {"account_id": owner.account, "file_id": has.file}
    for run, given in (
        (made.write_text, WriteText(text="x", **where)),
        (made.move, MoveFile(name="mine", **where)),
        (made.tag, TagFile(add=["mine"], **where)),
        (made.trash, TrashFile(**where)),
    ):
        try:
            done.append(str(await run(who.principal, given)))
        except ParvisError:
            continue
    return done


def leaked(told: str) -> list[str]:
    return [secret for secret in SECRETS if secret in told]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_files_that_are_withdrawn_are_gone_everywhere(app: App) -> None:  # noqa: F811
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    has = await made(ann)
    await app._search.indexer.settle()
    assert leaked(await everything(app, ann, ann, has)) == list(SECRETS)
    assert leaked(await everything(app, bob, ann, has)) == []
    assert await changed(app, bob, ann, has) == []

    share = {has.folder: {"shareWith": {bob.account: {"mayRead": True}}}}
    answer = await ann(("FileNode/set", {"accountId": ann.account, "update": share}))
    assert has.folder in answer[0][1]["updated"], answer
    await app._search.indexer.settle()
    seen = await everything(app, bob, ann, has)
    assert leaked(seen) == list(SECRETS)
    assert await changed(app, bob, ann, has) == []
    link = (await ann(("FileLink/get", {"accountId": ann.account, "ids": [has.link]})))[0][1]["list"][0]
    assert link["url"].rpartition("/")[2] not in seen

    copies = (await bob(("FileNode/query", {"accountId": bob.account, "filter": {"nodeType": "file"}})))[0][1][
        "ids"
    ]
    await bob(("FileNode/set", {"accountId": bob.account, "destroy": copies}))
    turns = await bob(("AssistantTurn/query", {"accountId": bob.account}))
    await bob(("AssistantTurn/set", {"accountId": bob.account, "destroy": turns[0][1]["ids"]}))
    await app._search.indexer.settle()  # of Bob's own copies, which he may not have kept
    gone = {has.folder: {"shareWith": None}}
    await ann(("FileNode/set", {"accountId": ann.account, "update": gone}))
    assert leaked(await everything(app, bob, ann, has)) == []
    assert await changed(app, bob, ann, has) == []
    item = await FileSource(app.context.store).item(ann.principal.id, ids.parse(has.file) or 0)
    assert item is not None
    scopes = await app.context.store.db.rows(
        "SELECT 1 FROM visible WHERE principal_id = ? AND scope_id = ?", bob.principal.id, item.scope_id
    )
    assert scopes == []
