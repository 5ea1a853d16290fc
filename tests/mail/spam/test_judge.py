"""What becomes of a message that arrives: scored for each recipient, put into Junk, and told why."""

import asyncio
import json

import pytest

from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.mail import service
from parvis.mail.authentication import Origin
from parvis.mail.service import Delivery
from parvis.mail.spam import store as spam
from parvis.mail.spam.classifier import Score
from parvis.mail.spam.judge import Judge, combined, field, strip
from parvis.mail.spam.rspamd import Opinion, Rspamd, _Answer, _Symbol, opinion
from parvis.mail.spam.tokens import tokens
from tests.mail.spam.conftest import teach, unwanted, wanted

ORIGIN = Origin("192.0.2.7", "mail.example.net", "bob@example.net")


async def test_nothing_is_said_before_enough_was_learned(store, settings, make_user) -> None:
    ann = await make_user(store, "ann")
    await teach(store, ann.id, spams=2, hams=4)
    judged = await Judge(store, settings).judge(unwanted(1), [Delivery(ann.id)], ORIGIN)
    assert judged.field == b"" and judged.deliveries == (Delivery(ann.id),)


async def test_what_one_reports_helps_all_and_oneself_more(store, settings, make_user) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    await teach(store, ann.id)
    judge = Judge(store, settings)
    both = [Delivery(ann.id), Delivery(bob.id, "bob@example.org")]
    bad, good = await judge.judge(unwanted(1), both, ORIGIN), await judge.judge(wanted(1), both, ORIGIN)
    assert [one.role for one in bad.deliveries] == ["junk", "junk"]
    assert bad.deliveries[1].keywords == {"$junk"} and bad.deliveries[1].address == "bob@example.org"
    assert [one.role for one in good.deliveries] == ["inbox", "inbox"]
    assert all(one.spam_score < 0.1 for one in good.deliveries)
    for number in range(40):  # Bob likes these
        found = tokens(await service.read(unwanted(200 + number)))
        await store.write(lambda unit, f=found: spam.learn(unit, bob.id, f, "", "ham"))
    assert (await judge.judge(unwanted(1), both[1:], ORIGIN)).deliveries[0].role == "inbox"


async def test_the_threshold_is_the_administrators(store_sqlite, settings, make_user) -> None:
    ann = await make_user(store_sqlite, "ann")
    await teach(store_sqlite, ann.id)
    settings.mail.junk_score = 1.01
    (one,) = (await Judge(store_sqlite, settings).judge(unwanted(1), [Delivery(ann.id)], ORIGIN)).deliveries
    assert one.role == "inbox" and one.spam_score > 0.99


async def test_it_takes_less_than_five_milliseconds(store_sqlite, settings, make_user) -> None:
    ann = await make_user(store_sqlite, "ann")
    await teach(store_sqlite, ann.id)
    judge, raw = Judge(store_sqlite, settings), unwanted(1, extra="X-Other: " + "word " * 100)
    await judge.judge(raw, [Delivery(ann.id)], ORIGIN)
    times = []
    for _ in range(20):
        started = clock.monotonic()
        await judge.judge(raw, [Delivery(ann.id)], ORIGIN)
        times.append(clock.monotonic() - started)
    assert sorted(times)[10] < 0.005


def test_the_field_is_ours_alone() -> None:
    written = field(Score(0.9987, ("link:bad.example", "strange\r\nBcc: x", "won", "thư rác")))
    assert written == b"X-Parvis-Spam: 0.9987 (link:bad.example;\r\n\twon)\r\n"
    assert field(None) == b""
    head, rest = (
        b"Return-Path: <x>\r\n",
        b"Subject: a\r\nx-parvis-SPAM: 0\r\n (forged)\r\nTo: b\r\n\r\nX-Parvis-Spam: body\r\n",
    )
    assert strip(head + rest, len(head)) == b"Subject: a\r\nTo: b\r\n\r\nX-Parvis-Spam: body\r\n"
    assert strip(rest) == b"Subject: a\r\nTo: b\r\n\r\nX-Parvis-Spam: body\r\n"


def test_two_opinions_are_one() -> None:
    assert combined(None, None) is None
    assert combined(Score(0.2), None) == Score(0.2)
    assert combined(None, Opinion(0.9, ("rspamd:X",))) == Score(0.9, ("rspamd:X",))
    agree, differ = combined(Score(0.9), Opinion(0.9)), combined(Score(0.9), Opinion(0.1))
    assert agree and differ and agree.value > 0.98 and differ.value == pytest.approx(0.5)
    assert combined(Score(1.0), Opinion(0.01)).value < 0.999 > combined(Score(0.0), Opinion(0.999)).value


@pytest.mark.parametrize(
    ("points", "least", "most"),
    [(-20, 0.01, 0.01), (0, 0.09, 0.11), (3, 0.7, 0.8), (6, 0.989, 0.991), (40, 0.999, 0.999)],
)
def test_points_as_a_chance(points: float, least: float, most: float) -> None:
    found = opinion(
        _Answer(score=points, symbols={"B": _Symbol("B", 2.0), "A": _Symbol("A", 3.0), "C": _Symbol("C", -1.0)})
    )
    assert found is not None and least <= found.chance <= most and found.reasons == ("rspamd:A", "rspamd:B")
    assert opinion(_Answer(score=points, thresholds={"add header": 1.0})).chance >= found.chance or points < 0
    assert opinion(_Answer(score=15, is_skipped=True)) is None
    assert opinion(_Answer(score=15, is_skipped=True, action="reject")).chance > 0.99


@pytest.fixture
async def scanner():
    """Something that speaks as rspamd does; what it was asked, and what it answers."""
    asked: list[bytes] = []
    answer = {"score": 12.5, "thresholds": {"add header": 6.0}, "symbols": {"A": {"name": "BAD_URL", "score": 5.0}}}
    state = {"body": json.dumps(answer).encode(), "held": asyncio.Event()}
    state["held"].set()

    async def serve(reader, writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        asked.append(head + await reader.readexactly(length))
        await state["held"].wait()
        body = state["body"]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked, state
    state["held"].set()
    await asyncio.sleep(0.05)
    server.close()


async def test_rspamd_is_asked_and_may_fail(scanner, store_sqlite, settings, make_user, monkeypatch) -> None:
    url, asked, state = scanner
    ann = await make_user(store_sqlite, "ann")
    rspamd = Rspamd(url, Egress([]))
    judge = Judge(store_sqlite, settings, rspamd)
    to = [Delivery(ann.id, "ann@example.org")]
    judged = await judge.judge(unwanted(1), to, ORIGIN)
    assert b"0.99" in judged.field and b"rspamd:BAD_URL" in judged.field
    assert b"POST /checkv2" in asked[0] and b"ann@example.org" in asked[0] and asked[0].endswith(unwanted(1))
    assert judged.deliveries[0].role == "junk"
    for body in (b"no", b"{}", b'{"is_skipped": true, "score": 99}'):
        state["body"] = body
        assert (await judge.judge(unwanted(1), to, ORIGIN)).field == b""
    state["held"].clear()
    rspamd._client.timeout = 0.2
    async with asyncio.timeout(2):
        assert (await judge.judge(unwanted(1), to, ORIGIN)).deliveries == tuple(to)
    await rspamd.close()
    elsewhere = Rspamd("http://198.51.100.1:11333", Egress([]))
    assert await elsewhere.check(unwanted(1), ORIGIN, []) is None  # the gate is closed
    await elsewhere.close()
