"""Files of events: by CalDAV (RFC 8607) and JMAP; who reads them, and that they go with their event."""

import re

import httpx
import pytest

from parvis.access import accounts
from parvis.kernel import clock
from parvis.serve.jmap.blobs import Library, blob_id
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.transfer import keep_upload
from parvis.serve.post import Post
from parvis.store.sql.contract import counting
from tests.calendar.conftest import Client, run_jobs
from tests.calendar.test_scheduling import only
from tests.desk import Desk
from tests.wire.ical.texts import event, ms, text


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
async def cid(peer):
    return await peer("cid")


def client(context, who) -> Client:
    return Client(context.need(Engine), who.person)


async def put(who, *more: str, name: str = "a.ics", uid: str = "one"):
    lines = event("DTSTART:20260105T100000Z", "DURATION:PT1H", *more, uid=uid)
    return await who.ask("PUT", who.calendar + name, text(*lines), content_type="text/calendar")


async def post(who, query: str, content: bytes = b"", name: str = "a.pdf", **headers):
    path = f"{who.calendar}a.ics?action={query}"
    headers.setdefault("content_type", "application/pdf")
    return await who.ask("POST", path, content, content_disposition=f'attachment; filename="{name}"', **headers)


async def seen(who) -> str:
    return (await who.get(who.calendar + "a.ics")).text.replace("\r\n ", "")


def href(shown: str) -> str:
    return re.findall(r"ATTACH;[^\r\n]*?:(http[^\r\n]*)", shown)[0]


async def held(context) -> int:
    rows = await context.store.db.value("SELECT COUNT(*) FROM calendar_attachment")
    links = await context.store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'CalendarAttachment'")
    assert rows == links
    return rows


async def test_a_file_is_added_changed_and_removed(ann, context) -> None:
    """RFC 8607 §3.2, §3.3.1, §3.3.3, §3.4, §3.5, §3.6, §3.10, §4.1, §4.2, §4.3, §5.1"""
    await put(ann)
    assert "calendar-managed-attachments" in (await ann.options(ann.calendar)).headers["dav"]
    path = ann.calendar + "a.ics?action=attachment-add"
    name = "attachment; filename*=UTF-8''K%E1%BA%BF%20ho%E1%BA%A1ch.pdf"
    added = await ann.ask("POST", path, b"one", content_type="application/pdf", content_disposition=name)
    assert added.status_code == 201, added.text
    first = added.headers["cal-managed-id"]
    shown = await seen(ann)
    assert f"MANAGED-ID={first}" in shown and "SIZE=3" in shown and "FMTTYPE=application/pdf" in shown
    assert (
        "Kế hoạch.pdf" in shown and added.headers["etag"] == (await ann.get(ann.calendar + "a.ics")).headers["etag"]
    )
    got = await ann.get(href(shown))
    assert got.content == b"one" and "attachment" in got.headers["content-disposition"]
    changed = await post(ann, f"attachment-update&managed-id={first}", b"two!", name="b.txt")
    assert changed.status_code == 204
    second = changed.headers["cal-managed-id"]
    shown = await seen(ann)
    assert second != first and first not in shown and "FILENAME=b.txt" in shown
    assert (await ann.get(href(shown))).content == b"two!" and await held(context) == 1
    removed = await post(ann, f"attachment-remove&managed-id={second}")
    assert removed.status_code == 204 and "ATTACH" not in await seen(ann) and await held(context) == 0


async def test_where_a_file_is_and_what_the_event_is_now_are_told_at_once(ann) -> None:
    """RFC 9110 §15.3.2, RFC 7240 §4.2: without asking for the event again"""
    await put(ann)
    plain = await post(ann, "attachment-add", b"one")
    assert plain.status_code == 201 and not plain.content
    assert plain.headers["location"] == href(await seen(ann))
    assert (await ann.get(plain.headers["location"])).content == b"one"
    shown = {"prefer": "return=representation"}
    first = plain.headers["cal-managed-id"]
    changed = await post(ann, f"attachment-update&managed-id={first}", b"two", **shown)
    assert changed.status_code == 200 and changed.headers["preference-applied"] == "return=representation"
    assert changed.headers["location"] == href(changed.text.replace("\r\n ", ""))
    assert (await ann.get(changed.headers["location"])).content == b"two"
    second = changed.headers["cal-managed-id"]
    removed = await post(ann, f"attachment-remove&managed-id={second}", **shown)
    assert removed.status_code == 200 and "ATTACH" not in removed.text and "location" not in removed.headers
    assert removed.headers["content-type"].startswith("text/calendar")
    now = await ann.get(ann.calendar + "a.ics")
    assert removed.content == now.content and removed.headers["etag"] == now.headers["etag"]
    added = await post(ann, "attachment-add", b"three", **shown)
    assert added.status_code == 201 and added.headers["location"] == href(added.text.replace("\r\n ", ""))
    assert added.headers["content-location"] == ann.calendar + "a.ics"


