"""A file is asked as bytes are, whatever the size of the pieces."""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel import mapped
from parvis.kernel.mapped import Mapped

LETTERS = st.binary(max_size=40).map(lambda data: bytes(b"ab\n-"[byte % 4] for byte in data))
PLACE = st.integers(0, 45)


@given(LETTERS.filter(bool), LETTERS.filter(bool), PLACE, PLACE, st.integers(1, 9))
def test_like_bytes(content: bytes, sub: bytes, start: int, end: int, piece: int) -> None:
    with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "PIECE", piece)
        patch.setattr(mapped, "_HELD", 2 * piece)
        file.write(content)
        file.flush()
        with Mapped(file) as found:
            assert len(found) == len(content)
            assert found[start:end] == content[start:end]
            for word in (sub, sub[:1], sub[:2]):
                assert found.find(word, start, end) == content.find(word, start, end)
                assert found.find(word, start) == content.find(word, start)
                assert found.startswith(word, start) == content.startswith(word, start)
            assert found.count(sub[:1], start, end) == content.count(sub[:1], start, end)
