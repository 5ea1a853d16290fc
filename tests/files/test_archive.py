"""Folders and chosen files as one ZIP, against the real server."""

import asyncio
import io
import os
import shutil
import subprocess
import zipfile

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.files import archive, service, sharing
from parvis.files import store as files
from parvis.files.archive import Archive, safe_name
from parvis.files.links import store as links
from parvis.kernel import ids
from parvis.store.sql.contract import counting
from tests.files.conftest import Client
from tests.files.test_links import made


@pytest.fixture
async def api(doors, ann) -> Client:
    return Client(doors.engine, ann)


@pytest.fixture
async def http(open_http, ann):
    return await open_http(ann)


def url(*nodes, name: str = "x.zip", account=None) -> str:
    chosen = ",".join(ids.text(node.id) for node in nodes)
    return f"/files/archive/{name}?accountId={ids.text(account or nodes[0].account_id)}&ids={chosen}"


def read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert len(names) == len(set(names))
        return {name: found.read(name) for name in names}


async def test_a_folder_comes_whole(http, tree, ann, tmp_path) -> None:
    picture = os.urandom(700_000)
    await tree.file(ann, "Été/Tiếng Việt/đường.txt", b"xin chao " * 50_000)
    await tree.file(ann, "Été/large.bin", picture)
    await tree.file(ann, "Été/empty", b"")
    await tree.folder(ann, "Été/nothing")
    await tree.file(ann, "beside.txt", b"not this")
    folder = await tree.folder(ann, "Été")
    got = await http.get(url(folder, name="%C3%89t%C3%A9.zip"))
    assert got.status_code == 200 and got.headers["content-type"] == "application/zip"
    assert got.headers["accept-ranges"] == "none" and "%C3%89t%C3%A9.zip" in got.headers["content-disposition"]
    assert read(got.content) == {
        "Été/": b"",
        "Été/Tiếng Việt/": b"",
        "Été/Tiếng Việt/đường.txt": b"xin chao " * 50_000,
        "Été/large.bin": picture,
        "Été/empty": b"",
        "Été/nothing/": b"",
    }
    assert len(picture) < len(got.content) < len(picture) + 20_000, "texts are packed"
    if shutil.which("unzip"):
        (tmp_path / "a.zip").write_bytes(got.content)
        told = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
        assert "No errors detected" in told.stdout and told.returncode == 0
    part = await http.get(url(folder), headers={"range": "bytes=10-20"})
    assert part.status_code == 200 and part.content[:4] == b"PK\x03\x04"
    assert (await http.head(url(folder))).status_code == 200


async def test_several_files_and_folders_come_together(http, tree, ann) -> None:
    one, two = await tree.file(ann, "a.txt", b"one"), await tree.file(ann, "F/b.txt", b"two")
    folder, other = await tree.folder(ann, "F"), await tree.folder(ann, "G")
    got = read((await http.get(url(one, folder, other))).content)
    assert got == {"F/": b"", "F/b.txt": b"two", "G/": b"", "a.txt": b"one"}
    assert read((await http.get(url(two, two))).content) == {"b.txt": b"two"}


async def test_names_are_safe_on_every_system_and_never_twice(http, tree, ann) -> None:
    for name in ("..\\..\\evil", "a:b", "a?b", "A_b", "a.txt", "A.txt", "dots. "):
        await tree.file(ann, f"F/{name}", name.encode())
    got = read((await http.get(url(await tree.folder(ann, "F")))).content)
    assert (
        sorted(got)
        == sorted(["F/", "F/.._.._evil", "F/a_b", "F/a_b (2)", "F/A_b (3)", "F/a.txt", "F/A (2).txt", "F/dots."])
        or len({name.casefold() for name in got}) == len(got) == 8
    )
    assert not any(set('\\:*?"<>|') & set(name) for name in got)
    assert safe_name("???") == "___" and safe_name(" ") == "_"


async def test_only_what_one_may_read_is_in_it(http, open_http, tree, ann, bob, store) -> None:
    await tree.file(ann, "F/open.txt", b"open")
    secret = await tree.file(ann, "secret.txt", b"secret")
    folder = await tree.folder(ann, "F")
    theirs = await open_http(bob)
    assert (await theirs.get(url(folder))).status_code == 404
    await tree.share(ann, folder, bob, Right.READ)
    assert set(read((await theirs.get(url(folder))).content)) == {"F/", "F/open.txt"}
    assert (await theirs.get(url(folder, secret))).status_code == 404
    stranger = await open_http(None)
    assert (await stranger.get(url(folder))).status_code == 401
    for bad in ("", "ids=", "ids=nonsense", f"ids={ids.text(7)}", "ids=" + ",".join(["x"] * 501)):
        assert (await http.get(f"/files/archive/x.zip?{bad}")).status_code in (400, 404)