async def test_files_of_single_instances(ann) -> None:
    """RFC 8607 §3.3.2"""
    await put(ann, "RRULE:FREQ=DAILY;COUNT=3")
    added = await post(ann, "attachment-add&rid=20260106T100000Z", b"x")
    managed_id = added.headers["cal-managed-id"]
    shown = await seen(ann)
    assert shown.count("BEGIN:VEVENT") == 2 and shown.count(managed_id) == 2  # and in its address
    await post(ann, "attachment-add&rid=M", b"y")
    assert (await seen(ann)).count("ATTACH;") == 2
    await post(ann, f"attachment-remove&managed-id={managed_id}&rid=20260106T100000Z")
    assert managed_id not in await seen(ann)


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("attachment-burn", "valid-action"),
        ("attachment-add&managed-id=x", "valid-managed-id"),
        ("attachment-update", "valid-managed-id"),
        ("attachment-update&managed-id=x&rid=M", "valid-rid"),
        ("attachment-remove&managed-id=nothing", "valid-managed-id"),
        ("attachment-add&rid=soon", "valid-rid"),
    ],
)
async def test_what_is_refused_names_its_condition(ann, context, query, condition) -> None:
    """RFC 8607 §3.11"""
    await put(ann)
    answer = await post(ann, query, b"x")
    assert answer.status_code == 403 and re.search(rf":{condition}\s*/?>", answer.text), answer.text
    assert await held(context) == 0


async def test_limits_and_conditions(ann, context, monkeypatch) -> None:
    """RFC 8607 §3.11, §3.12.1, §6.2, §6.3"""
    monkeypatch.setattr("parvis.calendar.attachments.LARGEST", 5)
    monkeypatch.setattr("parvis.calendar.attachments.MOST", 1)
    monkeypatch.setattr("parvis.calendar.attachments.MOST_BYTES", 8)
    await put(ann)
    assert "max-attachment-size" in (await post(ann, "attachment-add", b"123456")).text
    stale = await post(ann, "attachment-add", b"1", if_match='"other"')
    assert stale.status_code == 412
    assert (await post(ann, "attachment-add", b"12345")).status_code == 201
    assert (await post(ann, "attachment-add", b"12345")).status_code == 507
    assert "max-attachments-per-resource" in (await post(ann, "attachment-add", b"1")).text
    assert await held(context) == 1
    for name, said in (("max-attachment-size", ">5<"), ("max-attachments-per-resource", ">1<")):
        asked = (
            f'<propfind xmlns="DAV:"><prop><C:{name} xmlns:C="urn:ietf:params:xml:ns:caldav"/></prop></propfind>'
        )
        assert said in (await ann.ask("PROPFIND", ann.calendar, asked, depth="0")).text


async def test_a_client_names_only_files_that_the_event_has(ann, context) -> None:
    """RFC 8607 §3.7, §3.8, §3.9"""
    await put(ann)
    await post(ann, "attachment-add", b"x")
    attach = re.findall(r"ATTACH;[^\r\n]*", await seen(ann))[0]
    other = await put(ann, attach, name="b.ics", uid="two")
    assert other.status_code == 403 and "valid-managed-id-parameter" in other.text
    kept = await put(ann, attach, "SUMMARY:New")
    assert kept.status_code == 204 and await held(context) == 1
    assert (await put(ann, "SUMMARY:Without")).status_code == 204 and await held(context) == 0


async def test_a_program_that_knows_only_the_address_of_a_file_takes_it_from_nobody(ann, context) -> None:
    """RFC 8607 §4: what belongs to it is written again"""
    await put(ann)
    added = await post(ann, "attachment-add", b"x")
    attach = re.findall(r"ATTACH;[^\r\n]*", await seen(ann))[0]
    changed = attach.replace("FILENAME=a.pdf", "FILENAME=b.pdf")
    assert changed != attach
    for given in (f"ATTACH:{added.headers['location']}", changed):
        kept = await put(ann, given, "SUMMARY:New")
        assert kept.status_code == 204 and "etag" not in kept.headers  # RFC 4791 §5.3.4: it is another text
        assert attach in await seen(ann) and await held(context) == 1
    assert (await ann.get(added.headers["location"])).content == b"x"
    elsewhere = "ATTACH:https://example.net/plan.pdf"
    assert "etag" in (await put(ann, elsewhere)).headers
    assert elsewhere in await seen(ann) and await held(context) == 0


