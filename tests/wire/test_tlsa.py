"""Which certificate DNS means."""

from hashlib import sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.tlsa import Found, Tlsa, find
from tests.certificates import Authority, key_of


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> list[bytes]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    return [authority.context("mx.example.org")[1], authority.der]


@pytest.mark.parametrize("usage", [2, 3])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_every_form(chain, usage, selector, matching) -> None:
    meant, other = (chain[0], chain[1]) if usage == 3 else (chain[1], chain[0])

    def record(certificate: bytes) -> Tlsa:
        data = key_of(certificate) if selector else certificate
        return Tlsa(usage, selector, matching, (bytes, lambda d: sha256(d).digest(), lambda d: sha512(d).digest())[
            matching
        ](data))  # fmt: skip

    assert record(meant).usable and find([record(meant)], chain) == Found(usage, meant)
    assert find([record(other)], chain) is None and find([record(meant)], []) is None


def test_its_own_certificate_is_enough(chain) -> None:
    records = [Tlsa(2, 0, 0, chain[1]), Tlsa(3, 0, 0, chain[0])]
    assert find(records, chain) == Found(3, chain[0])


@given(
    st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=80), st.binary(max_size=200)
)
def test_nothing_crashes(usage, selector, matching, data, certificate) -> None:
    record = Tlsa(usage, selector, matching, data)
    assert record.usable in (True, False)
    if record.usable:
        find([record], [certificate, certificate])
        assert not record.means(b"")
