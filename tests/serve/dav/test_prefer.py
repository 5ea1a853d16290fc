"""Prefer: what comes back without being asked for again. RFC 7240, RFC 8144"""

from parvis.serve.dav import prefer

REPRESENTATION = {"prefer": "return=representation"}
EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20260101T000000Z\r\nSUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


async def test_what_was_put_comes_back(ann) -> None:
    path = ann.files + "a%20b.txt"
    made = await ann.ask("PUT", path, b"one", content_type="text/plain", **REPRESENTATION)
    assert (made.status_code, made.content) == (201, b"one")
    assert made.headers["preference-applied"] == "return=representation"
    assert made.headers["content-location"] == path and made.headers["content-type"].startswith("text/plain")
    assert "prefer" in made.headers["vary"] and "sandbox" in made.headers["content-security-policy"]
    assert made.headers["etag"] == (await ann.ask("GET", path)).headers["etag"]
    assert made.headers.get_list("etag") == [made.headers["etag"]]
    again = await ann.ask("PUT", path, b"two", **REPRESENTATION)
    assert (again.status_code, again.content) == (200, b"two")
    minimal = await ann.ask("PUT", path, b"three", prefer="return=minimal, return=representation")
    assert (minimal.status_code, minimal.content) == (204, b"")
    assert minimal.headers["preference-applied"] == "return=minimal"
    assert "preference-applied" not in (await ann.ask("PUT", path, b"four")).headers


async def test_what_is_there_comes_back_when_a_condition_fails(ann) -> None:
    path = ann.files + "a.txt"
    old = (await ann.ask("PUT", path, b"one")).headers["etag"]
    await ann.ask("PUT", path, b"two")
    refused = await ann.ask("PUT", path, b"three", if_match=old, **REPRESENTATION)
    assert (refused.status_code, refused.content) == (412, b"two")
    assert refused.headers["etag"] == (await ann.ask("GET", path)).headers["etag"]
    plain = await ann.ask("PUT", path, b"three", if_match=old)
    assert plain.status_code == 412 and plain.headers["content-type"].startswith("application/xml")
    nothing = await ann.ask("PUT", ann.files + "none", b"x", if_match=old, **REPRESENTATION)
    assert nothing.status_code == 412 and nothing.headers["content-type"].startswith("application/xml")


async def test_members_copies_and_moves(ann) -> None:
    body = EVENT.format(uid="one", title="Plan")
    added = await ann.ask(
        "POST", ann.calendars + "work/?add-member", body, content_type="text/calendar", **REPRESENTATION
    )
    assert added.status_code == 201 and added.text == body
    assert added.headers["content-location"] == added.headers["location"]
    await ann.ask("PUT", ann.files + "a", b"one")
    for method, destination in (("COPY", "b"), ("MOVE", "c")):
        done = await ann.ask(method, ann.files + "a", destination=ann.files + destination, **REPRESENTATION)
        assert (done.status_code, done.content) == (201, b"one")
        assert done.headers["content-location"] == ann.files + destination
    await ann.ask("MKCOL", ann.files + "d/")
    whole = await ann.ask("COPY", ann.files + "d/", destination=ann.files + "e/", **REPRESENTATION)
    assert (whole.status_code, whole.content) == (201, b"")


async def test_what_is_large_is_asked_for_again(ann, monkeypatch) -> None:
    monkeypatch.setattr(prefer, "_LARGEST", 10)
    put = await ann.ask("PUT", ann.files + "a", b"x" * 11, **REPRESENTATION)
    assert (put.status_code, put.content) == (201, b"") and "preference-applied" not in put.headers


async def test_nothing_that_is_known_comes_back(ann) -> None:
    body = '<propfind xmlns="DAV:"><prop><getetag/><quota-used-bytes/><x xmlns="x:"/></prop></propfind>'
    found = await ann.ask(
        "PROPFIND", ann.calendars + "work/", body, depth="1", prefer="return=minimal, depth-noroot"
    )
    assert found.headers["preference-applied"] == "return=minimal, depth-noroot"
    assert "404" not in found.text and "prefer" in found.headers["vary"]
    report = """<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><x xmlns="x:"/></prop>
    <C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>"""
    await ann.ask(
        "PUT", ann.calendars + "work/a.ics", EVENT.format(uid="a", title="b"), content_type="text/calendar"
    )
    asked = await ann.ask("REPORT", ann.calendars + "work/", report, depth="1", prefer="return=minimal")
    assert asked.status_code == 207 and "a.ics" in asked.text and "404" not in asked.text
    assert asked.headers["preference-applied"] == "return=minimal"
    assert "404" in (await ann.ask("REPORT", ann.calendars + "work/", report, depth="1")).text
    changed = """<propertyupdate xmlns="DAV:"><set><prop><x xmlns="x:">1</x></prop></set></propertyupdate>"""
    done = await ann.ask("PROPPATCH", ann.files, changed, prefer="return=minimal")
    assert (done.status_code, done.content) == (200, b"")
    assert done.headers["preference-applied"] == "return=minimal"
    made = await ann.ask("MKCOL", ann.files + "f/", prefer="return=minimal")
    assert made.status_code == 201 and made.headers["preference-applied"] == "return=minimal"
    brief = await ann.ask("PROPFIND", ann.files, body, depth="0", brief="t")
    assert "404" not in brief.text and "preference-applied" not in brief.headers
