"""sync-collection, and who sees what of others. RFC 6578, RFC 3744"""

import re

from parvis.access import gate
from parvis.access.principal import Right

EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:%b\r\nDTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


async def synced(peer, path: str, token: str = "", **extra):
    """What a sync tells: names that are there, names that are gone, the new token, and the answer."""
    limit = f"<limit><nresults>{extra['limit']}</nresults></limit>" if "limit" in extra else ""
    body = f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>{extra.get("level", 1)}</sync-level>{limit}<prop><getetag/><resourcetype/></prop></sync-collection>'
    found = await peer.ask("REPORT", path, body)
    responses = re.findall(r"<D:response><D:href>([^<]*)</D:href>(.*?)</D:response>", found.text)
    there = {href.removeprefix(path) for href, rest in responses if "200 OK" in rest}
    gone = {href.removeprefix(path) for href, rest in responses if "200 OK" not in rest and "404" in rest}
    token = re.search(r"<D:sync-token>([^<]*)</D:sync-token>", found.text)
    return there, gone, token[1] if token else "", found


async def test_changes_are_told_since_a_token(ann) -> None:
    path = ann.calendars + "work/"
    for name in ("a", "b", "c"):
        await ann.ask("PUT", path + name, EVENT % name.encode())
    there, gone, first, _ = await synced(ann, path)
    assert (there, gone) == ({"a", "b", "c"}, set())
    assert (await synced(ann, path, first))[:3] == (set(), set(), first)
    await ann.ask("PUT", path + "b", EVENT % b"b2")
    await ann.ask("DELETE", path + "c")
    await ann.ask("MOVE", path + "a", destination=path + "d")
    there, gone, second, _ = await synced(ann, path, first)
    assert (there, gone) == ({"b", "d"}, {"a", "c"})
    await ann.ask("PUT", path + "c", EVENT % b"again")
    there, gone, _, _ = await synced(ann, path, first)
    assert (there, gone) == ({"b", "c", "d"}, {"a"})
    assert (await synced(ann, path, second))[:2] == ({"c"}, set())


async def test_pages_tell_everything_once(ann) -> None:
    path = ann.calendars + "work/"
    for n in range(7):
        await ann.ask("PUT", f"{path}{n}", EVENT % str(n).encode())
    seen, token, rounds = [], "", 0
    while True:
        there, _, token, found = await synced(ann, path, token, limit=3)
        seen += there
        rounds += 1
        if "507" not in found.text:
            break
        assert f"<D:href>{path}</D:href><D:status>HTTP/1.1 507" in found.text
    assert sorted(seen) == [str(n) for n in range(7)]
    assert rounds >= 3


async def test_a_deep_tree_is_synchronised_as_one(ann) -> None:
    path = ann.files
    await ann.ask("MKCOL", path + "d")
    await ann.ask("PUT", path + "d/a", b"1")
    there, _, token, _ = await synced(ann, path, level="infinite")
    assert there == {"d/", "d/a"}
    await ann.ask("MOVE", path + "d", destination=path + "e")
    there, gone, _, _ = await synced(ann, path, token, level="infinite")
    assert "e/a" in there
    assert gone == {"d", "d/a"}


async def test_tokens_of_other_collections_are_refused(ann) -> None:
    path = ann.calendars + "work/"
    _, _, token, _ = await synced(ann, path)
    for bad in (
        "x",
        "urn:parvis:sync:x:1",
        token + "9",
        token.rpartition(":")[0] + ":-1",
        token.rpartition(":")[0] + ":" + "9" * 30,
    ):
        found = (await synced(ann, path, bad))[3]
        assert (found.status_code, "valid-sync-token" in found.text) == (403, True), bad
    found = (await synced(ann, ann.books + "people/", token))[3]
    assert "valid-sync-token" in found.text
    found = (await synced(ann, ann.calendars, ""))[3]
    assert (found.status_code, "supported-report" in found.text) == (403, True)


async def test_a_collection_tells_its_token(ann) -> None:
    path = ann.calendars + "work/"
    body = '<propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><prop><sync-token/><CS:getctag/></prop></propfind>'
    _, _, token, _ = await synced(ann, path)
    told = (await ann.ask("PROPFIND", path, body, depth="0")).text
    assert told.count(token) == 2
    await ann.ask("PUT", path + "a", EVENT % b"a")
    assert token not in (await ann.ask("PROPFIND", path, body, depth="0")).text
    assert token not in (await ann.ask("PROPFIND", ann.calendars, body, depth="1")).text


async def share(store, owner, whom, rights: Right) -> tuple[int, int]:
    scope = await store.db.value("SELECT id FROM scope WHERE account_id = ? AND kind = 'diary'", owner.person.id)
    return scope, await store.write(lambda unit: gate.give(unit, owner.person, scope, whom.person.id, rights))


