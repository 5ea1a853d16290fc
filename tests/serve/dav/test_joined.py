"""A calendar that was made for whatever may come: events and tasks at one path. RFC 4791 §4.1, §5.2.3"""

import re

import pytest

from parvis import calendar, tasks
from parvis.access import directory, gate, passwords
from parvis.access.principal import Right
from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.newcomers import Newcomers
from parvis.store.check import check
from parvis.store.sql.contract import counting
from tests.serve.dav.conftest import SECRET, Peer

NS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
COMPONENTS = "C:supported-calendar-component-set"


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "calendar", "tasks"]


@pytest.fixture
async def doors(store, settings, tmp_path):
    settings.ports.http = 0
    context = Context(settings, store, Egress([]))
    features = [calendar.feature(context), tasks.feature(context)]
    context.offer(Newcomers(features))
    scopes = {kind.name: kind.scope for each in features for kind in each.kinds}
    scopes |= {name: scope for each in features for name, scope in each.blob_scopes.items()}
    blobs = [each.blobs for each in features if each.blobs]
    context.offer(Library(store, blobs[0], scopes, frozenset({"calendar"})))
    opened = Doors(context, [core(context), *features], tmp_path / "web")
    await opened.start()
    opened.context = context
    yield opened
    await opened.stop()


@pytest.fixture
async def open_peer(doors, store):
    made = []

    async def open_(name: str) -> Peer:
        newcomers = doors.context.need(Newcomers)
        number = await store.write(lambda unit: newcomers.create(unit, "person", name, f"{name}@example.org"))
        person = await directory.by_id(store.db, number)
        await passwords.change(store, person.id, SECRET)
        made.append(Peer(doors.context.public_url, person))
        return made[-1]

    yield open_
    for peer in made:
        await peer.aclose()


def thing(kind: str, uid: str, *lines: str) -> str:
    begun = ["DTSTART:20260105T100000Z"] if kind == "VEVENT" else ["DUE:20260106T100000Z"]
    inside = [
        f"BEGIN:{kind}",
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        *begun,
        f"SUMMARY:{uid}",
        *lines,
        f"END:{kind}",
    ]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *inside, "END:VCALENDAR", ""])


def hrefs(answer, status: str = "") -> list[str]:
    found = re.findall(r"<D:response>.*?</D:response>", answer.text, re.S)
    return [re.search("<D:href>([^<]*)<", each)[1].rpartition("/")[2] for each in found if status in each]


def query(kind: str, uid: str = "") -> str:
    asked = f'<C:prop-filter name="UID"><C:text-match>{uid}</C:text-match></C:prop-filter>' if uid else ""
    inner = f'<C:comp-filter name="{kind}">{asked}</C:comp-filter>' if kind else ""
    return (
        f"<C:calendar-query {NS}><prop><getetag/><C:calendar-data/></prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR">{inner}</C:comp-filter></C:filter></C:calendar-query>'
    )


async def sync(who, token: str = "", limit: int = 0) -> tuple[str, list[str], list[str]]:
    most = f"<limit><nresults>{limit}</nresults></limit>" if limit else ""
    body = f"<sync-collection {NS}><sync-token>{token}</sync-token><sync-level>1</sync-level>{most}<prop><getetag/></prop></sync-collection>"
    answer = await who.ask("REPORT", who.both, body)
    assert answer.status_code == 207, answer.text
    return (
        re.search("<D:sync-token>([^<]*)<", answer.text)[1],
        sorted(hrefs(answer, " 200 ")),
        sorted(hrefs(answer, " 404 ")),
    )


@pytest.fixture
async def ann(open_peer):
    """With a calendar of both, and an event and a task in it."""
    who = await open_peer("ann")
    who.both = f"{who.calendars}both/"
    assert (await who.ask("MKCALENDAR", who.both)).status_code == 201
    for kind, name in (("VEVENT", "event"), ("VTODO", "task")):
        answer = await who.ask("PUT", f"{who.both}{name}.ics", thing(kind, name), If_None_Match="*")
        assert answer.status_code == 201, answer.text
    return who


