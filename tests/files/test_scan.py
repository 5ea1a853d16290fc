"""Viruses: ClamAV is asked about every content, and what it finds is handed out to nobody."""

import asyncio
import os
import shutil
import struct
import subprocess

import pytest

from parvis.files.scan import Clamd, Scanner, forget
from parvis.files.source import FileSource
from parvis.kernel import ids
from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Invalid, NotFound, Unavailable
from parvis.serve.jmap.blobs import Library
from tests.files.conftest import Client

BAD = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def clamd(tmp_path):
    """Speaks INSTREAM, and finds the test virus."""
    place, asked = str(tmp_path / "clamd.ctl"), []

    async def serve(reader, writer) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
            if len(content) > 1_000_000:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                break
        else:
            writer.write(b"stream: Eicar-Test FOUND\0" if BAD in content else b"stream: OK\0")
        asked.append(content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, place)
    yield place, asked
    server.close()


@pytest.fixture
def settings(settings, clamd):
    settings.files.clamd = f"unix:{clamd[0]}"
    return settings


async def settled(store, scanner: Scanner) -> None:
    await scanner.hear(await store.outbox.after(0, 0, 1000))


async def test_what_is_found_is_handed_out_to_nobody(store, doors, tree, ann, bob, open_http, clamd) -> None:
    good, bad = await tree.file(ann, "good.txt", b"hello"), await tree.file(ann, "bad.txt", BAD)
    api, http, visitor = Client(doors.engine, ann), await open_http(ann), await open_http(None)
    paths = {}
    for node in (good, bad):
        got = await api("FileLink/set", create={"l": {"nodeId": ids.text(node.id)}})
        paths[node.id] = f"/s/{got['created']['l']['url'].rpartition('/s/')[2]}/{ids.text(node.id)}/x"
    assert (await visitor.get(paths[good.id])).status_code == 403  # not looked at yet
    state = (await api("FileNode/get", ids=[]))["state"]
    scanner = Scanner(store, Clamd(f"unix:{clamd[0]}", Egress([])))
    await settled(store, scanner)
    await settled(store, scanner)
    assert len(clamd[1]) == 2
    assert (await api.one(ids.text(bad.id), "scan"))["scan"] == "infected"
    assert (await api.one(ids.text(good.id), "scan"))["scan"] == "clean"
    assert (await api("FileNode/changes", sinceState=state))["updated"] == [ids.text(bad.id)]
    assert (await visitor.get(paths[good.id])).content == b"hello"
    refused = await visitor.get(paths[bad.id], headers={"accept-language": "fr"})
    assert refused.status_code == 403 and "virus" in refused.text
    home = f"/dav/files/{ids.text(ann.id)}/"
    assert (await http.get(home + "good.txt")).status_code == 200
    assert (await http.get(home + "bad.txt")).status_code == 403
    with pytest.raises(NotFound):
        await doors.context.need(Library).find(ann, ann.id, "b" + bad.hash)
    source = FileSource(store)
    assert (await source.item(ann.id, bad.id)).documents == () != (await source.item(ann.id, good.id)).documents
    again = await tree.file(ann, "again.txt", BAD)
    await settled(store, scanner)
    assert len(clamd[1]) == 2
    with pytest.raises(NotFound):
        await doors.context.need(Library).find(ann, ann.id, "b" + again.hash)
    gone = await api("FileNode/set", destroy=[ids.text(bad.id), ids.text(again.id)])
    assert len(gone["destroyed"]) == 2
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE hash = ?", bad.hash) == 0
    assert await forget(store) == 1


async def test_a_file_over_its_limit_and_a_server_that_is_away(store, tree, ann, clamd) -> None:
    node = await tree.file(ann, "large", os.urandom(3_000_000))
    scanner = Scanner(store, Clamd(f"unix:{clamd[0]}", Egress([])))
    await settled(store, scanner)
    assert await store.db.value("SELECT verdict FROM file_scan WHERE hash = ?", node.hash) == "unread"
    await tree.file(ann, "more", b"more")
    with pytest.raises(Unavailable):
        await settled(store, Scanner(store, Clamd("unix:/nowhere", Egress([]))))
    with pytest.raises(EgressRefused):
        await settled(store, Scanner(store, Clamd("av.example.org:3310", Egress([]))))
    with pytest.raises(Invalid):
        Clamd("somewhere", Egress([]))


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("clamd"), reason="ClamAV is not installed")
async def test_clamav_itself(store, tree, ann, tmp_path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "test.ndb").write_text(f"Parvis-Test:0:*:{BAD.hex()}\n")
    place = tmp_path / "av.ctl"
    (tmp_path / "clamd.conf").write_text(
        f"LocalSocket {place}\nDatabaseDirectory {tmp_path / 'db'}\nForeground true\nPidFile {tmp_path / 'pid'}\n"
    )
    with subprocess.Popen(
        ["clamd", "-c", str(tmp_path / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as daemon:
        try:
            for _ in range(200):
                if place.exists():
                    break
                await asyncio.sleep(0.1)
            await tree.file(ann, "good", b"hello" * 1000)
            node = await tree.file(ann, "bad", BAD)
            await settled(store, Scanner(store, Clamd(f"unix:{place}", Egress([]))))
        finally:
            daemon.terminate()
    verdicts = dict(await store.db.rows("SELECT hash, verdict FROM file_scan"))
    assert verdicts.pop(node.hash) == "infected" and list(verdicts.values()) == ["clean"]
