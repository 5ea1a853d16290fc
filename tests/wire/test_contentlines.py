"""Content lines: what is read as clients send it, what is written, and that the untouched stays as it came.
RFC 5545 §3.1, RFC 6350 §3.2-3.3, RFC 6868"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire import contentlines as lines
from parvis.wire.contentlines import BadContent, Component, Limits, Property, parse, write, write_property


def card(*content: bytes, end: bytes = b"\r\n") -> bytes:
    return end.join([b"BEGIN:VCARD", *content, b"END:VCARD", b""])


def one(*content: bytes, end: bytes = b"\r\n") -> Property:
    """The only property of a card."""
    (component,) = parse(card(*content, end=end))
    (found,) = component.properties
    return found


def test_a_property_with_everything() -> None:
    found = one(b'item1.adr;type=Home,"a;b:c",x;X-P=1;type=work:;;1 Road\\, x;Paris')
    assert (found.group, found.name) == ("item1", "ADR")
    assert found.params == {"TYPE": ["Home", "a;b:c", "x", "work"], "X-P": ["1"]}
    assert lines.split_structured(found.value) == [[""], [""], ["1 Road, x"], ["Paris"]]


def test_components_within_components() -> None:
    (calendar,) = parse(
        b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:vevent\nUID:1\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR"
    )
    (event,) = calendar.components
    assert (calendar.value("VERSION"), event.name, event.value("UID")) == ("2.0", "VEVENT", "1")
    assert [each.name for each in event.components] == ["VALARM"]


@pytest.mark.parametrize("cut", [b"", b"END:VEVENT\n", b"END:VCALENDAR\n"])
def test_what_was_cut_off_is_read_unless_it_must_be_whole(cut: bytes) -> None:
    text = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n" + cut
    assert parse(text)[0].components[0].value("UID") == "1"
    with pytest.raises(BadContent):
        parse(text, Limits(ended=True))
    assert parse(b"BEGIN:A\nBEGIN:B\nEND:B\nEND:A", Limits(ended=True))


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("fold", [b" ", b"\t"])
def test_line_ends_and_folds(end: bytes, fold: bytes) -> None:
    assert one(b"NOTE:one " + end + fold + b"two", end=end).value == "one two"


def test_a_fold_may_cut_a_character() -> None:
    raw = "NOTE:Việt".encode()
    found = one(raw[:8], b" " + raw[8:])
    assert found.value == "Việt"
    assert write_property(found) == raw + b"\r\n"


def test_a_mark_blank_lines_and_a_missing_end() -> None:
    (made,) = parse(b"\xef\xbb\xbf\n\nBEGIN:VCARD\n\nFN:Ann\n  \n")
    assert write(made) == b"BEGIN:VCARD\r\nFN:Ann\r\n  \r\nEND:VCARD\r\n"
    assert made.value("FN") == "Ann "


def test_an_inner_end_that_is_missing() -> None:
    (calendar,) = parse(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VCALENDAR\n")
    assert calendar.components[0].value("UID") == "1"


def test_vcard_2_1() -> None:
    found = one(b"TEL;HOME;VOICE:123")
    assert found.params == {"TYPE": ["HOME", "VOICE"]}
    found = one(b"NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=BC=C3=9Fe=0D=0A=", b"an alle")
    assert (found.text, found.params) == ("Grüße\nan alle", {})
    found = one(b"NOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:Gr=FC=DFe")
    assert (found.text, found.params) == ("Grüße", {})
    assert write_property(found) == b"NOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:Gr=FC=DFe\r\n"
    assert write_property(found.changed()) == "NOTE:Grüße\r\n".encode()


def test_base64_of_vcard_2_1_that_is_not_indented() -> None:
    found = one(b"PHOTO;JPEG;ENCODING=BASE64:AAAA", b"BBBB", b"CC==", b"")
    assert (found.value, found.params) == ("AAAABBBBCC==", {"TYPE": ["JPEG"], "ENCODING": ["BASE64"]})


def test_another_charset_is_written_as_utf_8() -> None:
    found = one("NOTE;CHARSET=windows-1258:Đô".encode("cp1258"))
    assert found.value == "Đô"
    assert write_property(found) == "NOTE:Đô\r\n".encode()
    assert one("FN:Müller".encode("latin-1")).value == "Müller"


def test_carets() -> None:
    found = one(b"ADR;LABEL=a^nb^^^'c^':x")
    assert found.params == {"LABEL": ['a\nb^"c"']}
    assert write_property(found.changed()) == b"ADR;LABEL=a^nb^^^'c^':x\r\n"


def test_a_parameter_with_escapes_that_it_does_not_have() -> None:
    line = rb"X-PLACE;X-TITLE=Quay 1\; 5\, Linz;VALUE=URI:geo:1\;2"
    found = one(line)
    assert found.params == {"X-TITLE": ["Quay 1; 5, Linz"], "VALUE": ["URI"]}
    assert found.value == r"geo:1\;2" and write_property(found) == line + b"\r\n"
    assert write_property(found.changed()) == rb'X-PLACE;X-TITLE="Quay 1; 5, Linz";VALUE=URI:geo:1\;2' + b"\r\n"
    assert one(rb"X;FOLDER=c\;NAME=y:v").params == {"FOLDER": ["c\\"], "NAME": ["y"]}


def test_quotes_as_people_forget_them() -> None:
    assert one(b'X;CN=John "Joe" Doe:v').params == {"CN": ["John Joe Doe"]}
    assert one(b'X;CN="John:v').value == "v"


def test_a_changed_property_is_written_anew_and_the_others_as_they_came() -> None:
    data = card(b"fn:Ann", b"item1.Email;type=INTERNET;type=pref:a@", b" example.org")
    (made,) = parse(data)
    assert write(made) == data
    made.put("FN", made.properties[0].changed("Anna"))
    assert write(made) == data.replace(b"fn:Ann", b"FN:Anna")
    made.put("EMAIL")
    made.put("NOTE", Property("NOTE", "x"), Property("NOTE", "y"))
    assert write(made) == card(b"FN:Anna", b"NOTE:x", b"NOTE:y")


def test_nothing_breaks_out_of_a_line() -> None:
    assert write_property(Property("NOTE", "a\r\nEND:VCARD\0")) == b"NOTE:a\\nEND:VCARD\r\n"
    assert write_property(Property("NOTE", "", {"X": ['a"\r\nb', "c\0"]})) == b'NOTE;X=a^\'^nb,"c":\r\n'
    for bad in (
        Property("A:B", ""),
        Property("A", "", {"B;C": ["1"]}),
        Property("A", "", {}, "g.h"),
        Property("", ""),
    ):
        with pytest.raises(BadContent):
            write_property(bad)


def test_lines_are_folded_between_characters() -> None:
    written = write_property(Property("NOTE", "đ" * 200))
    assert all(len(line) <= 75 and line.decode() for line in written.split(b"\r\n")[:-1])
    assert one(written.removesuffix(b"\r\n")).value == "đ" * 200


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 0, "no component"),
        (b"FN:Ann", 1, "outside"),
        (b"BEGIN:VCARD\nFN\n", 2, "no name"),
        (b"BEGIN:VCARD\nFN;X\n", 2, "no colon"),
        (b"BEGIN:VCARD\n\nA B:x\n", 3, "no name"),
        (b"BEGIN:VCARD\nEND:VCALENDAR\n", 2, "closes nothing"),
        (b"BEGIN:\n", 1, "names no component"),
        (card(b"X:" + b"1" * 1000), 0, "bytes"),
        (card(*[b"X:"] * 30), 0, "lines"),
        (b"BEGIN:A\n" * 4, 4, "deep"),
        (card() * 3, 5, "components"),
        (card(*[b"X:"] * 7), 8, "properties"),
        (card(b"X;A=1,2;B=3,4:"), 2, "values of parameters"),
    ],
)
def test_what_is_refused_says_where_and_why(data: bytes, line: int, reason: str) -> None:
    limits = Limits(bytes=1000, lines=20, depth=3, components=2, properties=6, params=3)
    if reason == "deep":
        limits = Limits(depth=3)
    with pytest.raises(BadContent, match=reason) as refused:
        parse(data, limits)
    assert (refused.value.line, refused.value.code) == (line, "invalid")


def test_escapes() -> None:
    assert lines.escape("a,b;c\\d\r\ne") == "a\\,b\\;c\\\\d\\ne"
    assert lines.unescape(r"C:\dir \N\:\x") == "C:\\dir \n:\\x"
    assert lines.split_text(r"a\,b,c\\,d") == ["a,b", "c\\", "d"]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in [*range(32), 127]]))


@given(st.lists(st.lists(TEXT, min_size=1), min_size=1))
def test_structured_values_come_back(parts: list[list[str]]) -> None:
    assert lines.split_structured(lines.join_structured(parts)) == parts


@given(
    TEXT,
    st.dictionaries(
        st.from_regex(r"X-[A-Z0-9]{1,8}", fullmatch=True), st.lists(TEXT, min_size=1, max_size=4), max_size=4
    ),
)
def test_properties_come_back(value: str, params: dict[str, list[str]]) -> None:
    data = write(Component("VCARD", [Property("NOTE", value, params, "g")]))
    (made,) = parse(data)
    assert [(e.name, e.value, e.params, e.group) for e in made.properties] == [("NOTE", value, params, "g")]
    assert write(made) == data


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, card(data)):
        try:
            written = b"".join(map(write, parse(each)))
        except BadContent:
            continue
        assert b"".join(map(write, parse(written))) == written
