"""Links for people without an account, against the real server: what they show, what they refuse, when they end."""

import re

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.files import store as files
from parvis.files import trash
from parvis.files.links import service
from parvis.files.links import store as links
from parvis.files.links.words import WORDS
from parvis.kernel import clock, ids
from parvis.kernel.languages import LANGUAGES
from parvis.store.sql.contract import counting
from tests.files.conftest import Client


@pytest.fixture
async def api(doors, ann) -> Client:
    return Client(doors.engine, ann)


@pytest.fixture
async def visitor(open_http):
    return await open_http(None)


async def made(api: Client, node, **values) -> tuple[str, str]:
    """A new link's id and path."""
    got = await api("FileLink/set", create={"l": {"nodeId": ids.text(node.id), **values}})
    assert got["created"], got
    link = got["created"]["l"]
    return link["id"], "/s/" + link["url"].rpartition("/s/")[2]


def test_every_sentence_is_in_every_language() -> None:
    for key, sentence in WORDS.items():
        assert set(sentence) == set(LANGUAGES), key
        fields = {tuple(sorted(re.findall(r"{(\w+)}", text))) for text in sentence.values()}
        assert len(fields) == 1, key


async def test_a_file_is_shown_and_taken(api, visitor, tree, ann) -> None:
    node = await tree.file(ann, "F/re<port>.txt", b"hello world")
    number, path = await made(api, node, message="See & keep", name="for Petra")
    page = await visitor.get(path, headers={"accept-language": "vi"})
    assert page.status_code == 200 and 'lang="vi"' in page.text and "Tải xuống" in page.text
    assert "re&lt;port&gt;" in page.text and "<port>" not in page.text and "See &amp; keep" in page.text
    assert "<script" not in page.text and "script-src" not in page.headers["content-security-policy"]
    assert page.headers["x-robots-tag"].startswith("noindex")
    url = re.search(r'href="(/s/[^"]*)"', page.text)[1]
    taken = await visitor.get(url)
    assert taken.content == b"hello world" and taken.headers["content-disposition"].startswith("attachment")
    part = await visitor.get(url, headers={"range": "bytes=6-"})
    assert (part.status_code, part.content) == (206, b"world")
    told = (await api("FileLink/get", ids=[number]))["list"][0]
    assert told["uses"] == 1 and told["receipts"][0]["name"] == "re<port>.txt"
    assert told["password"] is None and told["hasPassword"] is False
    assert told["lastUse"] == told["receipts"][0]["time"]


async def test_many_links_are_read_with_their_receipts_in_few_statements(api, visitor, tree, ann) -> None:
    for number in range(12):
        node = await tree.file(ann, f"{number}.txt", b"x")
        _, path = await made(api, node, recipient=f"p{number}@x.example")
        for _ in range(number % 3):
            await visitor.get(f"{path}/{ids.text(node.id)}/x")
    with counting() as statements:
        got = await api("FileLink/get", ids=None)
    assert len(statements) <= 6
    assert {one["recipient"]: len(one["receipts"]) for one in got["list"]} == {
        f"p{number}@x.example": number % 3 for number in range(12)
    }
    assert [one["uses"] for one in got["list"]] == [len(one["receipts"]) for one in got["list"]]


async def test_a_folder_is_walked_and_nothing_beside_it(api, visitor, tree, ann) -> None:
    inner = await tree.file(ann, "F/G/a.txt", b"inner")
    beside = await tree.file(ann, "secret.txt", b"beside")
    folder = await tree.folder(ann, "F")
    _, path = await made(api, folder)
    assert "<b>G</b>" in (await visitor.get(path)).text
    inside = await visitor.get(f"{path}/{ids.text((await tree.folder(ann, 'F/G')).id)}")
    assert "a.txt" in inside.text and f"{path}/{ids.text(folder.id)}" in inside.text
    assert (await visitor.get(f"{path}/{ids.text(inner.id)}/a.txt")).content == b"inner"
    for bad in (ids.text(beside.id), "nonsense", ids.text(7)):
        for url in (f"{path}/{bad}", f"{path}/{bad}/x"):
            assert (await visitor.get(url)).status_code == 404


async def test_a_password_is_asked_for_and_guessing_is_slow(api, visitor, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"hello")
    number, path = await made(api, node, password="open sesame")
    asked = await visitor.get(path)
    assert "<form" in asked.text and "a.txt" not in asked.text
    assert "a.txt" not in (await visitor.get(f"{path}/{ids.text(node.id)}/a.txt")).text
    assert (await visitor.post(path, data={"password": "wrong"})).status_code == 403
    right = await visitor.post(path, data={"password": "open sesame"})
    assert right.status_code == 303
    assert "a.txt" in (await visitor.get(path)).text
    await api("FileLink/set", update={number: {"password": "another one"}})
    assert "a.txt" not in (await visitor.get(path)).text
    for _ in range(6):
        last = await visitor.post(path, data={"password": "wrong"})
    assert last.status_code == 429
    stored = (await links.several(tree.store.db, ann.id, [ids.parse(number)]))[0].password
    assert stored.startswith("$argon2id$")
    bad = await api("FileLink/set", update={number: {"password": "123"}})
    assert bad["notUpdated"][number]["type"] == "invalidProperties"


