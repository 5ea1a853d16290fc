"""Media of other servers: fetched once, kept for a while, within limits."""

import pytest

from parvis.chat.federation.media import tidying
from parvis.store.sql.contract import counting
from tests.chat.test_media import fetch, png, upload


async def test_media_is_fetched_once(two) -> None:
    one, other = two
    ann, cat, bob = await one.client("ann"), await one.client("cat"), await other.client("bob")
    content = "Đường đi".encode() * 100_000
    place = await upload(bob, content, name="thư.txt")
    got = await fetch(ann, f"download/{place}")
    assert got.status_code == 200, got.text
    assert got.content == content and got.headers["content-type"] == "text/plain"
    assert "th%C6%B0.txt" in got.headers["content-disposition"]
    asked = len(one.contacts)
    with counting() as counted:
        assert (await fetch(cat, f"download/{place}")).content == content
    assert len(one.contacts) == asked and len(counted.statements) <= 5
    missing = await fetch(ann, f"download/{other.name}/nothing")
    assert (missing.status_code, missing.json()["errcode"]) == (404, "M_NOT_FOUND")
    refused = await fetch(cat, f"download/{other.name}/more", params={"allow_remote": "false"})
    assert refused.status_code == 404
    assert (await fetch(ann, f"download/{one.name}/nothing")).status_code == 404
    assert await tidying(one.settings)(one.store) == 0
    one.settings.chat.federation.media_days = -1
    assert await tidying(one.settings)(one.store) == 1
    assert await one.store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'ChatAbroadMedia'") == 0
    assert (await fetch(cat, f"download/{place}")).content == content


async def test_what_is_too_large_leaves_nothing(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    place = await upload(bob, b"x" * 1000)
    one.settings.chat.federation.media_bytes = 999
    got = await fetch(ann, f"download/{place}")
    assert (got.status_code, got.json()["errcode"]) == (413, "M_TOO_LARGE")
    assert await one.store.db.value("SELECT COUNT(*) FROM chat_abroad_media") == 0


@pytest.mark.slow
async def test_small_pictures_of_media_of_others(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    place = await upload(bob, png(), "image/png", "p.png")
    size = {"width": 300, "height": 200}
    got = await fetch(ann, f"thumbnail/{place}", params=size)
    assert got.headers["content-type"] == "image/webp", got.text
    where = f"/_matrix/federation/v1/media/thumbnail/{place.partition('/')[2]}"
    async with one.federation.client.stream("GET", other.name, where, {"width": "300", "height": "200"}) as answer:
        assert answer.headers["content-type"].startswith("multipart/mixed; boundary=")
        assert b"image/webp" in await answer.aread()
