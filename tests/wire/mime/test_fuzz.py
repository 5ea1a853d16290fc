"""Nothing makes the readers fail, and what they say holds together, whatever the bytes are."""

import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.kernel import mapped as kernel_mapped
from parvis.kernel.mapped import Mapped
from parvis.wire.imap import write
from parvis.wire.mime import (
    Limits,
    Part,
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
    decoded_size,
    has_attachment,
    inner_message,
    parse,
    preview,
    transfer,
)
from tests.wire.mime.corpus import PIECES, seeds

FORMS = (as_raw, as_text, as_addresses, as_grouped_addresses, as_message_ids, as_date, as_urls)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message of the corpus with pieces put in, taken out, doubled and replaced."""
    raw = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(0, 12))):
        at, size = draw(st.integers(0, max(len(raw), 1))), draw(st.integers(0, 40))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
        change = draw(st.sampled_from(["insert", "delete", "double", "replace"]))
        if change == "insert":
            raw = raw[:at] + piece + raw[at:]
        elif change == "delete":
            raw = raw[:at] + raw[at + size :]
        elif change == "double":
            raw = raw[: at + size] + raw[at:]
        else:
            raw = raw[:at] + piece + raw[at + len(piece) :]
    return raw


def check_places(raw: bytes, part: Part) -> None:
    """Parts lie inside their parents, one after the other."""
    assert 0 <= part.header_start <= part.body_start <= part.body_end <= len(raw)
    at = part.header_start
    for header in part.headers:
        assert at <= header.start < header.end <= part.body_start
        assert raw[header.start : header.end].startswith(header.name.encode())
        assert header.value in raw[header.start : header.end]
        at = header.end
    at = part.body_start
    for child in part.children:
        assert at <= child.header_start and child.body_end <= part.body_end
        check_places(raw, child)
        at = child.body_end


def read_all(raw: bytes) -> None:
    """Calls everything there is and checks what must hold."""
    message = parse(raw)
    check_places(raw, message.root)
    sections = [part.section for part in message.walk()]
    assert len(set(sections)) == len(sections)
    views = body_views(message)
    shown = {part.section for parts in views for part in parts}
    assert shown == {part.section for part in message.leaves()}  # nothing is lost, nothing comes from nowhere
    line = preview(raw, message)
    assert len(line) <= 256 and "\n" not in line
    has_attachment(message)
    for part in message.walk():
        body = decode_body(raw, part)
        assert decoded_size(raw, part) == len(body)
        text = decode_text(raw, part).text
        assert "\0" not in text
        text.encode("utf-8")
        if part.type == "message":
            inner_raw, inner = inner_message(raw, part)
            check_places(inner_raw, inner.root)
        for header in part.headers:
            for form in FORMS:
                form(header.value)
            as_raw(header.value).encode("utf-8")
            as_text(header.value).encode("utf-8")


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_changed_messages(raw: bytes) -> None:
    read_all(raw)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    read_all(raw)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_pieces(raw: bytes) -> None:
    read_all(raw)


SPECIAL = st.text('"\\<>()[]@,;:=?._-* \tqQbBaé\0\r\n', max_size=80).map(str.encode)


@settings(max_examples=500, deadline=None)
@given(SPECIAL)
def test_any_value_of_a_field(value: bytes) -> None:
    for form in FORMS:
        form(value)
    read_all(
        b"Content-Type: "
        + value
        + b"\r\nContent-Disposition: a; "
        + value
        + b"\r\nContent-Id:"
        + value
        + b"\r\n\r\nx"
    )


@settings(deadline=None)
@given(mutated(), st.integers(1, 3), st.integers(1, 4), st.integers(1, 6))
def test_limits_hold(raw: bytes, depth: int, parts: int, headers: int) -> None:
    message = parse(raw, limits=Limits(depth=depth, parts=parts, headers=headers))
    found = message.walk()
    assert len(found) <= parts
    assert sum(len(part.headers) for part in found) <= headers
    assert max(part.section.count(".") for part in found) < depth + 1


@given(mutated(), st.binary(max_size=20))
def test_a_message_inside_another_is_read_in_place(raw: bytes, before: bytes) -> None:
    inside = parse(before + raw + b"after", len(before), len(before) + len(raw))
    alone = parse(raw)
    assert [part.media_type for part in inside.walk()] == [part.media_type for part in alone.walk()]
    assert [part.body_end - len(before) for part in inside.walk()] == [part.body_end for part in alone.walk()]


def told(raw: bytes | Mapped) -> list[object]:
    """What is read out of a message wherever its bytes are."""
    message = parse(raw)
    found: list[object] = [message, preview(raw, message), write.body_structure(raw, message.root, True)]
    for part in message.walk():
        found += [
            decode_body(raw, part),
            decoded_size(raw, part),
            decode_text(raw, part),
            decode_text(raw, part, 9),
        ]
    return found


@settings(max_examples=300)
@given(mutated() | st.binary(min_size=1, max_size=300), st.integers(1, 50))
def test_a_message_in_a_file_is_read_as_one_in_memory(raw: bytes, piece: int) -> None:
    with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        file.write(raw or b"\n")
        file.flush()
        for module in (kernel_mapped, transfer):
            patch.setattr(module, "PIECE", piece)
        patch.setattr(kernel_mapped, "_HELD", 3 * piece)
        with Mapped(file) as mapped:
            pieces = told(mapped)
        patch.undo()
        assert pieces == told(raw or b"\n")
