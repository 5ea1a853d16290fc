"""Names of servers, users, rooms and the rest. Matrix v1.19 Appendices §Identifier Grammar"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix import identifiers
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.identifiers import Media, Name, ServerName

HASH = "Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("matrix.org", ServerName("matrix.org", None, False)),
        ("matrix.org:8888", ServerName("matrix.org", 8888, False)),
        ("1.2.3.4", ServerName("1.2.3.4", None, True)),
        ("1.2.3.4:1234", ServerName("1.2.3.4", 1234, True)),
        ("[1234:5678::abcd]", ServerName("1234:5678::abcd", None, True)),
        ("[1234:5678::abcd]:5678", ServerName("1234:5678::abcd", 5678, True)),
        ("localhost", ServerName("localhost", None, False)),
        ("1.2.3", ServerName("1.2.3", None, False)),
    ],
)
def test_names_of_servers(text: str, wanted: ServerName) -> None:
    assert identifiers.server_name(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "", ":", ":80", "a:", "a:b", "a:123456", "a:65536", "a b", "é.org", "a/b", "256.1.1.1", "1.2.3.999:1", "[::1",
        "[zz]", "[1:2]", "[::1]a", "::1", "a:1:2", "a\n", "a_b", ".a", "a.", "a..b", "x" * 256, None, 3, "١.2.3.4",
    ],
)  # fmt: skip
def test_what_names_no_server(text: object) -> None:
    with pytest.raises(BadMatrix) as caught:
        identifiers.server_name(text, "destination")
    assert (caught.value.errcode, caught.value.field) == ("M_INVALID_PARAM", "destination")


def test_users() -> None:
    """Matrix v1.19 Appendices §User Identifiers, §Historical User IDs"""
    assert identifiers.user_id("@ann:h:8448") == Name("ann", "h:8448")
    for loose in ("@Ann:h", "@:h", "@a b:h", "@é:h", "@\x01:h", "@@a:h"):
        assert identifiers.is_user_id(loose)
        with pytest.raises(BadMatrix):
            identifiers.user_id(loose, historical=False)
    assert identifiers.user_id("@a.b_c=d-e/f+1:h", historical=False).localpart == "a.b_c=d-e/f+1"
    for wrong in ("ann:h", "@ann", "@ann:", "@a\0:h", "@\ud800:h", "@ann:h h", f"@{'a' * 253}:h", "#a:h", None, {}):
        assert not identifiers.is_user_id(wrong)
    assert identifiers.is_user_id(f"@{'a' * 252}:h") and not identifiers.is_user_id(f"@{'é' * 127}:h")
    assert identifiers.is_compliant("@Ann!:h")
    assert not any(map(identifiers.is_compliant, ("@:h", "@a b:h", "@é:h")))


@given(st.text(max_size=20))
def test_names_of_other_systems_become_users(text: str) -> None:
    found = identifiers.localpart_for(f"x{text}")
    assert identifiers.user_id(f"@{found}:h", historical=False).localpart == found


def test_the_mapping_of_the_specification() -> None:
    assert identifiers.localpart_for("A#á=_") == "a=23=c3=a1=3d_"


def test_rooms_and_events() -> None:
    """Matrix v1.19 Appendices §Room IDs, §Event IDs"""
    assert identifiers.room_id("!a b:h", hashed=False) == "!a b:h"
    assert identifiers.room_id(f"!{HASH}", hashed=True) == identifiers.room_id(f"!{HASH}") == f"!{HASH}"
    assert identifiers.event_id(f"${HASH}", hashed=True) and identifiers.event_id("$a:h", hashed=False)
    assert identifiers.event_id("$a/b+c")
    for text, hashed in [
        (f"!{HASH}", False),
        ("!a:h", True),
        ("!a", True),
        ("!", None),
        ("$a:h", None),
        (f"!{HASH}:h", True),
    ]:
        with pytest.raises(BadMatrix):
            identifiers.room_id(text, hashed=hashed)
    assert identifiers.room_alias("#a#é:h:1") == Name("a#é", "h:1")
    assert identifiers.server_of("@a:h:1") == "h:1" and identifiers.server_of(f"!{HASH}") == ""


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (identifiers.device_id, ["A", "JLAFKJWSCS", "a b", "é"], ["", "a\n", "x" * 256, "é" * 128, None]),
        (lambda text: identifiers.opaque(text, "x"), ["a", "-._~9Z", "x" * 255], ["", "a+", "x" * 256, "é", 1]),
        (lambda text: identifiers.namespaced(text, "x"), ["m.text", "a_b-1"], ["", "M.text", "1a", ".a", "a" * 256]),
        (identifiers.room_version, ["1", "1.2-beta", "com.example.version"], ["", "A", "1" * 33, "a_b", 1]),
        (identifiers.media, ["mxc://h/a_B-1", "mxc://h:1/x"], ["mxc://h", "mxc://h/", "mxc:///a", "mxc://h/a/b", "http://h/a"]),
    ],
)  # fmt: skip
def test_the_rest(check: Callable[[object], object], good: list[object], bad: list[object]) -> None:
    for text in good:
        check(text)
    for text in bad:
        with pytest.raises(BadMatrix):
            check(text)


def test_media() -> None:
    assert identifiers.media("mxc://example.org:1/abc") == Media("example.org:1", "abc")
