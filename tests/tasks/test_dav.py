"""Task lists over CalDAV, by real requests. RFC 4791"""

import re

import pytest

from parvis.store.check import check
from parvis.store.sql.contract import counting
from parvis.tasks.check import check as check_tasks
from tests.tasks.test_jmap import READ, WRITE, share

NS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:I="http://apple.com/ns/ical/"'


def todo(uid: str, *lines: str, name="x") -> bytes:
    body = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Their Program//EN", "X-WR-CALNAME:Kept", "BEGIN:VTODO", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z", f"SUMMARY:{name}", "X-THEIRS;X-P=1:kept as it is", *lines, "END:VTODO", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(body).encode()


@pytest.fixture
async def ann(open_dav):
    return await open_dav("ann")


@pytest.fixture
async def bob(open_dav):
    return await open_dav("bob")


def hrefs(answer) -> list[str]:
    return re.findall(r"<D:href>([^<]*)</D:href>", answer.text)


async def test_the_home_lists_them_as_calendars_of_todos(ann) -> None:
    body = f"<propfind {NS}><prop><displayname/><resourcetype/><C:supported-calendar-component-set/><I:calendar-color/></prop></propfind>"
    answer = await ann.ask("PROPFIND", ann.home, body, Depth="1")
    assert answer.status_code == 207 and f"{ann.home}tasks/" in answer.text
    assert 'name="VTODO"' in answer.text and "VEVENT" not in answer.text and ">Tasks<" in answer.text


async def test_what_is_put_is_kept_byte_for_byte_and_is_a_task(ann, store) -> None:
    path, body = (
        ann.home + "tasks/a.ics",
        todo("a@x", "DUE:20260301T100000Z", "PRIORITY:1", "CATEGORIES:home", name="Milch"),
    )
    answer = await ann.ask("PUT", path, body, If_None_Match="*")
    assert answer.status_code == 201, answer.text
    got = await ann.ask("GET", path)
    assert got.content == body and got.headers["etag"] == answer.headers["etag"]
    (number,) = (await ann.jmap("Task/query"))["ids"]
    task = await ann.jmap.task(number)
    assert (task["title"], task["utcDue"], task["priority"], task["keywords"]) == (
        "Milch", "2026-03-01T10:00:00Z", 1, {"home": True},
    )  # fmt: skip
    await ann.jmap.change(number, title="Lait", progress="completed")
    got = (await ann.ask("GET", path)).text
    assert "SUMMARY:Lait\r\n" in got and "STATUS:COMPLETED\r\n" in got
    assert "X-THEIRS;X-P=1:kept as it is\r\n" in got and "X-WR-CALNAME:Kept\r\n" in got
    assert (await ann.ask("PUT", path, body, If_Match=answer.headers["etag"])).status_code == 412
    assert (await ann.ask("DELETE", path)).status_code == 204
    assert (await ann.jmap("Task/query"))["ids"] == []
    assert await check(store) == []


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        (b"nonsense", "valid-calendar-data"),
        (
            todo("a@x").replace(b"VTODO", b"VEVENT").replace(b"SUMMARY", b"DTSTART:20260101T000000Z\r\nSUMMARY"),
            "supported-calendar-component",
        ),
        (todo("a@x").replace(b"UID:a@x\r\n", b""), "valid-calendar-object-resource"),
        (todo("a@x", "DUE:soon"), "valid-calendar-data"),
        (todo("a@x").replace(b"PRODID", b"METHOD:REQUEST\r\nPRODID"), "valid-calendar-object-resource"),
    ],
)
async def test_what_is_no_task_is_refused(ann, body, condition) -> None:
    answer = await ann.ask("PUT", ann.home + "tasks/a.ics", body)
    assert answer.status_code == 403 and condition in answer.text, answer.text
    assert (await ann.jmap("Task/query"))["ids"] == []


async def test_a_uid_is_once_in_a_list(ann) -> None:
    await ann.ask("PUT", ann.home + "tasks/a.ics", todo("same"))
    answer = await ann.ask("PUT", ann.home + "tasks/b.ics", todo("same"))
    assert answer.status_code == 403 and "no-uid-conflict" in answer.text and "a.ics" in answer.text


