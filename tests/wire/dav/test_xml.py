"""XML within bounds, and what is read comes out as it was."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid, TooLarge
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import dav


def test_names_are_resolved_whatever_the_prefix() -> None:
    """RFC 4791 §1.2"""
    for body in (b'<a xmlns="DAV:"><b/></a>', b'<x:a xmlns:x="DAV:"><x:b/></x:a>'):
        found = xml.read(body)
        assert found.name == dav("a")
        assert [child.name for child in found.children] == [dav("b")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<a",
        b"<a></b>",
        b"<a/>x",
        b"<a:b/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>',
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"\xff\xfe\x00",
        b"<a>\x01</a>",
    ],
)
def test_what_is_no_xml_or_dangerous_is_refused(body) -> None:
    with pytest.raises(Invalid):
        xml.read(body)


def test_bombs_are_refused_in_time() -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    started = time.monotonic()
    with pytest.raises(Invalid):
        xml.read(laughs + b"]><a>&j;</a>")
    for body in (
        b"<a>" * 101,
        b"<a>" + b"<b/>" * xml.MOST_ELEMENTS + b"</a>",
        b"<a>" + b" " * xml.MOST_BYTES + b"</a>",
    ):
        with pytest.raises(TooLarge):
            xml.read(body)
    many = b"<a>" + b"&amp;" * 190_000 + b"</a>"
    assert len(xml.read(many).text) == 190_000
    assert time.monotonic() - started < 5


def test_the_language_of_a_property_is_the_one_it_stands_in() -> None:
    body = b'<propertyupdate xmlns="DAV:" xml:lang="fr"><set><prop><n xmlns="e:"/><m xmlns="e:" xml:lang="vi"/></prop></set></propertyupdate>'
    n, m = xml.read(body).children[0].children[0].children
    assert [list(each.attributes.values()) for each in (n, m)] == [["fr"], ["vi"]]


_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=20
)
_names = st.sampled_from(["{DAV:}a", "{urn:x}b", '{http://e/?a&b="c"}d', "e", "{urn:ietf:params:xml:ns:caldav}f"])
_elements = st.recursive(
    st.builds(lambda n, t, a: Element(n, t, [], a), _names, _text, st.dictionaries(st.sampled_from(["p", "{urn:y}q", "{urn:z}r"]), _text, max_size=3)),
    lambda inner: st.builds(
        lambda n, t, c: Element(n, t, [Element(e.name, e.text, e.children, e.attributes, tail) for e, tail in c]),
        _names, _text, st.lists(st.tuples(inner, _text), max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(_elements)
def test_what_is_written_is_read_the_same(element) -> None:
    whole = xml.document(dav("prop"), xml.written(element))
    # the language is given to a property when it is read, so none is in the samples
    assert xml.read(whole).children[0] == element


def test_what_xml_cannot_say_becomes_a_sign() -> None:
    assert xml.text("a\x00b\x0b<&>\r") == "a\ufffdb\ufffd&lt;&amp;&gt;&#13;"
    assert xml.read(b"<a>" + xml.text("a\r\nb").encode() + b"</a>").text == "a\r\nb"
