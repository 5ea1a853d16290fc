"""The reports of CalDAV and CardDAV over a tree's candidates. RFC 4791 §7, RFC 6352 §8"""

import re

import pytest

C = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
A = 'xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"'


def event(uid: str, start: str, *lines: str) -> bytes:
    body = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART:{start}", "DURATION:PT1H", *lines, "END:VEVENT", "END:VCALENDAR", ""]  # fmt: skip
    return "\r\n".join(body).encode()


def card(uid: str, name: str, *lines: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{name};;;;", *lines, "END:VCARD", ""]
    ).encode()


def found(answer) -> dict[str, str]:
    """Last segment of the href, and the data unfolded."""
    responses = re.findall(r"<D:response><D:href>([^<]*)</D:href>(.*?)</D:response>", answer.text, re.DOTALL)
    return {href.rpartition("/")[2]: rest for href, rest in responses}


@pytest.fixture
async def work(ann):
    path = ann.calendars + "work/"
    await ann.ask("PUT", path + "one", event("one", "20260105T100000Z", "SUMMARY:Büro <1>"))
    await ann.ask(
        "PUT",
        path + "weekly",
        event("weekly-meeting-of-all", "20260101T090000Z", "RRULE:FREQ=WEEKLY", "SUMMARY:Weekly"),
    )
    await ann.ask("PUT", path + "late", event("late", "20270105T100000Z", "TRANSP:TRANSPARENT"))
    return path


async def query(peer, path, inner: str, data: str = "<C:calendar-data/>"):
    body = f'<C:calendar-query {C}><prop><getetag/>{data}</prop><C:filter><C:comp-filter name="VCALENDAR">{inner}</C:comp-filter></C:filter></C:calendar-query>'
    return await peer.ask("REPORT", path, body, depth="1")


async def test_calendar_query(ann, work) -> None:
    all_ = found(await query(ann, work, '<C:comp-filter name="VEVENT"/>'))
    assert set(all_) == {"one", "weekly", "late"}
    assert "Büro &lt;1&gt;" in all_["one"]
    assert "&#13;" in all_["one"]
    window = '<C:comp-filter name="VEVENT"><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:comp-filter>'
    assert set(found(await query(ann, work, window))) == {"one"}
    text = '<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>WEEK</C:text-match></C:prop-filter></C:comp-filter>'
    assert set(found(await query(ann, work, text))) == {"weekly"}
    uid = '<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match>weekly-meeting-of-all</C:text-match></C:prop-filter></C:comp-filter>'
    assert set(found(await query(ann, work, uid))) == {"weekly"}
    assert found(await query(ann, work, '<C:comp-filter name="VTODO"/>')) == {}


async def test_calendar_data_may_be_a_part(ann, work) -> None:
    """RFC 4791 §9.6.1, §9.6.4, §9.6.5"""
    window = '<C:comp-filter name="VEVENT"><C:time-range start="20260108T000000Z" end="20260116T000000Z"/></C:comp-filter>'
    expand = '<C:calendar-data><C:expand start="20260108T000000Z" end="20260116T000000Z"/></C:calendar-data>'
    told = found(await query(ann, work, window, expand))["weekly"]
    assert re.findall(r"DTSTART:(\w+)", told) == ["20260108T090000Z", "20260115T090000Z"]
    assert "RRULE" not in told
    some = '<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp></C:calendar-data>'
    told = found(await query(ann, work, window, some))["weekly"]
    assert "UID:weekly" in told
    assert "SUMMARY" not in told