async def test_lists_are_made_changed_moved_between_and_removed(ann) -> None:
    made = f'<C:mkcalendar {NS}><set><prop><displayname>Garten</displayname><I:calendar-color>#FF0000FF</I:calendar-color><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>'
    answer = await ann.ask("MKCALENDAR", ann.home + "garden/", made)
    assert answer.status_code == 201, answer.text
    shown = {each["name"]: each for each in (await ann.jmap("TaskList/get"))["list"]}
    assert shown["Garten"]["color"] == "#FF0000FF"
    patch = f"<propertyupdate {NS}><set><prop><displayname>Jardin</displayname><I:calendar-order>4</I:calendar-order><C:calendar-timezone-id>Europe/Paris</C:calendar-timezone-id></prop></set></propertyupdate>"
    assert (await ann.ask("PROPPATCH", ann.home + "garden/", patch)).status_code == 207
    shown = {each["name"]: each for each in (await ann.jmap("TaskList/get"))["list"]}
    assert (shown["Jardin"]["sortOrder"], shown["Jardin"]["timeZone"]) == (4, "Europe/Paris")
    await ann.ask("PUT", ann.home + "tasks/a.ics", todo("a"))
    moved = await ann.ask("MOVE", ann.home + "tasks/a.ics", Destination=ann.home + "garden/a.ics")
    assert moved.status_code == 201, moved.text
    (number,) = (await ann.jmap("Task/query", filter={"inTaskList": shown["Jardin"]["id"]}))["ids"]
    await ann.ask("PUT", ann.home + "tasks/other.ics", todo("other"))
    for method in ("MOVE", "COPY"):
        over = await ann.ask(method, ann.home + "tasks/other.ics", Destination=ann.home + "garden/a.ics")
        assert over.status_code == 409 and "no-uid-conflict" in over.text
    await ann.ask("DELETE", ann.home + "tasks/other.ics")
    copied = await ann.ask("COPY", ann.home + "garden/a.ics", Destination=ann.home + "tasks/b.ics")
    assert copied.status_code == 201 and len((await ann.jmap("Task/query"))["ids"]) == 2
    assert (await ann.ask("DELETE", ann.home + "garden/")).status_code == 204
    assert number not in (await ann.jmap("Task/query"))["ids"]
    assert (await ann.ask("DELETE", ann.home + "tasks/")).status_code == 403


async def sync(client, path, token="") -> tuple[str, dict[str, str]]:
    body = f"<sync-collection {NS}><sync-token>{token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    answer = await client.ask("REPORT", path, body)
    assert answer.status_code == 207, answer.text
    found = {}
    for response in re.findall(r"<D:response>(.*?)</D:response>", answer.text, re.DOTALL):
        name = re.search(r"<D:href>([^<]*)</D:href>", response)[1].rpartition("/")[2]
        found[name] = "gone" if " 404 " in response and "<D:propstat>" not in response else "there"
    return re.search(r"<D:sync-token>([^<]*)</D:sync-token>", answer.text)[1], found


async def test_synchronising(ann) -> None:
    path = ann.home + "tasks/"
    for name in ("a", "b", "c"):
        await ann.ask("PUT", f"{path}{name}.ics", todo(name))
    token, found = await sync(ann, path)
    assert set(found) == {"a.ics", "b.ics", "c.ics"}
    await ann.ask("DELETE", path + "a.ics")
    await ann.ask("MOVE", path + "b.ics", Destination=path + "d.ics")
    (number,) = (await ann.jmap("Task/query", filter={"uid": "c"}))["ids"]
    await ann.jmap.change(number, title="New")
    other = (await ann.jmap("TaskList/set", create={"l": {"name": "Other"}}))["created"]["l"]["id"]
    token, found = await sync(ann, path, token)
    assert found == {"a.ics": "gone", "b.ics": "gone", "c.ics": "there", "d.ics": "there"}
    await ann.jmap.change(number, taskListId=other)
    await ann.ask("PUT", path + "a.ics", todo("a"))
    token, found = await sync(ann, path, token)
    assert found == {"c.ics": "gone", "a.ics": "there"}