async def test_a_grant_withdrawn_meanwhile_ends_what_is_handed_out(tree, ann, bob, store, monkeypatch) -> None:
    monkeypatch.setattr(files, "PAGE", 2)
    for number in range(9):
        await tree.file(ann, f"F/{number}.bin", os.urandom(200_000))
    folder = await tree.folder(ann, "F")
    await tree.share(ann, folder, bob, Right.READ)
    folder = await tree.get(folder)
    never = asyncio.get_running_loop().create_future()
    stream = Archive(store, bob, [folder], _clean, "en").stream(lambda: never)
    first = await anext(stream)

    async def withdraw(unit) -> None:
        scope = await sharing.own_part(unit, ann, await service.find(unit, ann, ann.id, folder.id))
        for (grant,) in await unit.rows("SELECT id FROM access_grant WHERE scope_id = ?", scope):
            await gate.withdraw(unit, ann, grant)

    await store.write(withdraw)
    rest = b"".join([part async for part in stream])
    assert 1 < len(read(first + rest)) < 6


async def _clean(_) -> str:
    return ""


async def test_what_holds_a_virus_is_named_and_not_handed_out(tree, ann, store) -> None:
    await tree.file(ann, "F/good.txt", b"good")
    await tree.file(ann, "F/bad.txt", b"bad")

    async def guard(node) -> str:
        return "infected" if node.name == "bad.txt" else ""

    never = asyncio.get_running_loop().create_future()
    made_ = Archive(store, ann, [await tree.folder(ann, "F")], guard, "fr")
    got = read(b"".join([part async for part in made_.stream(lambda: never)]))
    assert set(got) == {"F/", "F/good.txt", "Fichiers non inclus.txt"}
    assert "F/bad.txt" in got["Fichiers non inclus.txt"].decode()


async def test_a_client_that_leaves_ends_the_work(doors, http, tree, ann, store, monkeypatch) -> None:
    for number in range(40):
        await tree.file(ann, f"F/{number}.bin", os.urandom(1_000_000))
    folder = await tree.get(await tree.folder(ann, "F"))
    seen: list[str] = []
    blobs = store.blobs
    stream = blobs.stream

    def watched(digest: str, *rest):
        seen.append(digest)
        return stream(digest, *rest)

    monkeypatch.setattr(type(blobs), "stream", lambda self, digest, *rest: watched(digest, *rest))
    async with http.stream("GET", url(folder)) as answer:
        async for _ in answer.aiter_raw(1000):
            break
    await asyncio.sleep(1)
    ended = len(seen)
    await asyncio.sleep(0.5)
    assert ended < 40 and len(seen) == ended


async def test_more_than_an_archive_takes_is_refused_before_it_begins(http, tree, ann, monkeypatch) -> None:
    monkeypatch.setattr(archive, "MOST", 3)
    for number in range(3):
        await tree.file(ann, f"F/{number}")
    assert (await http.get(url(await tree.folder(ann, "F")))).status_code == 413


async def test_each_file_costs_no_more_than_the_reading_of_its_bytes(http, tree, ann) -> None:
    for number in range(60):
        await tree.file(ann, f"F/{number}", b"x")
    folder = await tree.get(await tree.folder(ann, "F"))
    await http.get(url(folder))
    with counting() as statements:
        assert len(read((await http.get(url(folder))).content)) == 61
    assert len(statements) <= 60 + 6


# By links


async def test_a_shared_folder_is_taken_whole_and_counted(api, open_http, tree, ann, store) -> None:
    await tree.file(ann, "F/G/a.txt", b"inner")
    await tree.file(ann, "beside.txt", b"beside")
    folder = await tree.get(await tree.folder(ann, "F"))
    visitor = await open_http(None)
    number, path = await made(api, folder, maxUses=2)
    page = await visitor.get(path, headers={"accept-language": "fr"})
    assert "Tout télécharger (ZIP)" in page.text
    got = await visitor.get(f"{path}/{ids.text(folder.id)}/F.zip")
    assert read(got.content) == {"F/": b"", "F/G/": b"", "F/G/a.txt": b"inner"}
    assert (await visitor.head(f"{path}/{ids.text(folder.id)}/F.zip")).status_code == 200
    inner = await tree.folder(ann, "F/G")
    assert read((await visitor.get(f"{path}/{ids.text(inner.id)}/G.zip")).content) == {
        "G/": b"",
        "G/a.txt": b"inner",
    }
    assert (await visitor.get(f"{path}/{ids.text(folder.id)}/F.zip")).status_code == 404
    uses = await links.several(store.db, ann.id, [ids.parse(number)])
    assert uses[0].used == 2
    names = await store.db.rows("SELECT name, size FROM file_link_use ORDER BY id")
    assert names == [("F.zip", 5), ("G.zip", 5)]


@pytest.mark.parametrize("values", [{"mode": "view"}, {"mode": "upload"}, {"password": "open sesame"}])
async def test_links_of_other_kinds_hand_no_archive_out(api, open_http, tree, ann, values) -> None:
    await tree.file(ann, "F/a.txt", b"inner")
    folder = await tree.folder(ann, "F")
    visitor = await open_http(None)
    _, path = await made(api, folder, **values)
    got = await visitor.get(f"{path}/{ids.text(folder.id)}/F.zip")
    assert b"PK" not in got.content[:2] and ".zip" not in (await visitor.get(path)).text
