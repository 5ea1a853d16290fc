"""Events: a calendar that is shared, one that is not, what is private in the shared one; then withdrawn, then the
account erased. No JMAP method, no request of CalDAV, no search, tool or answer shows what is not, or no longer,
visible; nothing stays of who is gone. A4, SE-03"""

import asyncio
import json

import pytest

from parvis.access import directory, erasure
from parvis.app import App
from parvis.calendar import attachments, availability, delivered, inbox
from parvis.calendar.tools import Agenda, Answer, ChangeEvent, CreateEvent, Free
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, ParvisError
from parvis.store.check import check
from parvis.wire.ical import calendar as ical
from parvis.wire.ical import itip
from parvis.wire.ical.span import Span
from tests.leak.test_erasure import left
from tests.leak.test_leak import Person, asked, listen, someone
from tests.wire.ical.texts import event as event_text
from tests.wire.ical.texts import text

SHOWN, HIDDEN, PRIVATE = "quartzlantern", "velvetomnibus", "obsidianparrot"
WINDOW = {"after": "2099-01-01T00:00:00", "before": "2099-02-01T00:00:00"}
_QUERY = (
    '<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop>'
    '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
)
_SYNC = (
    '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'
)


async def filled(ann: Person, word: str, *privacies: str) -> tuple[str, list[str]]:
    """A calendar named by a word with events full of words; their ids."""
    made = await ann(("Calendar/set", {"accountId": ann.account, "create": {"c": {"name": f"Agenda {word}"}}}))
    number = made[0][1]["created"]["c"]["id"]
    events = {}
    for place, privacy in enumerate(privacies):
        said = word if privacy == "public" else PRIVATE
        events[f"e{place}"] = {
            "calendarIds": {number: True},
            "uid": f"{word}-{privacy}",
            "title": f"Meeting {said}",
            "description": f"The {said} costs 4200 euros.",
            "start": "2099-01-05T10:00:00",
            "timeZone": "Europe/Paris",
            "duration": "PT1H",
            "privacy": privacy,
            "recurrenceRule": {"frequency": "weekly", "count": 3},
            "locations": {"l": {"name": f"Room {said}"}},
            "alerts": {"a": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "-PT1H"}}},
        }
    done = await ann(("CalendarEvent/set", {"accountId": ann.account, "create": events}))
    return number, [done[0][1]["created"][key]["id"] for key in events]


def methods(app: App) -> list[str]:
    return sorted(
        name for name in app._doors.engine._methods if name.startswith(("Calendar", "ParticipantIdentity"))
    )


def arguments(name: str, calendars: list[str], events: list[str]) -> dict:
    kind, _, verb = name.partition("/")
    numbers = {
        "Calendar": calendars,
        "CalendarEvent": [*events, *(f"{each}-20990105T100000" for each in events)],
    }.get(kind)
    return {
        "get": {"ids": numbers},
        "changes": {"sinceState": "0"},
        "query": {"calculateTotal": True}
        | ({"filter": WINDOW, "expandRecurrences": True} if kind == "CalendarEvent" else {}),
        "queryChanges": {"sinceQueryState": "0"},
        "set": {
            "update": {
                number: {"color": None} if kind == "Calendar" else {"priority": 3} for number in numbers or []
            }
        },
        "copy": {"create": {"c": {"id": events[0], "calendarIds": {calendars[0]: True}}}},
        "parse": {"blobIds": [f"w{each}" for each in calendars]},
        "import": {"blobId": f"w{calendars[-1]}"},
        "findTime": {
            "people": [{"principalId": "owner"}],
            "utcStart": "2099-01-05T00:00:00Z",
            "utcEnd": "2099-01-06T00:00:00Z",
        },
        "follow": {"name": "x", "url": "https://127.0.0.1/x"},
        "followed": {"refresh": calendars[0]},
        "published": {"create": calendars[-1]},
        "bookingPages": {},
        "freeBusy": {},
        "resources": {},
        "requests": {},
        "decide": {"requestId": events[0], "approve": True},
        "bookings": {"pageId": calendars[-1]},
        "openBookingPage": {"calendarId": calendars[-1], "title": "x", "hours": {"0": [[540, 600]]}},
    }[verb]