async def test_what_is_made_without_saying_for_what_takes_events_and_tasks(ann, store) -> None:
    for kind, name in (("VEVENT", "event"), ("VTODO", "task")):
        got = await ann.get(f"{ann.both}{name}.ics")
        assert got.text == thing(kind, name) and f"component={kind.lower()}" in got.headers["content-type"]
    listed = await ann.ask("PROPFIND", ann.both, f"<propfind {NS}><prop><getetag/></prop></propfind>", Depth="1")
    assert sorted(hrefs(listed)) == ["", "event.ics", "task.ics"]
    body = f"<propfind {NS}><prop><{COMPONENTS}/><displayname/></prop></propfind>"
    told = await ann.ask("PROPFIND", ann.both, body, Depth="0")
    assert 'name="VEVENT"' in told.text and 'name="VTODO"' in told.text and told.text.count(">both<") == 1
    home = await ann.ask("PROPFIND", ann.calendars, body, Depth="1")
    assert home.text.count(f"<D:href>{ann.both}</D:href>") == 1
    assert await check(store) == []


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        (thing("VJOURNAL", "x"), "supported-calendar-component"),
        (thing("VEVENT", "task"), "no-uid-conflict"),
        (thing("VTODO", "event"), "no-uid-conflict"),
        ("HAHA:YES", "valid-calendar-data"),
    ],
)
async def test_what_it_does_not_take(ann, body, condition) -> None:
    answer = await ann.ask("PUT", f"{ann.both}x.ics", body)
    assert answer.status_code == 403 and condition in answer.text, answer.text
    assert (await ann.get(f"{ann.both}x.ics")).status_code == 404


async def test_one_kind_does_not_take_the_place_of_the_other(ann) -> None:
    for name, kind in (("event", "VTODO"), ("task", "VEVENT")):
        answer = await ann.ask("PUT", f"{ann.both}{name}.ics", thing(kind, name))
        assert answer.status_code == 403 and "no-uid-conflict" in answer.text


async def test_queries_find_the_kind_that_is_asked_for(ann) -> None:
    for asked, found in (
        (("VEVENT",), ["event.ics"]),
        (("VTODO",), ["task.ics"]),
        (("VTODO", "task"), ["task.ics"]),
        (("",), ["event.ics", "task.ics"]),
    ):
        assert sorted(hrefs(await ann.ask("REPORT", ann.both, query(*asked), Depth="1"))) == found
    many = f"<C:calendar-multiget {NS}><prop><C:calendar-data/></prop><href>{ann.both}task.ics</href><href>{ann.both}event.ics</href></C:calendar-multiget>"
    answer = await ann.ask("REPORT", ann.both, many)
    assert hrefs(answer) == ["task.ics", "event.ics"] and answer.text.count("BEGIN:VCALENDAR") == 2


async def test_it_is_synchronised_as_one(ann) -> None:
    token, there, _ = await sync(ann)
    assert there == ["event.ics", "task.ics"]
    assert await sync(ann, token) == (token, [], [])
    told = await ann.ask("PROPFIND", ann.both, f"<propfind {NS}><prop><sync-token/></prop></propfind>", Depth="0")
    assert f">{token}<" in told.text
    for name, kind in (("task", "VTODO"), ("event", "VEVENT")):
        await ann.ask("PUT", f"{ann.both}{name}.ics", thing(kind, name, "PRIORITY:1"))
        newer, changed, gone = await sync(ann, token)
        assert (changed, gone) == ([f"{name}.ics"], [])
        await ann.ask("DELETE", f"{ann.both}{name}.ics")
        token, changed, gone = await sync(ann, newer)
        assert (changed, gone) == ([], [f"{name}.ics"])


async def test_it_is_synchronised_in_pages(ann) -> None:
    for number in range(5):
        for kind in ("VEVENT", "VTODO"):
            await ann.ask("PUT", f"{ann.both}{kind}-{number}.ics", thing(kind, f"{kind}-{number}"))
    token, seen, pages = "", [], 0
    while True:
        token, there, gone = await sync(ann, token, 3)
        assert len(there) <= 3 and not gone
        if not there:
            break
        seen += there
        pages += 1
    assert len(seen) == len(set(seen)) == 12 and pages == 4


