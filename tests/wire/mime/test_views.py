"""Body, attachments and preview (RFC 8621 §4.1.4)."""

import pytest

from parvis.wire.mime import body_views, decode_text, has_attachment, parse, preview


def build(tree: object, boundary: int = 0) -> bytes:
    """A message from nested tuples: (`multipart/x`, child, ...) or `type; letter` or `type; letter;
    disposition`."""
    if isinstance(tree, str):
        kind, letter, *disposition = tree.split("; ")
        extra = f"Content-Disposition: {disposition[0]}; filename={letter}\r\n" if disposition else ""
        if disposition == ["inline"]:
            extra = "Content-Disposition: inline\r\n"
        return f"Content-Type: {kind}\r\n{extra}\r\n{letter}".encode()
    kind, *children = tree  # type: ignore[misc]
    lines = f"Content-Type: {kind}; boundary=b{boundary}\r\n\r\n".encode()
    for number, child in enumerate(children):
        lines += f"--b{boundary}\r\n".encode() + build(child, boundary * 10 + number + 1) + b"\r\n"
    return lines + f"--b{boundary}--\r\n".encode()


def letters(tree: object) -> tuple[str, str, str]:
    raw = build(tree)
    views = body_views(parse(raw))
    return tuple("".join(raw[p.body_start : p.body_end].decode() for p in parts) for parts in views)  # type: ignore[return-value]


def test_the_example_of_the_standard() -> None:
    tree = (
        "multipart/mixed",
        "text/plain; A; inline",
        (
            "multipart/mixed",
            (
                "multipart/alternative",
                ("multipart/mixed", "text/plain; B; inline", "image/jpeg; C; inline", "text/plain; D; inline"),
                ("multipart/related", "text/html; E", "image/jpeg; F"),
            ),
            "image/jpeg; G; attachment",
            "application/x-excel; H",
            "message/rfc822; J",
        ),
        "text/plain; K; inline",
    )
    assert letters(tree) == ("ABCDK", "AEK", "CFGHJ")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("text/plain; A", ("A", "A", "")),
        ("text/html; A", ("A", "A", "")),
        ("application/pdf; A", ("", "", "A")),
        ("image/png; A", ("A", "A", "")),
        (("multipart/alternative", "text/plain; A", "text/html; B"), ("A", "B", "")),
        (("multipart/alternative", "text/html; B"), ("B", "B", "")),
        (("multipart/alternative", "text/plain; A"), ("A", "A", "")),
        (("multipart/alternative", "text/plain; A", "text/html; B", "text/calendar; C"), ("A", "B", "C")),
        (("multipart/mixed", "text/plain; A", "text/plain; B; attachment"), ("A", "A", "B")),
        (("multipart/mixed", "text/plain; A", "image/png; B; inline"), ("AB", "AB", "")),
        (("multipart/related", "text/html; A", "image/png; B"), ("A", "A", "B")),
        (("multipart/related", ("multipart/alternative", "text/plain; T", "text/html; A"), "image/png; B"), ("T", "A", "B")),
        # an alternative whose branch was already decided: nothing may vanish
        (("multipart/alternative", ("multipart/mixed", "text/plain; A", ("multipart/alternative", "text/html; B"))), ("A", "A", "B")),
    ],
)  # fmt: skip
def test_body_and_attachments(tree: object, expected: tuple[str, str, str]) -> None:
    assert letters(tree) == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("text/plain; A", False),
        (("multipart/mixed", "text/plain; A", "application/pdf; B"), True),
        (("multipart/mixed", "text/plain; A", "application/pdf; B; inline"), False),
        (("multipart/signed", "text/plain; A", "application/pgp-signature; S"), False),
        (("multipart/related", "text/html; A", "image/png; B"), True),
    ],
)
def test_has_attachment(tree: object, expected: bool) -> None:
    assert has_attachment(parse(build(tree))) is expected


def test_a_picture_inside_the_html_is_no_attachment() -> None:
    raw = build(("multipart/related", "text/html; A", "image/png; B")).replace(
        b"image/png", b"image/png\r\nContent-Id: <x>"
    )
    assert has_attachment(parse(raw)) is False


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"\r\nHello\r\n  world\r\n", "Hello world"),
        (b"\r\nOn Monday, Joe wrote:\r\n> quoted\r\n\r\nMy answer\r\n-- \r\nSignature\r\n", "My answer"),
        (b"\r\n> only a quotation\r\n", "> only a quotation"),
        (b"Content-Type: text/html\r\n\r\n<div style=display:none>secret</div><p>H&eacute;llo <a href=http://x.y>w</a>", "Héllo w"),
        (b"Content-Type: application/pdf\r\n\r\nxxx", ""),
        (b"\r\n==========\r\nNews\r\n", "News"),
        (b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nY2Fmw6k=", "café"),
    ],
)  # fmt: skip
def test_preview(raw: bytes, line: str) -> None:
    assert preview(raw, parse(raw)) == line


def test_a_preview_is_not_longer_than_allowed() -> None:
    raw = b"\r\n" + "chữ ".encode() * 100_000
    assert len(preview(raw, parse(raw))) <= 256


def test_text_of_a_part() -> None:
    raw = b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9=\r\n!\r\n"
    assert decode_text(raw, parse(raw).root) == ("café!\n", False)
