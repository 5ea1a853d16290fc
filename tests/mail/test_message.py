"""A message is read once for everything, the same whether its bytes are in memory or in a file."""

import tempfile

import pytest

from parvis.kernel.mapped import Mapped
from parvis.mail import message
from tests.wire.mime.corpus import seeds


@pytest.mark.parametrize(
    "raw", [*filter(None, seeds()), b"Subject: Long\r\n\r\n" + "Một câu dài. ".encode() * 400_000]
)
def test_a_message_in_a_file_is_read_as_one_in_memory(raw: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.flush()
        with Mapped(file) as mapped:
            assert message.read(mapped) == message.read(raw)


def test_of_a_very_long_text_the_beginning_is_indexed_in_whole_words() -> None:
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    read = message.read(head + b"=E1=BB=9D=E1=BB=9D=E1=BB=9D " * 400_000)
    assert set(read.texts.body.split()) == {"ờờờ"}
    assert len(read.texts.body) == message.TEXT_OCTETS // 28 * 4