async def test_whoever_sees_one_side_alone_sees_a_calendar_of_that_kind(ann, open_peer, store, doors) -> None:
    bob = await open_peer("bob")
    bob.both = f"{bob.calendars}{ann.account}.both/"
    calendar_id, list_id = [
        await store.db.value(f"SELECT id FROM {table} WHERE slug = 'both'") for table in ("calendar", "tasklist")
    ]

    async def share(number: int) -> int:
        return await store.write(
            lambda unit: gate.give(unit, ann.person, number, bob.person.id, Right.READ | Right.WRITE)
        )

    await share(list_id)
    token, there, _ = await sync(bob)
    assert there == ["task.ics"]
    refused = await bob.ask("PUT", f"{bob.both}more.ics", thing("VEVENT", "more"))
    assert refused.status_code == 403 and "supported-calendar-component" in refused.text
    await share(calendar_id)
    body = f"<sync-collection {NS}><sync-token>{token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    stale = await bob.ask("REPORT", bob.both, body)
    assert stale.status_code == 403 and "valid-sync-token" in stale.text
    assert (await sync(bob))[1] == ["event.ics", "task.ics"]
    home = await bob.ask(
        "PROPFIND", bob.calendars, f"<propfind {NS}><prop><{COMPONENTS}/></prop></propfind>", Depth="1"
    )
    (there,) = [each for each in re.findall("<D:response>.*?</D:response>", home.text, re.S) if bob.both in each]
    assert "VEVENT" in there and "VTODO" in there


async def test_it_is_changed_and_removed_whole(ann, store) -> None:
    patch = f"<propertyupdate {NS}><set><prop><displayname>Two</displayname></prop></set></propertyupdate>"
    assert (await ann.ask("PROPPATCH", ann.both, patch)).status_code == 207
    names = await store.db.rows("SELECT name FROM scope WHERE name = 'Two'")
    assert len(names) == 2
    assert (await ann.ask("DELETE", ann.both)).status_code == 204
    assert (await ann.ask("PROPFIND", ann.both, Depth="0")).status_code == 404
    for table in ("calendar", "tasklist"):
        assert await store.db.value(f"SELECT COUNT(*) FROM {table} WHERE slug = 'both'") == 0


async def test_members_move_between_it_and_others(ann) -> None:
    only = f'<C:mkcalendar {NS}><set><prop><{COMPONENTS}><C:comp name="VTODO"/></{COMPONENTS}></prop></set></C:mkcalendar>'
    assert (await ann.ask("MKCALENDAR", f"{ann.calendars}todo/", only)).status_code == 201
    out = await ann.ask("MOVE", f"{ann.both}task.ics", Destination=f"{ann.calendars}todo/task.ics")
    assert out.status_code == 201, out.text
    back = await ann.ask("MOVE", f"{ann.calendars}todo/task.ics", Destination=f"{ann.both}back.ics")
    assert back.status_code == 201, back.text
    inside = await ann.ask("MOVE", f"{ann.both}event.ics", Destination=f"{ann.both}other.ics")
    assert inside.status_code == 201, inside.text
    over = await ann.ask("MOVE", f"{ann.both}back.ics", Destination=f"{ann.both}other.ics")
    assert over.status_code == 403
    away = await ann.ask("MOVE", f"{ann.both}other.ics", Destination=f"{ann.calendars}todo/other.ics")
    assert away.status_code == 403
    assert (await sync(ann))[1] == ["back.ics", "other.ics"]


async def test_statements_are_bounded(ann) -> None:
    for number in range(20):
        await ann.ask("PUT", f"{ann.both}more-{number}.ics", thing("VTODO", f"more-{number}"))
    for method, body, most in (
        ("PROPFIND", f"<propfind {NS}><prop><getetag/></prop></propfind>", 16),
        ("REPORT", query("VTODO"), 16),
    ):
        with counting() as count:
            assert (await ann.ask(method, ann.both, body, Depth="1")).status_code == 207
        assert len(count) <= most, (method, len(count))