async def test_a_shared_calendar_is_in_the_home_of_whom_it_is_shared_with(ann, bob, store) -> None:
    path = ann.calendars + "work/"
    await ann.ask("PUT", path + "a", EVENT % b"a")
    for method in ("PROPFIND", "GET", "REPORT"):
        assert (await bob.ask(method, path + "a", "<x/>" if method == "REPORT" else b"")).status_code in (403, 404)
    _, grant = await share(store, ann, bob, Right.READ)
    listed = await bob.ask(
        "PROPFIND",
        bob.calendars,
        '<propfind xmlns="DAV:"><prop><owner/><current-user-privilege-set/></prop></propfind>',
        depth="1",
    )
    mounted = f"{bob.calendars}{ann.account}.work/"
    assert f"<D:href>{mounted}</D:href>" in listed.text
    told = listed.text.partition(mounted)[2].partition("</D:response>")[0]
    assert f"<D:href>/dav/principals/{ann.account}/</D:href>" in told
    assert "<D:read/>" in told
    assert "<D:write/>" not in told
    assert (await bob.ask("GET", mounted + "a")).status_code == 200
    assert (await bob.ask("GET", path + "a")).status_code == 200
    there, _, token, _ = await synced(bob, mounted)
    assert there == {"a"}
    for method, where in (("PUT", "b"), ("DELETE", "a"), ("PROPPATCH", ""), ("DELETE", "")):
        body = (
            EVENT % b"b"
            if method == "PUT"
            else '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="x:">1</x></prop></set></propertyupdate>'
        )
        assert (await bob.ask(method, mounted + where, body)).status_code == 403, (method, where)
    await store.write(lambda unit: gate.withdraw(unit, ann.person, grant))
    assert (await bob.ask("GET", mounted + "a")).status_code == 404
    assert (await synced(bob, mounted, token))[3].status_code == 404
    assert ann.account not in (await bob.ask("PROPFIND", bob.calendars, depth="1")).text


async def test_who_may_write_writes_into_the_owners_account(ann, bob, store) -> None:
    await share(store, ann, bob, Right.READ | Right.WRITE | Right.DELETE)
    mounted = f"{bob.calendars}{ann.account}.work/"
    assert (await bob.ask("PUT", mounted + "b", EVENT % b"b")).status_code == 201
    assert (await ann.ask("GET", ann.calendars + "work/b")).status_code == 200
    assert (await bob.ask("COPY", mounted + "b", destination=bob.calendars + "work/b")).status_code == 201
    assert (await bob.ask("MOVE", mounted + "b", destination=bob.calendars + "work/c")).status_code == 201
    assert (await ann.ask("GET", ann.calendars + "work/b")).status_code == 404
    assert (await bob.ask("DELETE", mounted)).status_code == 403


async def test_who_sees_only_free_busy_sees_nothing_else(ann, bob, store) -> None:
    path = ann.calendars + "work/"
    await ann.ask("PUT", path + "a", EVENT % b"secret")
    await share(store, ann, bob, Right.FREE_BUSY)
    busy = '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:free-busy-query>'
    for where in (path, f"{bob.calendars}{ann.account}.work/"):
        found = await bob.ask("REPORT", where, busy, depth="1")
        assert found.status_code == 200
        assert "FREEBUSY:20260105T100000Z/20260105T110000Z" in found.text
        assert "secret" not in found.text
        multiget = f'<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop><href>{where}a</href></C:calendar-multiget>'
        for method, target, body in (
            ("GET", where + "a", b""),
            ("PROPFIND", where, b""),
            ("PROPFIND", where + "a", b""),
            ("PUT", where + "b", EVENT % b"b"),
            ("DELETE", where + "a", b""),
            (
                "PROPPATCH",
                where,
                '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="x:">1</x></prop></set></propertyupdate>',
            ),
            ("COPY", where + "a", b""),
            ("MOVE", where + "a", b""),
            ("REPORT", where, '<sync-collection xmlns="DAV:"><sync-token/><prop/></sync-collection>'),
            ("REPORT", where, multiget),
        ):
            refused = await bob.ask(method, target, body, destination=bob.calendars + "work/x")
            assert refused.status_code in (403, 404), (method, target)
        through_own = await bob.ask("REPORT", bob.calendars + "work/", multiget)
        assert "secret" not in through_own.text
    assert "work" not in (await bob.ask("PROPFIND", ann.calendars, depth="1")).text
    assert f"{ann.account}.work" not in (await bob.ask("PROPFIND", bob.calendars, depth="1")).text


async def test_a_sync_token_is_a_state_that_a_change_may_depend_on(ann) -> None:
    """RFC 6578 §5"""
    path = ann.calendars + "work/"
    _, _, token, _ = await synced(ann, path)
    held = f"<{path}> (<{token}>)"
    assert (await ann.ask("PUT", path + "a", EVENT % b"a", If=held)).status_code == 201
    assert (await ann.ask("PUT", path + "b", EVENT % b"b", If=held)).status_code == 412
