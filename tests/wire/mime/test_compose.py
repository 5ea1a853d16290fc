"""Messages that are written can be read again, and are correct on the wire."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.mime import (
    Address,
    AddressGroup,
    as_addresses,
    as_date,
    as_grouped_addresses,
    as_message_ids,
    as_raw,
    as_text,
    as_urls,
    body_views,
    decode_body,
    decode_text,
    parse,
)
from parvis.wire.mime.compose import (
    Addresses,
    Date,
    Draft,
    DraftPart,
    Field,
    GroupedAddresses,
    MessageIds,
    Raw,
    Text,
    Urls,
    compose,
    needs_smtputf8,
)

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=timezone(timedelta(hours=7)))
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300)
PRINTABLE = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='<>()[]",:;@\\='), min_size=1, max_size=30
)


def boundaries() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"parvis{number}"


def written(*fields: Field, **parts: object) -> bytes:
    raw = compose(Draft(NOW, "id@x", fields, **parts), boundaries())  # type: ignore[arg-type]
    assert not raw.replace(b"\r\n", b"").count(b"\n")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    return raw


def value_of(raw: bytes, name: str) -> bytes:
    found = parse(raw).root.all(name)
    assert len(found) == 1
    return found[0].value


@given(WORDS)
def test_text_comes_back(text: str) -> None:
    raw = written(Field("Subject", Text(text)))
    assert as_text(value_of(raw, "Subject")) == unicodedata.normalize("NFC", text).replace("\x85", "")
    assert not needs_smtputf8(raw)


@given(st.lists(st.tuples(st.none() | WORDS, PRINTABLE, PRINTABLE), max_size=30))
def test_addresses_come_back(people: list[tuple[str | None, str, str]]) -> None:
    value = tuple(Address(name, f"{local}@{domain}") for name, local, domain in people)
    read = as_addresses(value_of(written(Field("To", Addresses(value))), "To"))
    assert [address.email for address in read] == [address.email for address in value]
    for before, after in zip(value, read, strict=True):
        words = " ".join((before.name or "").split())
        assert (after.name or "") == unicodedata.normalize("NFC", words).strip()


@given(st.lists(st.text("abc-_.@+", min_size=1, max_size=60), min_size=1, max_size=40))
def test_message_ids_come_back(ids: list[str]) -> None:
    raw = written(Field("References", MessageIds(tuple(ids))))
    assert as_message_ids(value_of(raw, "References")) == tuple(ids)


@given(st.datetimes(min_value=datetime(1950, 1, 1)), st.integers(-1439, 1439))
def test_dates_come_back(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert as_date(value_of(written(Field("Date", Date(moment))), "Date")) == moment


def test_the_other_forms() -> None:
    groups = (
        AddressGroup(None, (Address("A", "a@x"),)),
        AddressGroup("Những người bạn", (Address(None, "b@x"), Address("Ç, D.", "c@x"))),
    )
    raw = written(
        Field("Cc", GroupedAddresses(groups)),
        Field("List-Post", Urls(("mailto:a@b?x=y", "https://x/" + "y" * 300))),
        Field("X-Raw", Raw(" as is\r\n  folded\r\nInjected: no\n\n\x00x")),
    )
    assert as_grouped_addresses(value_of(raw, "Cc")) == groups
    assert as_urls(value_of(raw, "List-Post")) == ("mailto:a@b?x=y", "https://x/" + "y" * 300)
    assert as_raw(value_of(raw, "X-Raw")) == " as is\r\n  folded\r\n Injected: no\r\n x"
    assert parse(raw).root.last("Injected") is None
    assert as_message_ids(value_of(raw, "Message-ID")) == ("id@x",)
    assert as_date(value_of(raw, "Date")) == NOW


@pytest.mark.parametrize(
    "value",
    [
        Text("x\r\nBcc: evil@x"),
        Addresses((Address("x\r\nBcc: y", "a\r\nBcc: z@x"),)),
        MessageIds(("a\r\nBcc: b",)),
        Urls(("a>\r\nBcc: b",)),
    ],
)
def test_no_value_begins_another_field(value: object) -> None:
    raw = written(Field("X", value))  # type: ignore[arg-type]
    assert parse(raw).root.last("Bcc") is None


@pytest.mark.parametrize("evil", ["a\r\nEvil: 1", "a\nEvil: 1", "a\r\n\r\nEvil: 1", "\rEvil: 1", "x" * 2_000])
@pytest.mark.parametrize("property_", ["charset", "name", "disposition", "cid", "language", "location"])
def test_no_property_of_a_part_begins_another_field(property_: str, evil: str) -> None:
    value: object = ("fr", evil) if property_ == "language" else evil
    raw = written(structure=DraftPart("text/plain", b"body", **{property_: value}))
    assert parse(raw).root.last("Evil") is None and raw.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "a\r\nb"])
def test_names_that_cannot_be_written(name: str) -> None:
    with pytest.raises(Invalid):
        written(Field(name, Text("x")))


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=3000))
def test_a_text_body_comes_back(text: str) -> None:
    raw = written(text=DraftPart(body=text))
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    assert decode_text(raw, parse(raw).root) == (expected, False)
    assert raw.isascii()


@given(st.binary(max_size=3000), st.sampled_from(["application/pdf", "text/csv", "image/png"]))
def test_bytes_of_an_attachment_come_back(data: bytes, kind: str) -> None:
    raw = written(
        text=DraftPart(body="Hello"),
        attachments=(DraftPart(kind, data, name="Báo cáo “quý” 3.pdf", disposition="attachment"),),
    )
    part = body_views(parse(raw)).attachments[0]
    assert decode_body(raw, part) == data
    assert (part.filename, part.disposition, part.media_type) == ("Báo cáo “quý” 3.pdf", "attachment", kind)


@given(WORDS.map(lambda text: text.replace("\t", " ").strip()).filter(bool))
def test_a_file_name_comes_back(name: str) -> None:
    raw = written(attachments=(DraftPart("image/png", b"x", name=name, disposition="attachment"),))
    assert parse(raw).leaves()[0].filename == name.replace("\x85", "")


def test_text_html_pictures_and_files_find_their_places() -> None:
    raw = written(
        text=DraftPart("text/plain", "text"),
        html=DraftPart("text/html", "<img src=cid:p>"),
        attachments=(
            DraftPart("image/png", b"picture", cid="p", disposition="inline"),
            DraftPart("application/pdf", b"file", name="f.pdf", disposition="attachment"),
        ),
    )
    message = parse(raw)
    assert [part.media_type for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    assert message.leaves()[2].content_id == "p"
    assert message.defects == ()


def test_a_boundary_that_is_in_the_content_is_not_used() -> None:
    raw = written(structure=DraftPart("multipart/mixed", children=(DraftPart(body="--parvis1\n--parvis2--"),)))
    assert parse(raw).root.params["boundary"] == "parvis3"
    assert decode_text(raw, parse(raw).leaves()[0]).text == "--parvis1\n--parvis2--"


def test_a_structure_is_kept() -> None:
    inner = DraftPart("message/rfc822", b"Subject: x\r\n\r\nb\xe9\r\n")
    raw = written(
        structure=DraftPart(
            "multipart/report",
            params=(("report-type", "delivery-status"),),
            children=(DraftPart("text/plain", "é", language=("fr", "vi"), location="https://x/é"), inner),
        )
    )
    message = parse(raw)
    assert message.root.params["report-type"] == "delivery-status"
    text, attached = message.leaves()
    assert (text.language, text.location) == (("fr", "vi"), "https://x/é")
    assert (attached.encoding, decode_body(raw, attached)) == ("8bit", inner.body)


def test_domains_are_written_for_servers_without_utf8() -> None:
    raw = written(Field("To", Addresses((Address("Ý", "a@vídụ.vn"),))))
    assert not needs_smtputf8(raw)
    assert needs_smtputf8(written(Field("To", Addresses((Address(None, "ý@vídụ.vn"),)))))


def test_a_moment_without_offset_is_utc() -> None:
    assert compose(Draft(datetime(2026, 1, 2, 3, 4, 5), "x"), boundaries()).startswith(
        b"Date: Fri, 2 Jan 2026 03:04:05 +0000\r\n"
    )
    assert datetime(2026, 1, 2, tzinfo=UTC).weekday() == 4