async def test_what_an_index_is_sure_of_is_not_read_again(ann, work, dav_doors, monkeypatch) -> None:
    from msgspec.structs import replace

    from parvis.serve.dav import caldav

    tree = dav_doors.dav.trees.of("calendars")[0]
    candidates = tree.candidates

    async def sure(*given):
        return [replace(node, sure=node.name == "one") for node in await candidates(*given) if node.name == "one"]

    monkeypatch.setattr(tree, "candidates", sure)
    monkeypatch.setattr(caldav, "_matches", lambda *_: pytest.fail("it was read"))
    window = '<C:time-range start="20260105T000000Z" end="20260106T000000Z"/>'
    assert set(found(await query(ann, work, f'<C:comp-filter name="VEVENT">{window}</C:comp-filter>'))) == {"one"}
    monkeypatch.setattr(caldav, "_matches", lambda *_: False)
    for more in (
        '<C:prop-filter name="SUMMARY"><C:text-match>x</C:text-match></C:prop-filter>',
        '<C:comp-filter name="VALARM"/>',
    ):
        asked = f'<C:comp-filter name="VEVENT">{window}{more}</C:comp-filter>'
        assert found(await query(ann, work, asked)) == {}, more


async def test_filters_that_are_none_are_refused_by_name(ann, work) -> None:
    for inner, name in (
        ('<C:comp-filter name="VEVENT"><C:time-range/></C:comp-filter>', "valid-filter"),
        (
            '<C:comp-filter name="VEVENT"><C:prop-filter name="X"><C:text-match collation="none">a</C:text-match></C:prop-filter></C:comp-filter>',
            "supported-collation",
        ),
        ("<C:comp-filter/>", "valid-filter"),
    ):
        refused = await query(ann, work, inner)
        assert (refused.status_code, f"<C:{name}/>" in refused.text) == (403, True), inner
    assert "supported-report" in (await query(ann, ann.books + "people/", '<C:comp-filter name="VEVENT"/>')).text


async def test_calendar_multiget_answers_each_href(ann, bob, work) -> None:
    hrefs = [
        work + "one",
        str(ann.base_url).rstrip("/") + work + "late",
        work + "none",
        bob.calendars + "work/x",
        "http://example.org/x",
        "x",
    ]
    body = f"<C:calendar-multiget {C}><prop><getetag/><C:calendar-data/></prop>{''.join(f'<href>{each}</href>' for each in hrefs)}</C:calendar-multiget>"
    told = await ann.ask("REPORT", work, body)
    assert told.text.count("BEGIN:VCALENDAR") == 2
    assert told.text.count("HTTP/1.1 404") == 4
    assert (
        await ann.ask("REPORT", work, f"<C:calendar-multiget {C}><prop/></C:calendar-multiget>")
    ).status_code == 400


async def test_free_busy(ann, work) -> None:
    span = '<C:time-range start="20260105T103000Z" end="20260109T000000Z"/>'
    told = await ann.ask("REPORT", work, f"<C:free-busy-query {C}>{span}</C:free-busy-query>", depth="1")
    assert told.headers["content-type"].startswith("text/calendar")
    assert re.findall(r"FREEBUSY:(\S+)", told.text) == [
        "20260105T103000Z/20260105T110000Z",
        "20260108T090000Z/20260108T100000Z",
    ]
    assert (await ann.ask("REPORT", work, f"<C:free-busy-query {C}/>")).status_code == 400
    assert (
        await ann.ask("REPORT", work + "one", f"<C:free-busy-query {C}>{span}</C:free-busy-query>")
    ).status_code == 403


async def test_what_the_tree_refuses_is_told_by_name(ann, work) -> None:
    refused = await ann.ask("PUT", work + "bad", b"no calendar")
    assert (refused.status_code, "<C:valid-calendar-data/>" in refused.text) == (403, True)
    refused = await ann.ask("PUT", work + "bad", b"BEGIN:VCALENDAR" + b"x" * 100_000)
    assert (refused.status_code, "<C:max-resource-size/>" in refused.text) == (403, True)
    tag = (await ann.ask("HEAD", work + "one")).headers["schedule-tag"]
    assert (
        await ann.ask("PUT", work + "one", event("one", "20260105T100000Z"), if_schedule_tag_match='"x"')
    ).status_code == 412
    assert (
        await ann.ask("PUT", work + "one", event("one", "20260105T100000Z"), if_schedule_tag_match=tag)
    ).status_code == 204