async def test_who_reads_a_file(ann, bob, cid, context) -> None:
    """RFC 8607 §3.12.2, §7"""
    await put(
        ann,
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE:mailto:ann@example.org",
        "ATTENDEE:mailto:bob@example.org",
    )
    await post(ann, "attachment-add", b"plan")
    address = href(await seen(ann))
    await run_jobs(context)
    assert (await bob.get(address)).content == b"plan"  # who is invited
    assert (await cid.get(address)).status_code == 404
    owner = client(context, ann)
    number = await owner.calendar()
    await owner("Calendar/set", update={number: {"shareWith": {cid.account: {"mayReadItems": True}}}})
    assert (await cid.get(address)).content == b"plan"
    shared = client(context, cid)
    (event_,) = (await shared("CalendarEvent/get", accountId=ann.account, ids=None))["list"]
    (link,) = event_["links"].values()
    library = context.need(Library)
    assert await (await library.find(shared.principal, cid.person.id, link["blobId"])).read() == b"plan"
    await owner.change(event_["id"], {"privacy": "private"})
    assert (await cid.get(address)).status_code == 404
    await owner.change(event_["id"], {"privacy": "public"})
    await owner("Calendar/set", update={number: {"shareWith": None}})
    assert (await cid.get(address)).status_code == 404
    await ann.delete(ann.calendar + "a.ics")
    assert (await ann.get(address)).status_code == 404 and await held(context) == 0


ZOE = "zoe@elsewhere.example"
GUESTS = ("ORGANIZER:mailto:ann@example.org", "ATTENDEE:mailto:ann@example.org", "ATTENDEE:mailto:bob@example.org")


def told(desk: Desk) -> tuple[str, str]:
    """What the newest letter says, and where it says that the file is."""
    said = desk.letters[-1].calendar.decode().replace("\r\n ", "")
    (found,) = re.findall(r"ATTACH[^\r\n]*?:(http[^\r\n]*)", said)
    return said, found


async def test_a_guest_elsewhere_reads_a_file_without_signing_in(ann, bob, context) -> None:
    """RFC 8607 §3.12.6"""
    context.offer(desk := Desk(), under=Post)
    with clock.frozen(ms(2026, 1, 3)):
        await put(ann, *GUESTS, f"ATTENDEE:mailto:{ZOE}", "ATTENDEE:mailto:yan@elsewhere.example")
        await run_jobs(context)
    with clock.frozen(ms(2026, 1, 4)):
        await post(ann, "attachment-add", b"plan", name="K% h'o.pdf")
        await run_jobs(context)
        assert {each.to for each in desk.letters} >= {(ZOE,), ("yan@elsewhere.example",)}
        said, place = told(desk)
        inside = href(await seen(ann))
        assert "MANAGED-ID" not in said and "FILENAME=" in said and inside not in said and place != inside
        assert place in desk.letters[-1].text
        assert href(await only_text(bob)) == inside  # who is of this organisation signs in
        async with httpx.AsyncClient(trust_env=False) as stranger:
            got = await stranger.get(place)
            assert (got.content, got.headers["content-type"]) == (b"plan", "application/pdf")
            assert "attachment" in got.headers["content-disposition"] and "sandbox" in str(got.headers)
            assert (await stranger.get(inside)).status_code == 401
            assert (await stranger.get(place.replace("/published/files/", "/published/files/x"))).status_code == 404
            first = next(each for each in desk.letters[-2:] if each.calendar != desk.letters[-1].calendar)
            assert place.encode() not in first.calendar.replace(b"\r\n ", b"")  # to each their own
    async with httpx.AsyncClient(trust_env=False) as stranger:
        for days, status in ((30, 200), (31, 404)):
            with clock.frozen(ms(2026, 1, 5, 10) + days * 86_400_000):
                assert (await stranger.get(place)).status_code == status, days


