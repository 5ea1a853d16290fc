"""How a client finds what is somebody's. RFC 6764, RFC 5397, RFC 4791 §6.2, RFC 6352 §7.1"""

import re

import pytest

from parvis.access import app_passwords

PROPFIND = """<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav">
<prop><current-user-principal/><resourcetype/><C:calendar-home-set/><A:addressbook-home-set/>
<C:calendar-user-address-set/><displayname/></prop></propfind>"""


@pytest.mark.parametrize("name", ["caldav", "carddav", "caldav/", "carddav/"])
async def test_well_known_addresses_lead_to_the_homes(ann, name) -> None:
    moved = await ann.ask("PROPFIND", f"/.well-known/{name}", PROPFIND, depth="0")
    assert (moved.status_code, moved.headers["location"]) == (301, "/dav/")
    root = await ann.ask("PROPFIND", "/dav/", PROPFIND, depth="0")
    assert root.status_code == 207
    principal = re.search(r"<D:current-user-principal><D:href>([^<]+)<", root.text)[1]
    found = await ann.ask("PROPFIND", principal, PROPFIND, depth="0")
    assert f"<C:calendar-home-set><D:href>{ann.calendars}</D:href>" in found.text
    assert f"<A:addressbook-home-set><D:href>{ann.books}</D:href>" in found.text
    assert "<D:href>mailto:ann@example.org</D:href>" in found.text
    assert "<D:principal/>" in found.text
    assert "<D:displayname>ann</D:displayname>" in found.text


async def test_the_home_lists_what_is_in_it(ann) -> None:
    found = await ann.ask("PROPFIND", ann.calendars, PROPFIND, depth="1")
    assert re.findall(r"<D:href>([^<]*)</D:href><D:propstat>", found.text) == [
        ann.calendars,
        ann.calendars + "work/",
    ]
    assert "<D:collection/><C:calendar/>" in found.text


async def test_an_account_is_known_by_its_address_too(ann) -> None:
    found = await ann.ask("PROPFIND", "/dav/calendars/ann@example.org/", PROPFIND, depth="1")
    assert "<D:href>/dav/calendars/ann@example.org/work/</D:href>" in found.text


async def test_who_has_not_signed_in_is_asked_to(ann) -> None:
    """RFC 4791 §11, RFC 6352 §13"""
    ann.auth = None
    refused = await ann.ask("PROPFIND", ann.calendars, depth="0")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith('Basic realm="')
    ann.auth = ("ann@example.org", "wrong")
    assert (await ann.ask("PROPFIND", ann.calendars, depth="0")).status_code == 401


async def test_thunderbird_is_asked_for_a_password(ann) -> None:
    """It is a browser inside, and says as one that it asks from the same origin."""
    ann.auth = None
    page = {"sec_fetch_site": "same-origin", "sec_fetch_mode": "no-cors", "origin": str(ann.base_url)}
    asked = await ann.ask("PROPFIND", "/dav/", depth="0", **page)
    assert asked.status_code == 401 and asked.headers["www-authenticate"].startswith("Basic")
    ours = await ann.ask("PROPFIND", "/dav/", depth="0", x_parvis="1")
    assert ours.status_code == 401 and "www-authenticate" not in ours.headers


async def test_an_app_password_is_for_its_protocol(ann, store) -> None:
    for protocols, status in ((["dav"], 207), (["imap"], 401)):
        secret, _ = await app_passwords.create(store, ann.person, "phone", protocols)
        ann.auth = ("ann@example.org", secret)
        assert (await ann.ask("PROPFIND", ann.calendars, depth="0")).status_code == status


async def test_options_tell_what_a_home_can_do(ann) -> None:
    """RFC 4791 §2, §3.1, §5.1, RFC 6352 §3, §6.1"""
    ann.auth = None
    words = {}
    for path in (ann.files, ann.calendars, ann.books, "/dav/", "/dav"):
        found = await ann.ask("OPTIONS", path)
        assert found.status_code == 200
        words[path] = set(found.headers["dav"].split(", "))
    assert {"1", "2", "3", "access-control", "extended-mkcol"} <= words[ann.files]
    assert "calendar-access" in words[ann.calendars] - words[ann.files] - words[ann.books]
    assert "2" not in words[ann.calendars]
    assert "addressbook" in words[ann.books] - words[ann.calendars]
    assert {"2", "addressbook", "calendar-access"} <= words["/dav/"] & words["/dav"]


async def test_principals_are_found_by_name_and_address(ann, bob) -> None:
    search = """<principal-property-search xmlns="DAV:" test="anyof"><property-search><prop><displayname/></prop>
    <match>BO</match></property-search><property-search><prop><C:calendar-user-address-set
    xmlns:C="urn:ietf:params:xml:ns:caldav"/></prop><match match-type="equals">mailto:bob@example.org</match>
    </property-search><prop><displayname/></prop></principal-property-search>"""
    found = await ann.ask("REPORT", "/dav/principals/", search, depth="0")
    assert f"<D:href>/dav/principals/{bob.account}/</D:href>" in found.text
    assert ann.account not in found.text
    assert (await ann.ask("REPORT", "/dav/principals/", search.replace("anyof", "allof"), depth="0")).text.count(
        "<D:response>"
    ) == 1
    none = await ann.ask(
        "REPORT", "/dav/principals/", search.replace("BO", "zzz").replace("bob@", "zzz@"), depth="0"
    )
    assert "<D:response>" not in none.text
    told = await ann.ask("REPORT", "/dav/principals/", '<principal-search-property-set xmlns="DAV:"/>')
    assert told.text.count("<D:principal-search-property>") == 4


async def test_reports_about_people(ann, bob) -> None:
    match = '<principal-match xmlns="DAV:"><self/><prop><displayname/></prop></principal-match>'
    found = await ann.ask("REPORT", "/dav/principals/", match, depth="0")
    assert "<D:displayname>ann</D:displayname>" in found.text
    expand = """<expand-property xmlns="DAV:"><property name="current-user-principal"><property name="displayname"/>
    <property name="nothing" namespace="x:"/></property><property name="owner"/></expand-property>"""
    found = await ann.ask("REPORT", ann.calendars + "work/", expand, depth="0")
    assert "<D:current-user-principal><D:response>" in found.text
    assert "<D:displayname>ann</D:displayname>" in found.text
    assert "<D:owner><D:href>" in found.text
    acl = '<acl-principal-prop-set xmlns="DAV:"><prop><displayname/></prop></acl-principal-prop-set>'
    assert "<D:displayname>ann</D:displayname>" in (await ann.ask("REPORT", ann.calendars + "work/", acl)).text
    unknown = await ann.ask("REPORT", ann.calendars, '<no-such xmlns="DAV:"/>')
    assert unknown.status_code == 403
    assert "<D:supported-report/>" in unknown.text


async def test_searches_as_python_caldav_writes_them(ann, bob) -> None:
    search = """<principal-property-search xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{}<prop/>
    <C:calendar-home-set/><displayname/></principal-property-search>"""
    one = "<property-search><prop><displayname/></prop><match>bob</match></property-search>"
    told = (await ann.ask("REPORT", "/dav/", search.format(one), depth="0")).text
    assert bob.calendars in told
    assert ann.calendars not in told
    told = (await ann.ask("REPORT", "/dav/", search.format(""), depth="0")).text
    assert bob.calendars in told
    assert ann.calendars in told
    assert (await ann.ask("REPORT", "/dav/", search.format(one), depth="1")).status_code == 400