@pytest.fixture
async def people(ann):
    path = ann.books + "people/"
    await ann.ask("PUT", path + "a", card("a", "Ann Lee", "EMAIL:ann@example.org", "TEL:123"))
    await ann.ask("PUT", path + "b", card("b", "Đặng Bảo", "EMAIL:bao@example.org"))
    return path


async def cards(peer, path, inner: str, data: str = "<A:address-data/>", test: str = "anyof", rest: str = ""):
    body = f'<A:addressbook-query {A}><prop><getetag/>{data}</prop><A:filter test="{test}">{inner}</A:filter>{rest}</A:addressbook-query>'
    return await peer.ask("REPORT", path, body, depth="1")


def has(name: str, text: str, kind: str = "contains") -> str:
    return f'<A:prop-filter name="{name}"><A:text-match match-type="{kind}">{text}</A:text-match></A:prop-filter>'


async def test_addressbook_query(ann, people) -> None:
    assert set(found(await cards(ann, people, ""))) == {"a", "b"}
    assert set(found(await cards(ann, people, has("FN", "đặng")))) == {"b"}
    assert set(found(await cards(ann, people, has("FN", "ann") + has("EMAIL", "bao")))) == {"a", "b"}
    assert set(found(await cards(ann, people, has("FN", "ann") + has("EMAIL", "bao"), test="allof"))) == set()
    assert set(found(await cards(ann, people, has("UID", "b", "equals")))) == {"b"}
    missing = '<A:prop-filter name="TEL"><A:is-not-defined/></A:prop-filter>'
    assert set(found(await cards(ann, people, missing))) == {"b"}
    limited = await cards(ann, people, "", rest="<A:limit><A:nresults>1</A:nresults></A:limit>")
    assert limited.text.count("<A:address-data>") == 1
    assert "number-of-matches-within-limits" in limited.text
    refused = await cards(
        ann, people, '<A:prop-filter name="FN"><A:text-match collation="x">a</A:text-match></A:prop-filter>'
    )
    assert (refused.status_code, "<A:supported-collation/>" in refused.text) == (403, True)


async def test_address_data_in_another_version_and_in_part(ann, people) -> None:
    four = '<A:address-data content-type="text/vcard" version="4.0"/>'
    told = found(await cards(ann, people, has("UID", "a", "equals"), four))["a"]
    assert "VERSION:4.0" in told
    some = '<A:address-data><A:prop name="EMAIL"/></A:address-data>'
    told = found(await cards(ann, people, has("UID", "a", "equals"), some))["a"]
    assert "EMAIL:ann@example.org" in told
    assert "TEL" not in told
    refused = await cards(ann, people, "", '<A:address-data content-type="text/x" version="1.0"/>')
    assert "<A:supported-address-data/>" in refused.text
    body = f"<A:addressbook-multiget {A}><prop>{four}</prop><href>{people}a</href><href>{people}z</href></A:addressbook-multiget>"
    told = await ann.ask("REPORT", people, body)
    assert (told.text.count("VERSION:4.0"), told.text.count("404")) == (1, 1)


async def test_a_home_is_asked_for_all_its_calendars_at_once(ann, work) -> None:
    await ann.ask("MKCALENDAR", ann.calendars + "other/")
    await ann.ask("PUT", ann.calendars + "other/two", event("two", "20260105T120000Z"))
    body = f'<C:calendar-query {C}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
    assert set(found(await ann.ask("REPORT", ann.calendars, body, depth="infinity"))) == {"one", "two"}
    assert set(found(await ann.ask("REPORT", ann.calendars, body))) == {"one", "two"}
    assert found(await ann.ask("REPORT", ann.calendars, body, depth="1")) == {}
    assert set(found(await ann.ask("REPORT", work + "one", body))) == {"one"}
    assert found(await ann.ask("REPORT", work + "late", body)) == {}
    busy = f'<C:free-busy-query {C}><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:free-busy-query>'
    assert (await ann.ask("REPORT", ann.calendars, busy, depth="infinity")).text.count("FREEBUSY:") == 2
