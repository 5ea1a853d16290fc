"""COPY, MOVE, locks, dead properties. RFC 4918 §6, §7, §9.2, §9.8–§9.11"""

import re

LOCK = '<lockinfo xmlns="DAV:"><lockscope><{}/></lockscope><locktype><write/></locktype><owner><href>x</href></owner></lockinfo>'
EXCLUSIVE, SHARED = LOCK.format("exclusive"), LOCK.format("shared")


def patch(name: str, value: str | None) -> str:
    what = (
        f'<set><prop><n:{name} xmlns:n="x:">{value}</n:{name}></prop></set>'
        if value
        else f'<remove><prop><n:{name} xmlns:n="x:"/></prop></remove>'
    )
    return f'<propertyupdate xmlns="DAV:">{what}</propertyupdate>'


async def dead(peer, path: str) -> str:
    body = '<propfind xmlns="DAV:"><prop><n:p xmlns:n="x:"/></prop></propfind>'
    found = await peer.ask("PROPFIND", path, body, depth="0")
    match = re.search(r'<x:p xmlns:x="x:">(.*?)</x:p>', found.text)
    return match[1] if match else ""


async def test_copies_and_moves_take_everything_along(ann) -> None:
    files = ann.files
    await ann.ask("MKCOL", files + "d")
    await ann.ask("MKCOL", files + "d/e")
    await ann.ask("PUT", files + "d/e/a", b"1")
    await ann.ask("PROPPATCH", files + "d/e/a", patch("p", "<b>c</b>"))
    assert (await ann.ask("COPY", files + "d", destination=files + "f")).status_code == 201
    assert (await ann.ask("GET", files + "f/e/a")).content == b"1"
    assert await dead(ann, files + "f/e/a") == await dead(ann, files + "d/e/a") != ""
    moved = await ann.ask("MOVE", files + "d", destination=str(ann.base_url).rstrip("/") + files + "g/")
    assert moved.status_code == 201
    assert (await ann.ask("GET", files + "d/e/a")).status_code == 404
    assert await dead(ann, files + "g/e/a") != ""
    assert (await ann.ask("COPY", files + "g", depth="0", destination=files + "h")).status_code == 201
    assert (await ann.ask("GET", files + "h/e/a")).status_code == 404


async def test_what_cannot_be_moved_or_copied(ann, bob) -> None:
    files = ann.files
    await ann.ask("MKCOL", files + "d")
    await ann.ask("PUT", files + "a", b"1")
    await ann.ask("PUT", files + "b", b"2")
    for method in ("COPY", "MOVE"):
        for destination, status in (
            (files + "d/in", 403),
            (files + "d", 403),
            (files + "no/x", 409),
            ("http://example.org/dav/files/x", 502),
            ("/elsewhere/x", 502),
            (bob.files + "x", 409),
            (ann.calendars + "work/x", 403),
            ("/dav/x", 403),
        ):
            assert (await ann.ask(method, files + "d", destination=destination)).status_code == status, destination
        assert (await ann.ask(method, files + "a")).status_code == 400
        assert (await ann.ask(method, files + "no", destination=files + "c")).status_code == 404
        assert (await ann.ask(method, files + "a", destination=files + "b", overwrite="F")).status_code == 412
        assert (await ann.ask(method, files, destination=files + "b/x")).status_code in (403, 409)
    assert (await ann.ask("COPY", files + "d", destination=files + "c", depth="1")).status_code == 400
    assert (await ann.ask("MOVE", files + "a", destination=files + "b")).status_code == 204
    assert (await ann.ask("GET", files + "b")).content == b"1"