async def test_queries_by_time_and_words(ann) -> None:
    path = ann.home + "tasks/"
    await ann.ask("PUT", path + "soon.ics", todo("soon", "DUE:20260301T100000Z"))
    await ann.ask(
        "PUT",
        path + "late.ics",
        todo("late", "DTSTART:20270301T100000Z", "DUE:20270302T100000Z", "STATUS:COMPLETED"),
    )
    await ann.ask("PUT", path + "weekly.ics", todo("weekly", "DTSTART:20250101T100000Z", "RRULE:FREQ=WEEKLY"))
    await ann.ask("PUT", path + "ever.ics", todo("ever"))

    async def ask(inner: str) -> set[str]:
        body = f'<C:calendar-query {NS}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">{inner}</C:comp-filter></C:filter></C:calendar-query>'
        answer = await ann.ask("REPORT", path, body, Depth="1")
        assert answer.status_code == 207, answer.text
        return {href.rpartition("/")[2].removesuffix(".ics") for href in hrefs(answer)}

    assert await ask('<C:comp-filter name="VTODO"/>') == {"soon", "late", "weekly", "ever"}
    assert await ask('<C:comp-filter name="VEVENT"/>') == set()
    window = '<C:comp-filter name="VTODO"><C:time-range start="20260301T000000Z" end="20260302T000000Z"/></C:comp-filter>'
    assert await ask(window) == {"soon", "ever"}
    open_ = '<C:comp-filter name="VTODO"><C:prop-filter name="STATUS"><C:text-match negate-condition="yes">COMPLETED</C:text-match></C:prop-filter></C:comp-filter>'
    assert "late" not in await ask(open_)
    body = f"<C:calendar-multiget {NS}><prop><C:calendar-data/></prop><href>{path}soon.ics</href><href>{path}none.ics</href></C:calendar-multiget>"
    answer = await ann.ask("REPORT", path, body)
    assert "UID:soon" in answer.text and "404" in answer.text