@pytest.mark.parametrize("end", ["guest", "file", "event", "exchanged", "closed"])
async def test_the_address_of_a_guest_ends(ann, context, store, end) -> None:
    context.offer(desk := Desk(), under=Post)
    with clock.frozen(ms(2026, 1, 3)):
        await put(ann, *GUESTS[:2], f"ATTENDEE:mailto:{ZOE}")
        await run_jobs(context)
    with clock.frozen(ms(2026, 1, 4)):
        added = (await post(ann, "attachment-add", b"plan")).headers["cal-managed-id"]
        await run_jobs(context)
        _, place = told(desk)
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(place)).content == b"plan"
            attach = re.findall(r"ATTACH;[^\r\n]*", await seen(ann))[0]
            if end == "guest":
                await put(ann, *GUESTS[:2], attach)
            elif end == "file":
                await post(ann, f"attachment-remove&managed-id={added}")
            elif end == "exchanged":
                await post(ann, f"attachment-update&managed-id={added}", b"other")
                await run_jobs(context)
                _, fresh = told(desk)
                assert fresh != place and (await stranger.get(fresh)).content == b"other"
            elif end == "event":
                await ann.delete(ann.calendar + "a.ics")
            else:
                await accounts.disable(store, ann.person.id)
            assert (await stranger.get(place)).status_code == 404
    left = await store.db.value("SELECT COUNT(*) FROM calendar_guest_file")
    assert left == (1 if end in ("guest", "exchanged", "closed") else 0)


async def test_files_of_an_event_are_looked_for_only_when_it_has_some(ann, context) -> None:
    mine, asked = client(context, ann), list[bool]()
    blob = await uploaded(context, mine, b"hello")
    for links in ({}, {"links": {"l": {"@type": "Link", "blobId": blob}}}):
        number = await mine.make(**links)
        with counting() as count:
            await mine.change(number, {"title": "New", "links": None})
        asked.append(any("calendar_attachment" in each for each in count.statements))
    assert asked == [False, True]


async def only_text(who) -> str:
    listed = await who.ask("PROPFIND", who.calendar, depth="1")
    (path,) = set(re.findall(r"href>([^<]+\.ics)<", listed.text))
    return (await who.get(path)).text.replace("\r\n ", "")


async def uploaded(context, who: Client, content: bytes) -> str:
    digest = await context.store.blobs.put(content)
    number = who.principal.id
    await keep_upload(context, who.principal, number, digest, len(content), "text/plain")
    return blob_id(digest)


async def test_links_with_blobs(ann, bob, context) -> None:
    mine, other = client(context, ann), client(context, bob)
    blob = await uploaded(context, mine, b"hello")
    number = await mine.make(links={"l": {"@type": "Link", "blobId": blob, "title": "hello.txt"}})
    shown = (await mine.event(number))["links"]
    (link,) = shown.values()
    assert link["blobId"].startswith("k") and (link["size"], link["title"]) == (5, "hello.txt")
    assert (link["contentType"], link["rel"]) == ("text/plain", "enclosure") and "managedId" not in link
    library = context.need(Library)
    assert await (await library.find(mine.principal, mine.principal.id, link["blobId"])).read() == b"hello"
    assert (await ann.get(link["href"])).content == b"hello"
    await mine.change(number, {"title": "New", "links": shown})
    assert (await mine.event(number))["links"] == shown and await held(context) == 1
    second = await uploaded(context, mine, b"again")
    done = await mine.change(number, {"links/m": {"@type": "Link", "blobId": second}})
    assert not done["notUpdated"], done
    assert len((await mine.event(number))["links"]) == 2 and await held(context) == 2
    (key,) = shown
    await mine.change(number, {f"links/{key}": None})
    assert len((await mine.event(number))["links"]) == 1 and await held(context) == 1
    stolen = await other(
        "CalendarEvent/set",
        create={
            "e": {
                "calendarIds": {await other.calendar(): True},
                "start": "2026-01-05T10:00:00",
                "links": {"l": {"@type": "Link", "blobId": link["blobId"]}},
            }
        },
    )
    assert stolen["notCreated"]["e"]["type"] == "blobNotFound"
    await mine("CalendarEvent/set", destroy=[number])
    assert await held(context) == 0


async def test_a_copy_has_files_of_its_own(ann, bob, context) -> None:
    mine, other = client(context, ann), client(context, bob)
    blob = await uploaded(context, mine, b"hello")
    number = await mine.make(links={"l": {"@type": "Link", "blobId": blob, "title": "hello.txt"}})
    calendar = await mine.calendar()
    await mine("Calendar/set", update={calendar: {"shareWith": {bob.account: {"mayReadItems": True}}}})
    copied = await other(
        "CalendarEvent/copy",
        fromAccountId=ann.account,
        create={"c": {"id": number, "calendarIds": {await other.calendar(): True}}},
    )
    assert copied["created"], copied
    await mine("CalendarEvent/set", destroy=[number])
    (link,) = (await only(other))["links"].values()
    assert (await bob.get(link["href"])).content == b"hello" and await held(context) == 1
