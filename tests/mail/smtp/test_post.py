"""Letters of other rooms, and the iCalendar of messages that come in. RFC 6047"""

import pytest

from parvis.kernel.errors import Invalid, NotFound
from parvis.mail.structure import structure_of
from parvis.serve.post import CALENDAR_MAIL, SETTLED, Enclosure, Letter, Post
from parvis.wire import mime
from tests.mail.smtp.conftest import Sink, Site, talking
from tests.mail.smtp.test_vacation import arrive

INVITATION = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def invitation(sender: str = "bob@one.example") -> bytes:
    return (
        f"From: {sender}\r\nTo: ann@example.org\r\nSubject: Họp\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nCome\r\n--a\r\n"
        "Content-Type: text/calendar; method=REQUEST\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "BEGIN:VCALENDAR\r\nMETHOD=3AREQUEST\r\nEND:VCALENDAR\r\n\r\n--a--\r\n--b\r\n"
        "Content-Type: application/ics; name=invite.ics\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n\r\n"
        "--b--\r\n"
    ).encode()


async def told(site: Site) -> list[dict]:
    return [event.body for event in await site.store.outbox.after(0, 0, 1000) if event.kind == CALENDAR_MAIL]


async def test_a_letter_leaves_if_its_unit_is_committed(site: Site, sink: Sink) -> None:
    ann, post = await site.person("ann"), site.context.need(Post)
    letter = Letter(
        account_id=ann.id, to=("bob@one.example", "bob@one.example"), subject="Họp", text="Come", html="<p>Come</p>",
        calendar=INVITATION, method="REQUEST", enclosures=(Enclosure(media_type="text/plain", content=b"x", name="a"),),
    )  # fmt: skip
    send = await post.written(letter)

    async def fails(unit) -> None:
        await send(unit)
        raise Invalid("no")

    with pytest.raises(Invalid):
        await site.store.write(fails)
    await site.idle()
    assert sink.messages == []
    await site.store.write(send)
    await site.idle()
    [(sender, to, raw)] = sink.messages
    assert (sender, to) == ("ann@example.org", ["bob@one.example"])
    message = mime.parse(raw)
    leaves = structure_of(raw, message, mime.body_views(message)).leaves().values()
    assert [part.media_type for part in leaves] == [
        "text/plain", "text/html", "text/calendar", "text/plain", "application/ics",
    ]  # fmt: skip
    assert b"method=REQUEST" in raw and b"Auto-Submitted" not in raw


async def test_a_reminder_is_answered_by_nobody(site: Site, sink: Sink) -> None:
    ann, post = await site.person("ann"), site.context.need(Post)
    letter = Letter(account_id=ann.id, to=("bob@one.example",), subject="Soon", text="In 10", answerable=False)
    await site.store.write(await post.written(letter))
    await site.idle()
    [(sender, _, raw)] = sink.messages
    assert sender == "" and b"Auto-Submitted: auto-generated" in raw
    with pytest.raises(Invalid):
        await post.written(Letter(account_id=ann.id, to=("nobody",), subject="", text=""))
    with pytest.raises(NotFound):
        await post.written(Letter(account_id=1, to=("bob@one.example",), subject="", text=""))


async def test_what_becomes_of_a_followed_letter_is_told(site: Site, sink: Sink) -> None:
    ann, post = await site.person("ann"), site.context.need(Post)
    sink.replies["gone@one.example"] = "550 5.1.1 nobody"
    numbers = []
    for address, followed in (
        ("bob@one.example", True),
        ("gone@one.example", True),
        ("ann@example.org", True),
        ("cid@one.example", False),
    ):
        letter = Letter(account_id=ann.id, to=(address,), subject="x", text="x", followed=followed)
        numbers.append(await site.store.write(await post.written(letter)))
    await site.idle()
    events = [each for each in await site.store.outbox.after(0, 0, 1000) if each.kind == SETTLED]
    assert {each.account_id for each in events} == {ann.id}
    found = {each.body["letter"]: (each.body["fate"], each.body["status"][:3]) for each in events}
    assert found == {
        numbers[0]: ("relayed", "2.1"),
        numbers[1]: ("failed", "5.1"),
        numbers[2]: ("delivered", "2.1"),
    }


async def test_an_invitation_from_outside_is_told_and_read_once(site: Site) -> None:
    ann, eve, post = await site.person("ann"), await site.person("eve"), site.context.need(Post)
    await arrive(site, invitation(), b"From: bob@one.example\r\nSubject: plain\r\n\r\nx\r\n")
    [event] = await told(site)
    found = await post.calendar_of(ann, ann.id, event["email"])
    assert found.author == "bob@one.example"
    assert [content.replace(b"\r\n\r\n", b"\r\n") for content in found.contents] == [INVITATION] * len(
        found.contents
    )
    with pytest.raises(NotFound):
        await post.calendar_of(eve, ann.id, event["email"])
    with pytest.raises(NotFound):
        await post.calendar_of(eve, eve.id, event["email"])


async def test_who_signed_in_here_is_who_they_say(site: Site) -> None:
    ann, bob, post = await site.person("ann"), await site.person("bob"), site.context.need(Post)
    letter = Letter(
        account_id=bob.id,
        to=("ann@example.org",),
        subject="Họp",
        text="Come",
        calendar=INVITATION,
        method="REQUEST",
    )
    await site.store.write(await post.written(letter))
    await site.idle()
    [event] = await told(site)
    found = await post.calendar_of(ann, ann.id, event["email"])
    assert (found.author, found.authentic, found.contents) == ("bob@example.org", True, (INVITATION,))


async def test_a_forged_result_counts_for_nothing(site: Site) -> None:
    ann, post = await site.person("ann"), site.context.need(Post)
    forged = f"Authentication-Results: {site.settings.hostname}; dmarc=pass header.from=one.example\r\n".encode()
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        assert (await client.message("ann@example.org", forged + invitation(), "bob@one.example")).startswith("250")
    [event] = await told(site)
    assert not (await post.calendar_of(ann, ann.id, event["email"])).authentic
