"""Previews, made by the worker in its own process."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from parvis.files import service
from parvis.files.preview import maker
from parvis.files.preview.forms import form_of, has_office
from parvis.files.preview.maker import KIND, Previews, forget
from parvis.kernel import clock, ids
from parvis.serve.pictures import worker
from tests.files.conftest import Client


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


def png(width: int = 600, height: int = 300) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 128)).save(made, "PNG")
    return made.getvalue()


def pdf() -> bytes:
    from fpdf import FPDF

    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=30)
    page.cell(text="Hello")
    return bytes(page.output())


def bomb() -> bytes:
    """A PNG that says it has 50,000 x 50,000 pixels."""
    head = (50_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    rows = zlib.compress(b"\0" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def put(store, tree, who, name: str, content: bytes, media_type: str):
    node = await tree.file(who, name, content)
    return await tree.do(service.change, who, node, {"media_type": media_type})


async def test_pictures_of_pictures_and_pages(store, tree, ann, open_http) -> None:
    http = await open_http(ann)
    for name, content, media_type in (("a.png", png(), "image/png"), ("b.pdf", pdf(), "application/pdf")):
        node = await put(store, tree, ann, name, content, media_type)
        url = f"/files/preview/{ids.text(ann.id)}/{ids.text(node.id)}"
        got = await http.get(url)
        assert got.status_code == 200 and got.headers["content-type"] == "image/webp"
        shown = Image.open(io.BytesIO(got.content))
        assert max(shown.size) == 256
        assert (await http.get(url, headers={"if-none-match": got.headers["etag"]})).status_code == 304
        assert max(Image.open(io.BytesIO((await http.get(url + "?side=1024")).content)).size) <= 1024
    assert await store.db.value("SELECT COUNT(*) FROM file_preview") == 4


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", b"no picture", "image/png"),
        ("a.pdf", b"%PDF-1.7 rubbish", "application/pdf"),
        ("a.png", bomb(), "image/png"),
        ("a.svg", b"<svg/>", "image/svg+xml"),
        ("a.bin", b"x", "application/x-unknown"),
    ],
)
async def test_what_has_no_preview(store, tree, ann, open_http, name, content, media_type) -> None:
    node = await put(store, tree, ann, name, content, media_type)
    assert (
        await (await open_http(ann)).get(f"/files/preview/{ids.text(ann.id)}/{ids.text(node.id)}")
    ).status_code == 404


async def test_strangers_get_none_and_old_ones_go(store, tree, ann, bob, open_http) -> None:
    node = await put(store, tree, ann, "a.png", png(), "image/png")
    url = f"/files/preview/{ids.text(ann.id)}/{ids.text(node.id)}"
    assert (await (await open_http(ann)).get(url)).status_code == 200
    assert (await (await open_http(bob)).get(url)).status_code == 404
    assert await forget(store) == 0
    with clock.frozen(clock.now_ms() + 31 * 86_400_000):
        assert await forget(store) == 1
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = ?", KIND) == 0


async def test_links_show_previews(store, tree, ann, doors, open_http) -> None:
    api, visitor = Client(doors.engine, ann), await open_http(None)
    for name, content, media_type in (("a.png", png(), "image/png"), ("a.txt", b"<b>bold", "text/plain")):
        node = await put(store, tree, ann, name, content, media_type)
        got = await api("FileLink/set", create={"l": {"nodeId": ids.text(node.id), "mode": "view"}})
        path = "/s/" + got["created"]["l"]["url"].rpartition("/s/")[2]
        page = (await visitor.get(path)).text
        if name == "a.txt":
            assert "&lt;b&gt;bold" in page
        else:
            picture = await visitor.get(f"{path}/{ids.text(node.id)}?preview=1")
            assert "<img" in page and picture.headers["content-type"] == "image/webp"


async def test_one_file_is_looked_at_once(store, tree, ann, monkeypatch) -> None:
    import asyncio

    node = await put(store, tree, ann, "a.png", png(), "image/png")
    previews = Previews(store, office=False)
    made = []
    plain = maker.made
    monkeypatch.setattr(maker, "made", lambda *args: (made.append(1), plain(*args))[1])
    found = await asyncio.gather(*(previews.of(node, 256) for _ in range(5)))
    assert len(made) == 1 and len({one.hash for one in found}) == 1


def test_the_worker_is_confined() -> None:
    asked = "from parvis.serve.pictures import worker; worker.confine(); worker.limit(); "
    for code in (
        "bytearray(3_000_000_000)",
        "[open('/dev/null') for _ in range(100)]",
        "open('/tmp/parvis-too-much', 'wb').write(b'x' * 60_000_000)",
    ):
        done = subprocess.run([sys.executable, "-c", asked + code], capture_output=True, cwd=Path.cwd())
        assert done.returncode != 0, code


@pytest.mark.peer
@pytest.mark.skipif(not has_office(), reason="LibreOffice is not installed")
async def test_office_files(store, tree, ann) -> None:
    from docx import Document

    made = io.BytesIO()
    document = Document()
    document.add_paragraph("Hello")
    document.save(made)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert form_of(kind, "a.docx", office=True) == "office"
    node = await put(store, tree, ann, "a.docx", made.getvalue(), kind)
    before = set(Path("/tmp").glob("OSL_PIPE_*"))
    assert await Previews(store, office=True).of(node, 256) is not None
    assert set(Path("/tmp").glob("OSL_PIPE_*")) <= before


def test_an_office_that_ends_early_leaves_nothing(tmp_path, monkeypatch) -> None:
    """The name of the socket is the one that LibreOffice 7.4 gave to it."""
    known = "SingleOfficeIPC_af1a801ebddfbd6b7671ee85f96d7b8"
    assert worker.socket_of("file:///tmp/x/profile") == f"OSL_PIPE_*{known}"
    left = []

    def ended(arguments, **_) -> None:
        profile = next(each for each in arguments if str(each).startswith("-env:")).partition("=")[2]
        left.extend(Path("/tmp") / worker.socket_of(profile).replace("*", user) for user in ("", "1000_"))
        for socket in left:
            socket.touch()
        raise subprocess.CalledProcessError(134, "soffice")

    monkeypatch.setattr(worker.subprocess, "run", ended)
    with pytest.raises(subprocess.CalledProcessError):
        worker.as_pdf(b"", str(tmp_path))
    assert len(left) == 2 and not any(socket.exists() for socket in left)
