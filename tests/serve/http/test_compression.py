"""Answers that are compressed for the way, and those that are not."""

import gzip

from parvis.serve.http.compression import gzipped
from tests.serve.http.test_rates import AWAY, echo


async def test_a_large_answer_to_somebody_elsewhere_is_small(open_client) -> None:
    ann = await open_client("ann")
    plain = await ann.post("/jmap/api", json=echo(5000))
    assert "content-encoding" not in plain.headers and plain.headers["vary"] == "accept-encoding"
    async with ann.stream("POST", "/jmap/api", json=echo(5000), headers=AWAY) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(raw) < 1000
    assert gzip.decompress(raw) == plain.content


async def test_who_does_not_take_it_gets_it_plain(open_client) -> None:
    ann = await open_client("ann")
    for accepted in ("identity", "gzip;q=0", "br"):
        got = await ann.post("/jmap/api", json=echo(5000), headers=AWAY | {"accept-encoding": accepted})
        assert "content-encoding" not in got.headers, accepted
    assert "content-encoding" not in (await ann.post("/jmap/api", json=echo(1), headers=AWAY)).headers


async def test_secrets_are_never_compressed(open_client) -> None:
    ann = await open_client("ann")
    for _ in range(40):
        await ann.post("/auth/app-passwords", json={"name": "p" * 100, "protocols": ["jmap"]}, headers=AWAY)
    listed = await ann.get("/auth/app-passwords", headers=AWAY)
    assert len(listed.content) > 4096 and "content-encoding" not in listed.headers


def test_its_length_tells_nothing_exact() -> None:
    content = b"the same answer " * 500
    packed = [gzipped(content) for _ in range(60)]
    assert len({len(each) for each in packed}) > 10
    assert all(gzip.decompress(each) == content for each in packed)
