"""What servers are to each other: lists of who may take part, signed requests, where a server is. Matrix v1.19
Server-Server §Server Access Control Lists (ACLs), §Request Authentication, §Server discovery"""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix import wellknown, xmatrix
from parvis.wire.matrix.acl import ServerAcl, keeps_out
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import SigningKey
from parvis.wire.matrix.wellknown import Route
from parvis.wire.matrix.xmatrix import XMatrix

KEY = SigningKey.generate("k1")
KEYS = {KEY.id: KEY.verify_key}
HEADER = (
    'X-Matrix origin="origin.hs.example.com",destination="destination.hs.example.com",key="ed25519:key1",sig="ABC"'
)
READ = XMatrix("origin.hs.example.com", "ed25519:key1", "ABC", "destination.hs.example.com")


@pytest.mark.parametrize(
    ("content", "yes", "no"),
    [
        ({"allow": ["*"], "deny": ["*.evil.com", "evil.com"]}, ["good.org", "evil.com.org", "1.2.3.4"], ["evil.com", "evil.com:1234", "x.EVIL.com:1"]),
        ({"allow": ["*"], "allow_ip_literals": False}, ["good.org"], ["1.2.3.4", "1.2.3.4:8448", "[::1]", "[::1]:1"]),
        ({"allow": ["*"], "allow_ip_literals": "no"}, ["1.2.3.4"], []),
        ({"allow": ["Good.org", "[::*]"]}, ["good.org:1", "GOOD.org", "[::1]:2"], ["other.org"]),
        ({}, [], ["good.org"]), ({"allow": "*"}, [], ["good.org"]), ({"allow": [3, None, "*"], "deny": {}}, ["a"], ["a b", ""]),
        ({"allow": ["a?.org"]}, ["ab.org"], ["a.org", "abc.org"]),
    ],
)  # fmt: skip
def test_who_may_take_part(content: dict[str, Any], yes: list[str], no: list[str]) -> None:
    acl = ServerAcl(content)
    assert all(map(acl.allows, yes)) and not any(map(acl.allows, no))
    assert not any(keeps_out(content, server) for server in yes) and all(
        keeps_out(content, server) for server in no
    )


def test_lists_take_no_time() -> None:
    start = time.perf_counter()
    acl = ServerAcl({"allow": ["*"], "deny": ["*a" * 10 + str(number) for number in range(3_000)]})
    assert acl.allows("a" * 250)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "header",
    [
        HEADER, HEADER.replace("X-Matrix", "x-matrix"), HEADER.replace(",", " ,\t"), HEADER.replace("origin=", "ORIGIN="), HEADER + ",x=1",
        "X-Matrix  sig=ABC,key=ed25519:key1,origin=origin.hs.example.com,destination=destination.hs.example.com",
        HEADER.replace("ABC", "A\\BC"),
    ],
)  # fmt: skip
def test_the_header_is_read(header: str) -> None:
    assert xmatrix.parse(header) == READ


def test_an_old_server_does_not_say_for_whom() -> None:
    assert xmatrix.parse('X-Matrix origin=a:80,key="ed25519:1",sig="a+/"') == XMatrix("a:80", "ed25519:1", "a+/")


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer x", "X-Matrix", "X-Matrix x", "X-Matrix origin=a,key=b", HEADER + ",sig=x", HEADER + '"', HEADER.replace('"ABC"', '"ABC'),
        HEADER.replace("origin.hs", "or igin"), HEADER.replace('"destination.hs.example.com"', '"a/b"'), HEADER.replace(",", ";"), "X-Matrix " + "a" * 9_000,
        "X-Matrix " + '"' * 3_000, 'X-Matrix origin="' + "\\" * 3_000,
    ],
)  # fmt: skip
def test_what_is_no_header(header: str) -> None:
    with pytest.raises(BadMatrix) as caught:
        xmatrix.parse(header)
    assert caught.value.errcode == "M_UNAUTHORIZED"


