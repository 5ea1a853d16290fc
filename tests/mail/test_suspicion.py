"""Look-alike senders and links: what is said, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.mail import suspicion
from parvis.mail.suspicion import Caution, Facts, lookalike, mixes_letters, name_key, organisation, skeleton
from parvis.wire.text import links

OURS = ["vietcombank.example.org", "parvis.example"]
PEOPLE = {name_key("Nguyễn Thị Mai"): frozenset({"mai@parvis.example"}), "": frozenset()}


def said(**facts) -> list[tuple[str, str, str]]:
    given = Facts(
        **{"domains": OURS, "colleagues": PEOPLE, "address": "bob@partner.example", "name": "Bob"} | facts
    )
    return [(one.kind, one.shown, one.really) for one in suspicion.warnings(given)]


def test_ordinary_mail_is_left_alone() -> None:
    assert said() == []
    assert said(name="Nguyễn Thị Mai", address="mai@parvis.example", is_known=False) == []
    assert said(name="Иван Петров", address="ivan@пример.example") == []
    assert said(reply_to=["list@mail.partner.example", "bob@partner.example"]) == []
    good = [("Our page", "https://partner.example/a"), ("www.partner.example", "https://partner.example/b")]
    assert (
        said(
            links=[*good, ("Write us", "mailto:a@b.example"), ("https://parvis.example/x", "http://parvis.example")]
        )
        == []
    )
    assert said(address="", name="") == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("x@pаrvis.example", "pаrvis.example"),  # a Cyrillic а
        ("x@xn--prvis-4ve.example", "pаrvis.example"),
        ("x@pạrvis.example", "pạrvis.example"),
        ("x@parv1s.example", "parv1s.example"),
        ("x@parrvis.example", "parrvis.example"),
        ("x@paruis.example", "paruis.example"),
    ],
)
def test_domains_like_ours(address: str, shown: str) -> None:
    assert ("lookalikeSender", shown, "parvis.example") in said(address=address)


def test_names_that_are_not_theirs() -> None:
    for name in ("Nguyen Thi Mai", "Mai Nguyễn Thị", "Nguyễn Тhị Mаi"):
        assert ("nameOfColleague", name, "bob@partner.example") in said(name=name)
    assert said(name='"boss@parvis.example"') == [("addressInName", "boss@parvis.example", "bob@partner.example")]
    assert ("mixedLetters", "Pаypal", "") in said(name="Pаypal")
    assert said(reply_to=["bob@elsewhere.example"]) == [
        ("replyElsewhere", "bob@partner.example", "bob@elsewhere.example")
    ]
    assert said(is_known=False) == [("firstTime", "bob@partner.example", "")]
    assert said(dmarc="fail") == [("notProved", "bob@partner.example", "partner.example")]


def test_links_that_lead_elsewhere() -> None:
    assert said(links=[("https://bank.example/login", "http://evil.test/x")]) == [
        ("linkElsewhere", "bank.example", "evil.test")
    ]
    assert said(links=[("www.bank.example", "http://bank.example.evil.test/")]) == [
        ("linkElsewhere", "www.bank.example", "bank.example.evil.test")
    ]
    assert ("lookalikeLink", "parvıs.example", "parvis.example") in said(
        links=[("here", "https://parvıs.example/")]
    )
    assert said(links=[("here", "https://xn--bcher-kva.example/")]) == [
        ("encodedLink", "bücher.example", "xn--bcher-kva.example")
    ]
    assert said(links=[("bücher.example", "https://bücher.example/")]) == [
        ("encodedLink", "bücher.example", "xn--bcher-kva.example")
    ]
    many = [("x.example", f"http://evil{number}.test/") for number in range(2000)]
    assert len(said(links=many)) == 20


def test_forms() -> None:
    assert skeleton("раураӏ") == "paypal" == skeleton("PayPal")
    assert skeleton("Vietсombаnk") == skeleton("vietcombạnk")
    assert organisation("a.b.example.com.vn") == "example.com.vn"
    assert organisation("a.b.example.org") == "example.org" and organisation("localhost") == "localhost"
    assert lookalike("mail.parvis.example", OURS) == lookalike("other.example", OURS) == lookalike("", OURS) == ""
    assert not mixes_letters("Đường Œuvre") and not mixes_letters("Иван John") and mixes_letters("Иvan")
    assert name_key("Ann") == ""


texts = st.text(max_size=60) | st.text("aаo0.@-xn<>\"' ạ:/", max_size=60)


@given(
    texts, texts, st.lists(texts, max_size=3), st.lists(st.tuples(texts, texts.map("http://".__add__)), max_size=5)
)
def test_anything_may_be_asked(name, address, reply_to, found) -> None:
    for one in suspicion.warnings(Facts(name, address, reply_to, "", False, found, OURS, PEOPLE)):
        assert isinstance(one, Caution)


def test_links_are_read_from_html() -> None:
    html = (
        '<p>a <a href=" http://x.example/ "><b>go</b>\n there</a><a name=k>no</a><a href="">no</a><A HREF=y>z</A>'
    )
    assert links(html) == [("go there", " http://x.example/ "), ("z", "y")]
    assert len(links("<a href=x>y</a>" * 5000)) <= 500


@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(["<a href=", "'", '"', "<b>", "</a>", ">", "x", "&#"])).map("".join)
)
def test_links_of_any_text(html: str) -> None:
    assert all(target for _, target in links(html))