async def everything(
    app: App, who: Person, owner: Person, calendars: list[str], events: list[str], *, known: list[str] | None = None
) -> str:
    """All that is told who asks for the owner's events in every way there is, knowing every id."""
    told = []
    for name in methods(app):
        given = {"accountId": owner.account} | arguments(name, calendars, events)
        if "people" in given:
            given["people"] = [{"principalId": owner.account}]
        if name.endswith("/copy"):
            given |= {"accountId": who.account, "fromAccountId": owner.account}
        told.append(await who((name, given)))
        told.append(await who((name, given | {"accountId": who.account})))
    for word in (SHOWN, PRIVATE):
        asked_for = {"accountId": owner.account, "filter": {"text": word}}
        told.append([word in SHOWN, len(str(await who(("CalendarEvent/query", asked_for))))])
    told.append(await busy(who, owner))
    told.append(await dav(who, owner))
    for word in (SHOWN, HIDDEN, PRIVATE, "costs euros"):
        answers = await who(("Search/query", {"accountId": who.account, "text": word}))
        told.append(json.dumps(answers).replace(word, "") if word != SHOWN else answers)
    told.append(await asked(who, {"task": "ask", "text": "What costs how much in euros?"}))
    told.append(
        await asked(
            who,
            {
                "task": "summarise",
                "about": [{"accountId": owner.account, "kind": "CalendarEvent", "id": events[0]}],
            },
        )
    )
    told.append(await tools(app, who, owner, calendars, events))
    return json.dumps(told, default=str)


async def busy(who: Person, owner: Person) -> list[object]:
    """When the owner is busy, in each way in which that is asked."""
    window = {"accountId": who.account, "utcStart": "2099-01-05T00:00:00Z", "utcEnd": "2099-01-06T00:00:00Z"}
    asked_for = text(
        "METHOD:REQUEST",
        *event_text(
            "DTSTART:20990105T000000Z", "DTEND:20990106T000000Z", f"ORGANIZER:mailto:{who.principal.address}",
            f"ATTENDEE:mailto:{owner.principal.address}", kind="VFREEBUSY",
        ),
    )  # fmt: skip
    outbox = f"/dav/calendars/{who.account}/outbox/"
    return [
        await who(("Principal/getAvailability", {"id": owner.account, "showDetails": True, **window})),
        await who(("CalendarEvent/findTime", {"people": [{"principalId": owner.account}], **window})),
        (await who.client.post(outbox, content=asked_for, headers={"content-type": "text/calendar"})).text,
    ]


async def dav(who: Person, owner: Person) -> list[str]:
    """Every method, at the owner's paths and at the mounted ones, as far as they are found or can be guessed."""
    told = []
    for home in (f"/dav/calendars/{owner.account}/", f"/dav/calendars/{who.account}/"):
        told.append((await who.client.request("PROPFIND", home, headers={"depth": "1"})).text)
        for word in (SHOWN, HIDDEN):
            slug = f"agenda-{word}"
            name = slug if who is owner or home.endswith(f"{owner.account}/") else f"{owner.account}.{slug}"
            listed = (await who.client.request("PROPFIND", f"{home}{name}/", headers={"depth": "1"})).text
            told.append(listed)
            for method, body in (
                ("REPORT", _QUERY),
                ("REPORT", _SYNC),
                ("GET", None),
                ("OPTIONS", None),
                ("PROPFIND", None),
            ):
                answer = await who.client.request(method, f"{home}{name}/", content=body, headers={"depth": "1"})
                told.append(f"{answer.status_code} {answer.text}")
            for path in {
                part.partition("</")[0]
                for part in listed.split("href>")
                if part.startswith("/dav") and ".ics" in part
            }:
                told.append((await who.client.get(path)).text)
                told.append(
                    (
                        await who.client.request(
                            "COPY",
                            path,
                            headers={"destination": f"/dav/calendars/{who.account}/calendar/{path[-12:]}"},
                        )
                    ).text
                )
    return told


async def tools(app: App, who: Person, owner: Person, calendars: list[str], events: list[str]) -> list[object]:
    told: list[object] = []
    known = {tool.name: tool for feature in app.features for tool in feature.tools}
    for name, given in (
        ("calendar.agenda", Agenda(start="2099-01-01T00:00:00Z", end="2099-02-01T00:00:00Z")),
        (
            "calendar.busy",
            Free(principal_ids=[owner.account], start="2099-01-01T00:00:00Z", end="2099-02-01T00:00:00Z"),
        ),
        ("calendar.change", ChangeEvent(account_id=owner.account, event_id=events[-1], duration="PT1H")),
        ("calendar.answer", Answer(account_id=owner.account, event_id=events[-1], answer="accepted")),
        (
            "calendar.create",
            CreateEvent(
                account_id=owner.account, calendar_id=calendars[-1], title="x", start="2098-01-05T10:00:00"
            ),
        ),
    ):
        try:
            told.append(await known[name].run(who.principal, given))
        except ParvisError as error:
            told.append(error.code)
    return told


