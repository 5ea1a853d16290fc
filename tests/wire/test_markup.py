"""Text inside of HTML."""

import html

import pytest

from parvis.wire.markup import escape


@pytest.mark.parametrize("text", ["", "Trường Đại học", "<a href=\"x\" title='y'>&amp; & <", "a\x00b\n&#x27;"])
@pytest.mark.parametrize("quote", [True, False])
def test_text_is_escaped_as_python_does_it(text: str, quote: bool) -> None:
    assert escape(text, quote=quote) == html.escape(text, quote=quote)