def test_requests_are_signed() -> None:
    for content in ({}, {"content": {"b": [1], "a": "é"}}):
        header = xmatrix.parse(xmatrix.authorize(KEY, "PUT", "/_matrix/x?y=1", "a", "b", **content))
        xmatrix.verify(header, KEYS, "b", "PUT", "/_matrix/x?y=1", **content)
        for wrong in (
            {"us": "c"}, {"method": "POST"}, {"uri": "/_matrix/x"}, {"content": {"b": 1}}, {"keys": {}}, {"given": XMatrix("z", *list(_parts(header))[1:])},
        ):  # fmt: skip
            asked: dict[str, Any] = {
                "given": header,
                "keys": KEYS,
                "us": "b",
                "method": "PUT",
                "uri": "/_matrix/x?y=1",
                **content,
                **wrong,
            }
            with pytest.raises(BadMatrix) as caught:
                xmatrix.verify(**asked)
            assert caught.value.errcode == "M_UNAUTHORIZED"
    old = XMatrix("a", header.key_id, header.signature)
    xmatrix.verify(old, KEYS, "b", "PUT", "/_matrix/x?y=1", content={"b": [1], "a": "é"})
    with pytest.raises(BadMatrix):
        xmatrix.verify(header, KEYS, "b", "PUT", "/", content=1.5)


def _parts(header: XMatrix) -> tuple[str, ...]:
    return header.origin, header.key_id, header.signature, header.destination


@given(st.text('ab,="\\ :', max_size=20))
def test_any_header_is_read_or_refused(text: str) -> None:
    try:
        found = xmatrix.parse(f"{HEADER},{text}")
    except BadMatrix:
        return
    assert found == READ


def test_where_a_server_is() -> None:
    """Matrix v1.19 Server-Server §Resolving server names"""
    assert wellknown.asks_domain("example.org") == "example.org"
    assert not any(map(wellknown.asks_domain, ("1.2.3.4", "[::1]", "example.org:80")))
    assert wellknown.routes("[::1]") == [Route("::1", 8448, "[::1]", "::1")]
    assert wellknown.routes("1.2.3.4:80") == [Route("1.2.3.4", 80, "1.2.3.4:80", "1.2.3.4")]
    assert wellknown.routes("a.org:80") == [Route("a.org", 80, "a.org:80", "a.org")]
    by_record = [
        Route("b.org", 8448, "b.org", "b.org", f"{each}._tcp.b.org") for each in ("_matrix-fed", "_matrix")
    ]
    assert (
        wellknown.routes("b.org")
        == wellknown.routes("a.org", "b.org")
        == [*by_record, Route("b.org", 8448, "b.org", "b.org")]
    )
    assert wellknown.routes("a.org", "1.2.3.4") == [Route("1.2.3.4", 8448, "1.2.3.4", "1.2.3.4")]
    assert wellknown.routes("a.org", "b.org:1") == [Route("b.org", 1, "b.org:1", "b.org")]


def test_what_a_domain_says() -> None:
    assert wellknown.read_server(json.dumps({**wellknown.server("b.org:1"), "x": 1.5}).encode()) == "b.org:1"
    told = {**wellknown.client("https://m.org/"), "m.identity_server": {"base_url": "https://id.org"}}
    assert wellknown.read_client(json.dumps(told).encode()) == wellknown.Client("https://m.org", "https://id.org")
    for wrong in (b"", b"[]", b"{}", b'{"m.server":1}', b'{"m.server":"a b"}', b'{"m.server":"a"}' + b" " * 60_000):
        with pytest.raises(BadMatrix):
            wellknown.read_server(wrong)
    for url in ("ftp://a", "a", "https://", "https://[", 3, None):
        with pytest.raises(BadMatrix):
            wellknown.read_client(json.dumps({"m.homeserver": {"base_url": url}}).encode())
    contact = wellknown.Contact("m.role.admin", email_address="a@b.org")
    assert wellknown.support([contact], "https://b.org") == {
        "contacts": [{"role": "m.role.admin", "email_address": "a@b.org"}], "support_page": "https://b.org"
    }  # fmt: skip