async def test_a_shared_list_is_in_the_home_of_who_it_is_shared_with(ann, bob) -> None:
    first = await ann.jmap.first()
    alarm = ("BEGIN:VALARM", "UID:al", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT10M", "END:VALARM")
    await ann.ask("PUT", ann.home + "tasks/a.ics", todo("a", "DUE:20300301T100000Z", *alarm))
    assert (await bob.ask("GET", ann.home + "tasks/a.ics")).status_code == 404
    await share(ann.jmap, first, bob.jmap, READ)
    listing = hrefs(await bob.ask("PROPFIND", bob.home, Depth="1"))
    mounted = next(href for href in listing if "." in href.rstrip("/").rpartition("/")[2])
    got = await bob.ask("GET", mounted + "a.ics")
    assert "UID:a\r\n" in got.text and "VALARM" not in got.text
    assert (await bob.ask("PUT", mounted + "b.ics", todo("b"))).status_code == 403
    assert (await bob.ask("DELETE", mounted + "a.ics")).status_code == 403
    await share(ann.jmap, first, bob.jmap, WRITE)
    body = todo(
        "a",
        "DUE:20300301T100000Z",
        "BEGIN:VALARM",
        "UID:bo",
        "ACTION:DISPLAY",
        "DESCRIPTION:x",
        "TRIGGER:-PT1H",
        "END:VALARM",
        name="Bob",
    )
    assert (await bob.ask("PUT", mounted + "a.ics", body)).status_code == 204
    hers, his = await ann.ask("GET", ann.home + "tasks/a.ics"), await bob.ask("GET", mounted + "a.ics")
    assert "SUMMARY:Bob" in hers.text and "-PT10M" in hers.text and "-PT1H" not in hers.text
    assert "-PT1H" in his.text and "-PT10M" not in his.text
    token, _ = await sync(bob, mounted)
    await ann.jmap("TaskList/set", update={first: {"shareWith": None}})
    for method, path in (("GET", mounted + "a.ics"), ("PROPFIND", mounted), ("GET", ann.home + "tasks/a.ics")):
        assert (await bob.ask(method, path)).status_code == 404, (method, path)
    assert mounted not in hrefs(await bob.ask("PROPFIND", bob.home, Depth="1"))
    body = (
        f"<sync-collection {NS}><sync-token>{token}</sync-token><sync-level>1</sync-level><prop/></sync-collection>"
    )
    assert (await bob.ask("REPORT", mounted, body)).status_code == 404


async def test_what_it_costs(ann, doors) -> None:
    for number in range(30):
        await ann.ask("PUT", f"{ann.home}tasks/{number}.ics", todo(str(number)))
    tree = doors.engine.features[1].trees[0]
    node = await tree.find(doors.context.store.db, ann.jmap.principal, ann.jmap.principal.id, ("tasks",))
    for most, work in (
        (4, lambda: tree.find(doors.context.store.db, ann.jmap.principal, node.account_id, ("tasks", "1.ics"))),
        (2, lambda: tree.children(doors.context.store.db, ann.jmap.principal, node, "", 100)),
        (4, lambda: tree.sync(doors.context.store.db, ann.jmap.principal, node, 0, 100, deep=False)),
    ):
        with counting() as count:
            await work()
        assert len(count) <= most, count.statements


def ticked(*days: str) -> bytes:
    """A daily task as Thunderbird leaves it: what was done are single times of the series."""
    done = [
        f"END:VTODO\r\nBEGIN:VTODO\r\nUID:d@x\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{day}T100000Z\r\n"
        f"DTSTART:{day}T090000Z\r\nDUE:{day}T100000Z\r\nSTATUS:COMPLETED\r\nCOMPLETED:{day}T093000Z\r\nSUMMARY:x"
        for day in days
    ]
    return todo("d@x", "DTSTART:20260301T100000Z", "DUE:20260301T110000Z", "RRULE:FREQ=DAILY;COUNT=4", *done)


async def test_single_times_that_a_client_marks_as_done_are(ann, store) -> None:
    path, body = ann.home + "tasks/d.ics", ticked("20260301", "20260302")
    answer = await ann.ask("PUT", path, body)
    assert (await ann.ask("GET", path)).content == body and answer.headers["etag"]
    (number,) = (await ann.jmap("Task/query", filter={"isDone": False}))["ids"]
    task = await ann.jmap.task(number)
    assert (task["progress"], task["due"], task["nextDue"]) == (
        "needs-action", "2026-03-01T11:00:00", "2026-03-03T11:00:00",
    )  # fmt: skip
    assert task["utcDue"] == "2026-03-03T11:00:00Z"
    done = (await ann.jmap.change(number, progress="completed"))["updated"][number]
    assert done["progress"] == "needs-action"
    got = (await ann.ask("GET", path)).text
    assert got.count("STATUS:COMPLETED") == 3 and "RECURRENCE-ID:20260303T100000Z" in got
    assert "DTSTART:20260301T100000Z" in got and "COUNT=4" in got
    assert (await ann.jmap.task(number))["nextDue"] == "2026-03-04T11:00:00"
    await ann.jmap.change(number, progress="completed")
    assert (await ann.jmap.task(number))["progress"] == "completed"
    assert len((await ann.jmap("Task/query"))["ids"]) == 1
    assert await check_tasks(store.db) == []


async def test_a_series_that_a_client_moves_on_or_ends_stays_as_it_was_put(ann) -> None:
    path = ann.home + "tasks/d.ics"
    await ann.ask("PUT", path, todo("d@x", "DUE:20260301T100000Z", "RRULE:FREQ=DAILY"))
    (number,) = (await ann.jmap("Task/query"))["ids"]
    moved = todo("d@x", "DUE:20260302T100000Z", "STATUS:NEEDS-ACTION", "RRULE:FREQ=DAILY")
    ended = todo("d@x", "DUE:20260302T100000Z", "STATUS:COMPLETED", "RRULE:FREQ=DAILY")
    for body, progress in ((moved, "needs-action"), (ended, "completed")):
        answer = await ann.ask("PUT", path, body)
        assert (await ann.ask("GET", path)).content == body and answer.headers["etag"]
        task = await ann.jmap.task(number)
        assert (task["progress"], task["due"], task["nextDue"]) == (progress, "2026-03-02T10:00:00", None)
    assert (await ann.jmap("Task/query"))["ids"] == [number]