async def test_an_exclusive_lock_keeps_others_out(ann) -> None:
    files = ann.files
    await ann.ask("MKCOL", files + "d")
    await ann.ask("PUT", files + "d/a", b"1")
    taken = await ann.ask("LOCK", files + "d", EXCLUSIVE, timeout="Second-100")
    token = taken.headers["lock-token"]
    assert taken.status_code == 200
    assert "<D:timeout>Second-100</D:timeout>" in taken.text
    assert "<D:owner><D:href>x</D:href></D:owner>" in taken.text
    for method, path, extra in (
        ("PUT", "d/a", {}),
        ("PUT", "d/new", {}),
        ("DELETE", "d/a", {}),
        ("DELETE", "d", {}),
        ("MKCOL", "d/e", {}),
        ("PROPPATCH", "d/a", {}),
        ("MOVE", "d/a", {"destination": files + "b"}),
        ("COPY", "d/a", {"destination": files + "d/b"}),
        ("LOCK", "d/a", {}),
    ):
        body = (
            patch("p", "1")
            if method == "PROPPATCH"
            else EXCLUSIVE
            if method == "LOCK"
            else b""
            if method == "MKCOL"
            else b"2"
        )
        refused = await ann.ask(method, files + path, body, **extra)
        assert refused.status_code == 423, (method, path)
        assert f"<D:href>{files}d/</D:href>" in refused.text
    assert (await ann.ask("PUT", files + "d/a", b"2", If="(<urn:uuid:none>)")).status_code == 412
    assert (await ann.ask("PUT", files + "d/a", b"2", If=f"({token})")).status_code == 204
    assert (await ann.ask("COPY", files + "d/a", destination=files + "b")).status_code == 201
    assert (await ann.ask("UNLOCK", files + "d", lock_token="<urn:uuid:none>")).status_code == 409
    assert (await ann.ask("UNLOCK", files + "d", lock_token="none")).status_code == 400
    assert (await ann.ask("UNLOCK", files + "d/a", lock_token=token)).status_code == 204
    assert (await ann.ask("PUT", files + "d/a", b"3")).status_code == 204


async def test_shared_locks_are_side_by_side(ann) -> None:
    path = ann.files + "a"
    await ann.ask("PUT", path, b"1")
    tokens = [(await ann.ask("LOCK", path, SHARED)).headers["lock-token"] for _ in range(2)]
    assert (await ann.ask("LOCK", path, EXCLUSIVE)).status_code == 423
    assert (await ann.ask("PUT", path, b"2")).status_code == 423
    for token in tokens:
        assert (await ann.ask("PUT", path, b"2", If=f"({token})")).status_code == 204
    found = await ann.ask("PROPFIND", path, depth="0")
    assert found.text.count("<D:activelock>") == 2


async def test_a_lock_on_nothing_makes_an_empty_resource(ann) -> None:
    """RFC 4918 §7.3"""
    path = ann.files + "new"
    taken = await ann.ask("LOCK", path, EXCLUSIVE, depth="0")
    assert taken.status_code == 201
    assert (await ann.ask("GET", path)).content == b""
    assert (await ann.ask("PUT", path, b"1")).status_code == 423
    assert (await ann.ask("LOCK", ann.files + "no/new", EXCLUSIVE)).status_code == 409
    assert (await ann.ask("LOCK", path, EXCLUSIVE, depth="1")).status_code == 400
    assert (await ann.ask("LOCK", path, "<x/>")).status_code == 400
    assert (await ann.ask("LOCK", ann.calendars + "work/", EXCLUSIVE)).status_code == 405


async def test_locks_are_refreshed_end_and_go_with_what_they_are_on(ann, store) -> None:
    from parvis.kernel import clock

    path = ann.files + "a"
    await ann.ask("PUT", path, b"1")
    token = (await ann.ask("LOCK", path, EXCLUSIVE, timeout="Second-100")).headers["lock-token"]
    again = await ann.ask("LOCK", path, timeout="Second-1000", If=f"({token})")
    assert again.status_code == 200
    assert "<D:timeout>Second-1000</D:timeout>" in again.text
    assert (await ann.ask("LOCK", path, timeout="Second-1000", If="(<urn:uuid:x>)")).status_code == 412
    assert (await ann.ask("LOCK", path)).status_code == 412
    with clock.frozen(clock.now_ms() + 1_001_000):
        assert (await ann.ask("PUT", path, b"2")).status_code == 204
    token = (await ann.ask("LOCK", path, EXCLUSIVE, If=f"({token})")).headers.get("lock-token")
    moved = await ann.ask("MOVE", path, destination=ann.files + "b", If="(Not <DAV:no-lock>)")
    assert moved.status_code == 423


async def test_somebody_elses_token_opens_nothing(ann, bob, store) -> None:
    from parvis.access import gate
    from parvis.access.principal import Right

    scope = await store.db.value("SELECT id FROM scope WHERE account_id = ? AND kind = 'shelf'", ann.person.id)
    rights = Right.READ | Right.WRITE | Right.DELETE
    await store.write(lambda unit: gate.give(unit, ann.person, scope, bob.person.id, rights))
    path = ann.files + "a"
    await ann.ask("PUT", path, b"1")
    token = (await ann.ask("LOCK", path, EXCLUSIVE)).headers["lock-token"]
    assert (await bob.ask("PUT", path, b"2", If=f"({token})")).status_code == 423
    assert (await bob.ask("UNLOCK", path, lock_token=token)).status_code == 403
    theirs = (await bob.ask("LOCK", ann.files + "b", EXCLUSIVE)).headers["lock-token"]
    assert (await ann.ask("PUT", ann.files + "b", b"2", If=f"({theirs})")).status_code == 423
    assert (await ann.ask("UNLOCK", ann.files + "b", lock_token=theirs)).status_code == 204  # it is the owner's


