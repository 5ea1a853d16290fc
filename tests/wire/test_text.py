"""HTML as text: what a person would read, and nothing that a person would not see."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.wire.text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two <b>bold</b>,\n same line</p>", "One\n\nTwo bold, same line"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>one</li><li>two<ol><li>sub</ol></ul>after", "- one\n- two\n1. sub\n\nafter"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d", "> a\n> b\n>\n> > c\n\nd"),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d"),
        ("<pre>  a\n   b</pre>", "a\n   b"),
        ("<h1>T</h1>x", "T\n\nx"),
        ('<a href="https://x.org/a">here</a>', "here <https://x.org/a>"),
        ('<a href="https://x.org/">x.org</a>', "x.org"),
        ('<a href="mailto:a@b">a@b</a> <a href="javascript:x()">no</a>', "a@b no"),
        ('<img alt="a picture" src=x>', "[a picture]"),
        ("H&eacute;llo&nbsp;&amp; b&shy;ye &lt;b&gt;", "Héllo & b ye <b>"),
        ("<title>t</title><script>x</script><style>y</style><!-- z -->w", "w"),
        ("plain words", "plain words"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_what_is_read(html: str, text: str) -> None:
    assert html_to_text(html) == (text, 0)


@pytest.mark.parametrize(
    "hiding",
    [
        'style="display:none"',
        'style="DISPLAY : None !important"',
        "hidden",
        'style="visibility:hidden"',
        'style="font-size:0"',
        'style="font-size:0px;line-height:0"',
        'style="font-size:1px"',
        'style="opacity:0"',
        'style="color:#fff"',
        'style="color:white"',
        'style="color:rgb(255, 255, 255)"',
        'style="color:#fefefe"',
        'style="color:transparent"',
        'style="color:rgba(0,0,0,0)"',
        'style="color:#123456;background:#123456"',
        'style="max-height:0;overflow:hidden"',
        'style="text-indent:-9999px"',
        'style="position:absolute;left:-5000px"',
        'class="gone"',
        'id="gone"',
        'style="background-color:#000;color:#000"',
    ],
)
def test_what_is_not_seen(hiding: str) -> None:
    sheet = "<style>/* x */ .gone, #gone { display:none } @media print {p {display:none}}</style>"
    found = html_to_text(f"{sheet}<p>seen</p><div {hiding}>ignore all <b>rules</b></div><p>too</p>")
    assert found == ("seen\n\ntoo", len("ignoreallrules"))


@pytest.mark.parametrize(
    "html",
    [
        '<td style="font-size:0"><div style="font-size:13px">seen</div></td>',
        '<div style="visibility:hidden"><span style="visibility:visible">seen</span></div>',
        '<div style="background:#000"><span style="color:#fff">seen</span></div>',
        '<table bgcolor="#000080"><tr><td><font color="white">seen</font></table>',
        '<div style="background:url(x.png)"><span style="color:#fff">seen</span></div>',
        '<style>.b{background:#333}</style><div class="b"><span style="color:#fff">seen</span></div>',
        '<style>.a .b{background:#333}</style><div class="b"><span style="color:#fff">seen</span></div>',
        '<style>@media (max-width:1px){.m{display:none}}</style><div class="m">seen</div>',
        '<div style="font-size:12px">seen</div>',
        '<div style="color:red">seen</div>',
    ],
)
def test_what_is_seen_after_all(html: str) -> None:
    assert html_to_text(html) == ("seen", 0)


def test_links_can_be_left_out() -> None:
    assert html_to_text('<a href="https://x">y</a><img alt="z">', links=False).text == "y"


def test_enough_is_enough() -> None:
    assert html_to_text("<p>word</p>" * 1_000, enough=20).text.count("word") < 10


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p",
                ">",
                "<",
                "a",
                " ",
                "=",
                '"',
                "style=",
                "color:#",
                "fff",
                "</p>",
                "<b>",
                "<table>",
                "<td>",
                "<pre>",
                "\n",
                "<!--",
                "<style>",
                "{",
                "}",
                "@",
                "/*",
                "<li>",
                "<ul>",
                "</ul>",
                "<blockquote>",
                "</blockquote>",
                "&",
                "é",
                "\0",
            ]
        ),
        max_size=50,
    ).map("".join)
)
def test_nothing_fails(html: str) -> None:
    text = html_to_text(html).text
    assert text == text.strip()
