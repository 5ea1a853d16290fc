"""Senders of what is passed on: they lead back to who was first, and to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire import srs
from parvis.wire.smtp import is_address

SECRET, DAY = b"a secret", 20_000


def there_and_back(address: str) -> str | None:
    return srs.original(srs.rewritten(address, "fwd.example", SECRET, DAY), SECRET, DAY)


def test_there_and_back() -> None:
    found = srs.rewritten("Bob@example.net", "fwd.example", SECRET, DAY)
    assert found.startswith("SRS0=") and found.endswith("=example.net=Bob@fwd.example") and srs.is_rewritten(found)
    assert srs.original(found, SECRET, DAY) == "Bob@example.net"
    assert srs.original(found.lower(), SECRET, DAY + srs.DAYS) == "bob@example.net"
    assert srs.original(found, SECRET, DAY + srs.DAYS + 1) is None
    assert srs.original(found, b"another", DAY) is None
    assert srs.original(found.replace("Bob", "eve"), SECRET, DAY) is None


def test_what_others_had_rewritten_goes_back_to_them() -> None:
    first = srs.rewritten("bob@example.net", "one.example", b"theirs", DAY)
    second = srs.rewritten(first, "two.example", b"other", DAY)
    third = srs.rewritten(second, "fwd.example", SECRET, DAY)
    assert second.startswith("SRS1=") and third.startswith("SRS1=") and len(third) < len(second) + 5
    assert srs.original(third, SECRET, DAY + 500) == first  # past those between, who have nothing to tell
    assert srs.original(second, b"other", DAY) == first
    assert srs.original(first, b"theirs", DAY) == "bob@example.net"


@pytest.mark.parametrize("none", ["", "postmaster", f"{'x' * 60}@example.net"])
def test_what_cannot_come_back(none: str) -> None:
    assert srs.rewritten(none, "fwd.example", SECRET, DAY) == ""


@given(st.text(max_size=90), st.binary(max_size=20), st.integers(0, 100_000))
def test_nothing_crashes(text: str, secret: bytes, day: int) -> None:
    srs.is_rewritten(text)
    assert srs.original(text, secret, day) is None or is_address(text)
    made = srs.rewritten(text, "fwd.example", secret, day)
    assert made == "" or is_address(made)


@given(
    st.from_regex(r"[a-zA-Z0-9._=+-]{1,25}", fullmatch=True),
    st.from_regex(r"[a-z0-9]{1,8}\.example", fullmatch=True),
)
def test_every_address_comes_back(local: str, host: str) -> None:
    address = f"{local}@{host}"
    if is_address(address) and not local.lower().startswith("srs"):
        assert there_and_back(address) == address