async def test_properties_are_set_all_or_none(ann) -> None:
    path = ann.calendars + "work/"
    body = """<propertyupdate xmlns="DAV:" xmlns:I="http://apple.com/ns/ical/"><set><prop><I:calendar-color>{}</I:calendar-color>
    <displayname>Work</displayname><x xmlns="x:">1</x></prop></set></propertyupdate>"""
    refused = await ann.ask("PROPPATCH", path, body.format("bad"))
    assert refused.status_code == 207
    assert "<I:calendar-color/></D:prop><D:status>HTTP/1.1 409" in refused.text
    assert "HTTP/1.1 424" in refused.text
    assert "200 OK" not in refused.text
    done = await ann.ask("PROPPATCH", path, body.format("#ff0000"))
    assert done.text.count("200 OK") == 1
    assert "424" not in done.text
    found = await ann.ask(
        "PROPFIND",
        path,
        '<propfind xmlns="DAV:" xmlns:I="http://apple.com/ns/ical/"><prop><I:calendar-color/><displayname/><x xmlns="x:"/></prop></propfind>',
        depth="0",
    )
    for each in ("#ff0000", "<D:displayname>Work<", ">1</x:x>"):
        assert each in found.text
    fixed = await ann.ask(
        "PROPPATCH",
        path,
        '<propertyupdate xmlns="DAV:"><set><prop><getetag>1</getetag><y xmlns="x:"/></prop></set></propertyupdate>',
    )
    assert "cannot-modify-protected-property" in fixed.text
    assert fixed.text.count("HTTP/1.1 403") == fixed.text.count("HTTP/1.1 424") == 1
    assert (await ann.ask("PROPPATCH", path, "<x/>")).status_code == 400
    assert (await ann.ask("PROPPATCH", path, patch("p", "v" * 70_000))).text.count("HTTP/1.1 413") == 1
    minimal = await ann.ask("PROPPATCH", path, patch("p", "1"), prefer="return=minimal")
    assert (minimal.status_code, minimal.content) == (200, b"")


async def test_calendars_are_made_with_their_properties(ann) -> None:
    body = """<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>Home</displayname>
    <C:calendar-description>{}</C:calendar-description><x xmlns="x:">1</x></prop></set></C:mkcalendar>"""
    assert (await ann.ask("MKCALENDAR", ann.calendars + "home/", body.format("mine"))).status_code == 201
    assert "resource-must-be-null" in (await ann.ask("MKCALENDAR", ann.calendars + "home/", body)).text
    nothing = '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop/></set></C:mkcalendar>'
    assert (await ann.ask("MKCALENDAR", ann.calendars + "plain/", nothing)).status_code == 201
    found = await ann.ask(
        "PROPFIND",
        ann.calendars + "home/",
        '<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><displayname/><C:calendar-description/><x xmlns="x:"/></prop></propfind>',
        depth="0",
    )
    assert "Home" in found.text
    assert "mine" in found.text
    assert ">1</x:x>" in found.text
    refused = await ann.ask("MKCALENDAR", ann.calendars + "other/", body.format("bad"))
    assert "<C:mkcalendar-response" in refused.text
    assert (await ann.ask("PROPFIND", ann.calendars + "other/", depth="0")).status_code == 404
    assert (await ann.ask("MKCALENDAR", ann.calendars + "work/in/")).status_code == 403
    extended = """<mkcol xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><A:{}/></resourcetype>
    </prop></set></mkcol>"""
    xml = {"content_type": "application/xml"}
    assert (await ann.ask("MKCOL", ann.books + "more/", extended.format("addressbook"), **xml)).status_code == 201
    refused = await ann.ask("MKCOL", ann.books + "odd/", extended.format("odd"), **xml)
    assert (refused.status_code, "valid-resourcetype" in refused.text) == (403, True)
    refused = await ann.ask("MKCOL", ann.calendars + "cards/", extended.format("addressbook"), **xml)
    assert (refused.status_code, "valid-resourcetype" in refused.text) == (403, True)
    mount = f"{bob_like(ann)}.work"
    assert (await ann.ask("MKCALENDAR", ann.calendars + mount + "/")).status_code == 403


def bob_like(peer) -> str:
    """An id that is none: names of its form are kept free."""
    return peer.account[:-1] + ("a" if peer.account[-1] != "a" else "b")