def clean(told: str) -> str:
    """Without the words of the paths that were asked for."""
    return told.replace(f"agenda-{HIDDEN}", "").replace(f"agenda-{SHOWN}", "")


@pytest.mark.slow
async def test_only_the_calendar_that_is_shared_is_shown_and_only_while_it_is(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    first, shown = await filled(ann, SHOWN, "public", "private", "secret")
    second, hidden = await filled(ann, HIDDEN, "public")
    calendars, events = [first, second], [*shown, *hidden]
    await app._search.indexer.settle()
    assert {"Calendar/get", "CalendarEvent/copy", "CalendarEvent/parse", "CalendarEventNotification/get"} <= {
        *methods(app)
    }
    own = await everything(app, ann, ann, calendars, events)
    assert all(word in own for word in (SHOWN, HIDDEN, PRIVATE))
    strange = clean(await everything(app, bob, ann, calendars, events))
    assert not any(word in strange for word in (SHOWN, HIDDEN, PRIVATE))

    rights = {"mayReadItems": True, "mayReadFreeBusy": True, "mayWriteAll": True}
    share = {"update": {first: {"shareWith": {bob.account: rights}}}}
    assert (await ann(("Calendar/set", {"accountId": ann.account, **share})))[0][1]["updated"]
    await app._search.indexer.settle()
    seen = clean(await everything(app, bob, ann, calendars, events))
    assert SHOWN in seen and "BEGIN:VEVENT" in seen
    assert HIDDEN not in seen and PRIVATE not in seen

    await ann(("Calendar/set", {"accountId": ann.account, "update": {first: {"shareWith": None}}}))
    gone = await bob(("ShareNotification/get", {"accountId": bob.account}))
    told = [each["id"] for each in gone[0][1]["list"]]
    await bob(("ShareNotification/set", {"accountId": bob.account, "destroy": told}))
    copies = (await bob(("CalendarEvent/query", {"accountId": bob.account})))[0][1]["ids"]
    await bob(("CalendarEvent/set", {"accountId": bob.account, "destroy": copies}))
    turns = await bob(("AssistantTurn/query", {"accountId": bob.account}))
    await bob(("AssistantTurn/set", {"accountId": bob.account, "destroy": turns[0][1]["ids"]}))
    await app._search.indexer.settle()
    after = clean(await everything(app, bob, ann, calendars, events))
    assert not any(word in after for word in (SHOWN, HIDDEN, PRIVATE))

    heard = asyncio.create_task(listen(bob, app.context.public_url))
    await asyncio.sleep(0.3)
    await ann(("CalendarEvent/set", {"accountId": ann.account, "update": {shown[0]: {"title": "New"}}}))
    await asyncio.sleep(0.5)
    heard.cancel()
    assert ann.account not in str(await asyncio.gather(heard, return_exceptions=True))
    assert await check(app.context.store) == []


async def test_a_colleague_is_told_when_and_never_what_unless_somebody_keeps_it(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    await filled(ann, SHOWN, "public", "private")
    words = (SHOWN, HIDDEN, PRIVATE, "euros", "Room")
    told = json.dumps(await busy(bob, ann))
    assert told.count("2099-01-05T09:00:00Z") == 2 and "20990105T090000Z/20990105T100000Z" in told
    assert not any(word in told for word in words) and '"event": {' not in told
    await ann(("Calendar/freeBusy", {"accountId": ann.account, "tellsColleagues": False}))
    (refused,), (found,), answer = await busy(bob, ann)
    assert refused[1]["type"] == "forbidden" and found[1]["people"][0]["busy"] is None and "3.8;" in answer
    assert "20990105T09" not in answer
    stranger = await app.context.store.write(lambda unit: directory.create(unit, "external", "elsewhere"))
    await ann(("Calendar/freeBusy", {"accountId": ann.account, "tellsColleagues": True}))
    span = Span(clock.parse_utc("2099-01-05T00:00:00Z"), clock.parse_utc("2099-01-06T00:00:00Z"))
    db = app.context.store.db
    assert await availability.of(db, bob.principal, ann.principal.id, span)
    for who, inside in ((await directory.by_id(db, stranger), True), (bob.principal, False)):
        with pytest.raises(Forbidden):
            await availability.of(db, who, ann.principal.id, span, inside=inside)


async def more(app: App, ann: Person, event: str) -> None:
    """What else an account can have: what it publishes, names, files, decides about and waits for."""
    store, number = app.context.store, ann.principal.id
    own = (await ann(("ParticipantIdentity/get", {"accountId": ann.account, "ids": None})))[0][1]["list"][0]["id"]
    await ann(
        ("Calendar/freeBusy", {"accountId": ann.account, "publish": "address"}),
        ("ParticipantIdentity/set", {"accountId": ann.account, "update": {own: {"name": SHOWN}}}),
    )
    digest = await store.blobs.put(b"a plan")
    guest = "ATTENDEE:mailto:ann@example.net"
    invitation = text(
        "METHOD:REQUEST",
        *event_text("DTSTART:20260105T100000Z", f"SUMMARY:{SHOWN}", "ORGANIZER:mailto:x@y.example", guest),
    )

    async def work(unit) -> None:
        await attachments.add(unit, number, digest, 6, "plan.txt", "text/plain")
        await inbox.deliver(unit, number, itip.read(ical.read(invitation)))
        await delivered.follow(unit, number, "uid", 1, 2, "mailto:zoe@elsewhere.example")
        await unit.run(
            "INSERT INTO calendar_guest_file (token, account_id, attachment_id, address) VALUES ('t', ?, 1, 'z@e.x')",
            number,
        )
        await unit.run("INSERT INTO calendar_approver (account_id, principal_id) VALUES (?, ?)", 5, number)
        for table, columns in (
            ("calendar_request", "revision, created_ms"),
            (
                "calendar_proposal",
                "recurrence, instance_ms, mine, address, name, start_ms, end_ms, comment, created_ms",
            ),
        ):
            values = ["0"] * len(columns.split(","))
            await unit.run(
                f"INSERT INTO {table} (id, account_id, event_id, {columns}) VALUES (?, ?, ?, {', '.join(values)})",
                ids.new_id(),
                number,
                ids.parse(event),
            )

    await store.write(work)


@pytest.mark.slow
async def test_nothing_is_left_of_an_account_that_is_gone(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    store = app.context.store
    first, (one,) = await filled(ann, SHOWN, "public")
    theirs, (other,) = await filled(bob, "ordinary", "public")
    for owner, which, to in ((ann, first, bob), (bob, theirs, ann)):
        rights = {"mayReadItems": True, "mayWriteAll": True}
        await owner(
            ("Calendar/set", {"accountId": owner.account, "update": {which: {"shareWith": {to.account: rights}}}})
        )
    for who, owner, number, event in ((bob, ann, first, one), (ann, bob, theirs, other)):
        await who(
            ("CalendarEvent/set", {"accountId": owner.account, "update": {event: {"color": "red"}}}),
            (
                "Calendar/set",
                {"accountId": owner.account, "update": {number: {"color": "blue", "isSubscribed": True}}},
            ),
        )
    await more(app, ann, one)
    await app._search.indexer.settle()
    scopes = {row[0] for row in await store.db.rows("SELECT id FROM scope WHERE account_id = ?", ann.principal.id)}
    numbers, words = {ann.principal.id, *scopes}, [SHOWN, "ann@example.net"]
    before = {line.partition(":")[0] for line in await left(store, numbers, words)}
    assert {
        "calendar",
        "calendar_event",
        "calendar_person",
        "calendar_word",
        "calendar_object",
        "search_item",
        "calendar_published",
        "calendar_identity",
        "calendar_attachment",
        "calendar_guest_file",
        "calendar_approver",
        "calendar_request",
        "calendar_letter",
        "calendar_inbox",
        "calendar_proposal",
        "blob_link",
    } <= before
    await erasure.schedule(store, ann.principal.id)
    await store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE kind = 'account-erase'"))
    await store.bus.publish("jobs")
    async with asyncio.timeout(60):
        while await store.db.value("SELECT 1 FROM job WHERE kind = 'account-erase' AND finished_ms IS NULL"):
            await asyncio.sleep(0.05)
    await app._search.indexer.settle()  # the card in the directory goes from the index a moment later
    still = await left(store, numbers, words)
    assert not still, still
    kept = await bob(("CalendarEvent/get", {"accountId": bob.account, "ids": [other]}))
    assert kept[0][1]["list"][0]["title"] == "Meeting ordinary"
    assert await check(store) == []