async def test_links_end(api, visitor, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"hello")
    _, once = await made(api, node, maxUses=1)
    file = f"/{ids.text(node.id)}/a.txt"
    assert (await visitor.get(once + file, headers={"range": "bytes=1-"})).content == b"hello"
    assert (await visitor.get(once + file)).status_code == 404 == (await visitor.get(once)).status_code
    _, soon = await made(api, node, expires="2099-01-01T00:00:00Z")
    assert (await visitor.get(soon)).status_code == 200
    with clock.frozen(clock.parse_utc("2099-01-01T00:00:01Z")):
        assert await links.good(tree.store.db, soon[3:]) is None
    gone, path = await made(api, node)
    assert (await api("FileLink/set", destroy=[gone]))["destroyed"] == [gone]
    assert (await visitor.get(path)).status_code == 404 == (await visitor.get("/s/nonsense")).status_code
    ended, path = await made(api, node)
    assert (await api("FileLink/set", update={ended: {"expires": "1970-01-01T00:00:00Z"}}))["updated"]
    assert (await visitor.get(path)).status_code == 404
    assert (await api("FileLink/set", update={ended: {"expires": None}}))["updated"]
    assert (await visitor.get(path)).status_code == 200
    _, binned = await made(api, node)
    await tree.do(trash.put, ann, node)
    assert (await visitor.get(binned)).status_code == 404
    await tree.do(trash.restore, ann, ann.id, node.id)
    assert (await visitor.get(binned)).status_code == 200
    refused = await api("FileNode/set", destroy=[ids.text(node.id)])
    assert refused["destroyed"]
    assert (await visitor.get(binned)).status_code == 404
    assert (await api("FileLink/query"))["ids"] == []


async def test_a_link_ends_with_the_right_of_who_made_it(api, visitor, tree, doors, ann, bob) -> None:
    node = await tree.file(ann, "F/a.txt", b"hello")
    grant = await tree.share(ann, await tree.folder(ann, "F"), bob, Right.READ | Right.SHARE)
    bobs = Client(doors.engine, bob)
    got = await bobs("FileLink/set", accountId=api.account, create={"l": {"nodeId": ids.text(node.id)}})
    path = "/s/" + got["created"]["l"]["url"].rpartition("/s/")[2]
    assert (await visitor.get(path)).status_code == 200
    await tree.do(gate.withdraw, ann, grant)
    assert (await visitor.get(path)).status_code == 404


async def test_who_may_not_share_makes_and_sees_no_links(api, tree, doors, ann, bob) -> None:
    node = await tree.file(ann, "F/a.txt", b"hello")
    number, _ = await made(api, node)
    await tree.share(ann, await tree.folder(ann, "F"), bob, Right.READ | Right.WRITE | Right.DELETE)
    bobs = Client(doors.engine, bob)
    account = api.account
    got = await bobs("FileLink/set", accountId=account, create={"l": {"nodeId": ids.text(node.id)}})
    assert got.get("error") == "accountReadOnly" or got["notCreated"]["l"]["type"] == "forbidden"
    assert (await bobs("FileLink/get", accountId=account, ids=[number]))["list"] == []
    assert (await bobs("FileLink/query", accountId=account))["ids"] == []
    assert (await bobs("FileLink/changes", accountId=account, sinceState="0"))["error"] == "cannotCalculateChanges"
    assert await service.visible(tree.store.db, bob, await links.several(tree.store.db, ann.id, None)) == []


async def test_looking_only_gives_no_bytes(api, visitor, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"hello")
    _, path = await made(api, node, mode="view")
    page = await visitor.get(path)
    assert page.status_code == 200 and 'class="button"' not in page.text
    assert (await visitor.get(f"{path}/{ids.text(node.id)}/a.txt")).status_code == 404


async def test_files_are_brought(api, visitor, tree, store, ann) -> None:
    folder = await tree.folder(ann, "Box")
    await tree.file(ann, "Box/secret.txt", b"hidden")
    _, path = await made(api, folder, mode="upload")
    page = await visitor.get(path)
    assert "secret" not in page.text and 'enctype="multipart/form-data"' in page.text
    sent = [("file", ("a.txt", b"one", "text/plain")), ("file", ("secret.txt", b"two" * 100_000, "text/plain"))]
    done = await visitor.post(path, files=sent, data={"sender": "Petra / Müller"})
    assert done.status_code == 200 and "a.txt, secret.txt" in done.text
    await visitor.post(path, files=sent)
    names = {node.name for node in await files.children(store.db, ann.id, folder.id, ann)}
    assert names == {"a.txt", "secret.txt", "secret (2).txt", "Petra Müller"}
    node = await files.child(store.db, ann.id, folder.id, "secret (2).txt")
    assert await store.blobs.get(node.hash) == b"two" * 100_000 and node.content_by == 0
    for bad in ([], [("file", ("", b"", "text/plain"))]):
        assert (await visitor.post(path, files=bad or None, data={"sender": "x"})).status_code in (400, 404)
    odd = await visitor.post(path, files=[("file", ("../../evil", b"x", "text/html"))])
    assert odd.status_code == 200
    assert await files.child(store.db, ann.id, folder.id, "evil") is not None
    cut = await visitor.post(
        path, content=b"--x\r\nrubbish", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert cut.status_code == 400
    assert (await visitor.get(f"{path}/{ids.text(node.id)}/x")).status_code == 404
    await store.write(
        lambda unit: unit.run("UPDATE file_account SET quota_bytes = 10 WHERE account_id = ?", ann.id)
    )
    assert (await visitor.post(path, files=sent)).status_code == 413


async def test_what_a_link_cannot_be(api, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"hello")
    for values in (
        {"mode": "upload"},
        {"expires": "2001-01-01T00:00:00Z"},
        {"maxUses": -1},
        {"mode": "dance"},
        {"message": "x" * 3000},
        {"nodeId": ids.text(7)},
    ):
        got = await api("FileLink/set", create={"l": {"nodeId": ids.text(node.id)} | values})
        assert got["notCreated"]["l"]["type"] in ("invalidProperties", "notFound"), values
