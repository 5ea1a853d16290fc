"""What is uploaded, how it is fetched, and small pictures of it."""

from io import BytesIO

import pytest
from PIL import Image

from parvis.chat.people import media
from parvis.kernel import clock
from parvis.store.sql.contract import counting


def png(width: int = 640, height: int = 320) -> bytes:
    """A picture."""
    out = BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


async def upload(client, content: bytes, kind: str = "text/plain", name: str = "a.txt") -> str:
    """Uploads; returns server and id as in the path."""
    got = await client.post(
        "/_matrix/media/v3/upload", params={"filename": name}, content=content, headers={"content-type": kind}
    )
    assert got.status_code == 200, got.text
    return got.json()["content_uri"].removeprefix("mxc://")


async def fetch(client, place: str, **more):
    return await client.get(f"/_matrix/client/v1/media/{place}", **more)


async def test_what_was_uploaded_is_fetched_by_who_has_signed_in(open_client, settings) -> None:
    ann, bob, stranger = (
        await open_client("ann"),
        await open_client("bob"),
        await open_client("bob", signed_in=False),
    )
    assert await ann.ask("GET", "/v1/media/config") == {"m.upload.size": settings.limits.upload_bytes}
    place = await upload(ann, "Đường đi".encode(), name="thư.txt")
    with counting() as counted:
        got = await fetch(bob, f"download/{place}")
    assert len(counted.statements) <= 5
    assert got.content.decode() == "Đường đi" and got.headers["content-type"] == "text/plain"
    assert (
        got.headers["content-disposition"].startswith("inline;")
        and "th%C6%B0" in got.headers["content-disposition"]
    )
    assert got.headers["content-security-policy"].startswith("sandbox;")
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (
        'filename="other.txt"' in (await fetch(bob, f"download/{place}/other.txt")).headers["content-disposition"]
    )
    assert (await fetch(bob, f"download/{place}", headers={"range": "bytes=0-1"})).content == "Đ".encode()
    assert (await fetch(stranger, f"download/{place}")).json()["errcode"] == "M_MISSING_TOKEN"
    assert (await stranger.get(f"/_matrix/media/v3/download/{place}")).status_code == 401
    for wrong in ("example.org/none", f"elsewhere.org/{place.partition('/')[2]}"):
        assert (await fetch(bob, f"download/{wrong}")).json()["errcode"] == "M_NOT_FOUND"


async def test_what_a_browser_could_run_is_sent_as_a_file(open_client) -> None:
    ann = await open_client("ann")
    for kind in ("text/html", "image/svg+xml", "application/pdf", "x"):
        got = await fetch(ann, f"download/{await upload(ann, b'<script>', kind)}")
        assert got.headers["content-disposition"].startswith("attachment;"), kind
        assert got.headers["x-content-type-options"] == "nosniff"


async def test_too_much_is_refused_and_leaves_nothing(open_client, settings, context) -> None:
    ann = await open_client("ann")
    settings.limits.upload_bytes = 10
    got = await ann.post("/_matrix/media/v3/upload", content=b"x" * 11)
    assert (got.status_code, got.json()["errcode"]) == (413, "M_TOO_LARGE")
    assert await context.store.db.value("SELECT COUNT(*) FROM chat_media") == 0


async def test_a_name_first_and_the_bytes_later(open_client, monkeypatch) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    made = (await ann.post("/_matrix/media/v1/create")).json()
    assert made["unused_expires_at"] > clock.now_ms()
    place = made["content_uri"].removeprefix("mxc://")
    waiting = await fetch(bob, f"download/{place}")
    assert (waiting.status_code, waiting.json()["errcode"]) == (504, "M_NOT_YET_UPLOADED")
    path = f"/_matrix/media/v3/upload/{place}"
    assert (await bob.put(path, content=b"no")).json()["errcode"] == "M_FORBIDDEN"
    assert (await ann.put(path, content=b"yes")).json() == {}
    again = await ann.put(path, content=b"other")
    assert (again.status_code, again.json()["errcode"]) == (409, "M_CANNOT_OVERWRITE_MEDIA")
    assert (await fetch(bob, f"download/{place}")).content == b"yes"
    monkeypatch.setattr(media, "_WAITING", 1)
    await ann.post("/_matrix/media/v1/create")
    assert (await ann.post("/_matrix/media/v1/create")).json()["errcode"] == "M_LIMIT_EXCEEDED"


@pytest.mark.slow
async def test_small_pictures_are_made_once(open_client, context) -> None:
    ann = await open_client("ann")
    place = await upload(ann, png(), "image/png", "p.png")
    size = {"width": 300, "height": 200, "method": "scale"}
    got = await fetch(ann, f"thumbnail/{place}", params=size)
    assert got.headers["content-type"] == "image/webp", got.text
    with Image.open(BytesIO(got.content)) as picture:
        assert picture.size == (320, 160)
    with counting() as counted:
        assert (await fetch(ann, f"thumbnail/{place}", params=size)).content == got.content
    assert not [each for each in counted.statements if "INSERT" in each]
    bad = await upload(ann, b"no picture", "image/png")
    assert (await fetch(ann, f"thumbnail/{bad}", params=size)).json()["errcode"] == "M_UNKNOWN"
    assert (await fetch(ann, f"thumbnail/{place}")).json()["errcode"] == "M_INVALID_PARAM"
