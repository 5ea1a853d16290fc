"""Libraries that are read when they are first used."""

import subprocess
import sys

import pytest

from parvis.kernel import later

LIBRARIES = ("dns", "httpx", "numpy", "rapidfuzz", "selectolax")


def test_all_of_them_are_there_when_they_are_used() -> None:
    assert later.dns.reversename.from_address("192.0.2.1").to_text() == "1.2.0.192.in-addr.arpa."
    assert later.httpx.URL("https://example.net").host == "example.net"
    assert later.numpy.zeros(3).size == 3
    assert later.rapidfuzz.fuzz.ratio("one", "one") == 100
    assert later.rapidfuzz.distance.OSA.distance("ab", "ba") == 1
    assert later.selectolax.lexbor.LexborHTMLParser("<p>text").text() == "text"


def test_what_a_library_has_not_is_missing() -> None:
    with pytest.raises(AttributeError):
        later.numpy.no_such_thing  # noqa: B018 - that it raises


@pytest.mark.slow
def test_the_program_starts_without_them() -> None:
    code = f"import sys, parvis.app; print(*sys.modules.keys() & {set(LIBRARIES)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
