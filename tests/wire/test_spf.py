"""Who may send for a domain: the examples of RFC 7208, its limits, and what breaks its grammar."""

import ipaddress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid, Unavailable
from parvis.wire import spf, spf_record


@dataclass
class Table:
    """Names out of a table: `("example.com", "TXT")` to what is there, None for no answer."""

    found: dict[tuple[str, str], list | None] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def _look(self, name: str, kind: str) -> list:
        self.asked.append((name, kind))
        answer = self.found.get((name.lower(), kind), [])
        if answer is None:
            raise Unavailable(name)
        return answer

    async def texts(self, name):
        return self._look(name, "TXT")

    async def addresses(self, name, family):
        return self._look(name, "A" if family == 4 else "AAAA")

    async def exchangers(self, name):
        return self._look(name, "MX")

    async def pointers(self, address):
        return self._look(ipaddress.ip_address(address).reverse_pointer, "PTR")


def zone(record: str = "", **more: str) -> Table:
    """RFC 7208 appendix A.1, with the record of example.com."""
    found: dict = {
        ("example.com", "MX"): [(10, "mail-a.example.com"), (20, "mail-b.example.com")],
        ("example.com", "A"): ["192.0.2.10", "192.0.2.11"],
        ("amy.example.com", "A"): ["192.0.2.65"],
        ("bob.example.com", "A"): ["192.0.2.66"],
        ("mail-a.example.com", "A"): ["192.0.2.129"],
        ("mail-b.example.com", "A"): ["192.0.2.130"],
        ("example.org", "MX"): [(10, "mail-c.example.org")],
        ("mail-c.example.org", "A"): ["192.0.2.140"],
        ("10.2.0.192.in-addr.arpa", "PTR"): ["example.com."],
        ("65.2.0.192.in-addr.arpa", "PTR"): ["amy.example.com."],
        ("140.2.0.192.in-addr.arpa", "PTR"): ["mail-c.example.org."],
    }
    found[("example.com", "TXT")] = ["other", record] if record else []
    found |= {(name.replace("__", "."), "TXT"): [text] for name, text in more.items()}
    return Table(found)


async def value(table: Table, address: str, sender: str = "strong-bad@example.com") -> str:
    return (await spf.check(table, address, sender, "mail.example.com")).value


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [  # RFC 7208 appendix A.2
        ("v=spf1 +all", "192.0.2.1", "pass"),
        ("v=spf1 a -all", "192.0.2.10", "pass"),
        ("v=spf1 a -all", "192.0.2.12", "fail"),
        ("v=spf1 a:example.org -all", "192.0.2.10", "fail"),
        ("v=spf1 mx -all", "192.0.2.129", "pass"),
        ("v=spf1 mx:example.org -all", "192.0.2.140", "pass"),
        ("v=spf1 mx mx:example.org -all", "192.0.2.130", "pass"),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass"),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143", "pass"),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.144", "fail"),
        ("v=spf1 ptr -all", "192.0.2.10", "pass"),
        ("v=spf1 ptr -all", "192.0.2.65", "pass"),
        ("v=spf1 ptr -all", "192.0.2.140", "fail"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::1", "pass"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "::ffff:192.0.2.1", "softfail"),
        ("v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} ?all", "192.0.2.3", "neutral"),
        ("v=spf1", "192.0.2.3", "neutral"),
        ("", "192.0.2.3", "none"),
    ],
)  # fmt: skip
async def test_the_examples_of_appendix_a(record, address, expected) -> None:
    assert await value(zone(record), address) == expected


@pytest.mark.parametrize(
    ("text", "expanded"),
    [  # RFC 7208 §7.4
        ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"), ("%{d1}", "com"), ("%{d2}", "example.com"), ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"), ("%{l}", "strong-bad"), ("%{l-}", "strong.bad"), ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"), ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"), ("%{S}", "strong-bad%40email.example.com"),
        ("a%%b%_c%-d", "a%b c%20d"), ("%{c} %{r} %{t}", "192.0.2.3 mx.here 7"), ("%{p}", "unknown"),
    ],
)  # fmt: skip
async def test_macros(text, expanded) -> None:
    table = zone(email__example__com="v=spf1 -all exp=why.%{d2}", why__example__com=text)
    found = await spf.check(table, "192.0.2.3", "strong-bad@email.example.com", "h", receiver="mx.here", now=7)
    assert found == spf.Outcome("fail", "all of email.example.com", expanded)


async def test_one_domain_includes_another() -> None:
    table = zone("v=spf1 include:b.test -all", b__test="v=spf1 ip4:192.0.2.1 -all")
    assert await value(table, "192.0.2.1") == "pass"
    assert await value(table, "192.0.2.2") == "fail"
    assert await value(zone("v=spf1 include:nothing.test -all"), "192.0.2.1") == "permerror"
    assert await value(zone("v=spf1 redirect=b.test", b__test="v=spf1 ?all"), "192.0.2.1") == "neutral"
    assert await value(zone("v=spf1 redirect=nothing.test"), "192.0.2.1") == "permerror"


async def test_the_name_said_at_hello_stands_in_for_no_sender() -> None:
    table = zone(mail__example__com="v=spf1 ip4:192.0.2.1 -all")
    assert await value(table, "192.0.2.1", "") == "pass"
    assert (await spf.check(table, "192.0.2.1", "", "[192.0.2.1]")).value == "none"
    assert (await spf.check(table, "192.0.2.1", "", "localhost")).value == "none"


async def test_no_more_than_ten_look_ups() -> None:
    terms = " ".join(f"include:x{number}.test" for number in range(11))
    table = zone(f"v=spf1 {terms} -all", **{f"x{number}__test": "v=spf1 -all" for number in range(11)})
    assert await value(table, "192.0.2.1") == "permerror"
    assert len(table.asked) == 11  # the record itself, and ten
    assert await value(zone("v=spf1 include:example.com -all"), "192.0.2.1") == "permerror"  # a circle ends
    assert await value(zone("v=spf1 redirect=example.com"), "192.0.2.1") == "permerror"


async def test_no_more_than_two_look_ups_of_nothing() -> None:
    assert await value(zone("v=spf1 a:x.test a:y.test -all"), "192.0.2.1") == "fail"
    assert await value(zone("v=spf1 a:x.test a:y.test exists:z.test -all"), "192.0.2.1") == "permerror"


async def test_exchangers_without_an_address_of_the_family_are_no_fault() -> None:
    table = zone("v=spf1 mx:many.test ip6:2001:db8::/32 -all")
    table.found["many.test", "MX"] = [(1, f"m{number}.test") for number in range(5)]
    assert await value(table, "2001:db8::1") == "pass"


async def test_no_more_than_ten_exchangers() -> None:
    table = zone("v=spf1 mx:big.test -all")
    table.found["big.test", "MX"] = [(1, f"m{number}.test") for number in range(11)]
    assert await value(table, "192.0.2.1") == "permerror"


async def test_no_answer_is_for_later() -> None:
    table = zone("v=spf1 a:broken.test -all")
    table.found["broken.test", "A"] = None
    assert await value(table, "192.0.2.1") == "temperror"
    table.found["example.com", "TXT"] = None
    assert await value(table, "192.0.2.1") == "temperror"


async def test_two_records_are_an_error() -> None:
    table = zone()
    table.found["example.com", "TXT"] = ["v=spf1 +all", "V=SPF1 -all", "v=spf10 -all"]
    assert await value(table, "192.0.2.1") == "permerror"


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 all:x", "v=spf1 include", "v=spf1 include:", "v=spf1 a:", "v=spf1 a/33", "v=spf1 a/-1", "v=spf1 a/01",
        "v=spf1 mx//129", "v=spf1 ip4", "v=spf1 ip4:1.2.3", "v=spf1 ip4:1.2.3.4/33", "v=spf1 ip4:1.2.3.4/08",
        "v=spf1 ip6:1.2.3.4", "v=spf1 ip6::1%eth0", "v=spf1 exists:%{z}.test", "v=spf1 exists:%{d0}.test",
        "v=spf1 a:x.%{t}", "v=spf1 a:top", "v=spf1 a:x.1", "v=spf1 a:x.-a", "v=spf1 nothing", "v=spf1 \ta", "v=spf1 é",
        "v=spf1 redirect=a.test redirect=b.test", "v=spf1 exp=a.test exp=a.test", "v=spf1 x=%{", "v=spf1 ptr/24",
        "v=spf1 -all extra",
    ],
)  # fmt: skip
def test_what_breaks_the_grammar(record) -> None:
    with pytest.raises(Invalid):
        spf_record.parse(record)


@pytest.mark.parametrize(
    "record", ["v=spf1", "V=SPF1  -ALL ", "v=spf1 a:%{d} x=%{l}%% ?mx:a.test./0//0 moo.cow-far_out=1"]
)
def test_what_keeps_it(record) -> None:
    assert spf_record.is_record(record)
    spf_record.parse(record)


@given(st.text(alphabet="v=spf1 aip46:/.%{}lrdxmoncue-~?+_0123é\t", max_size=120))
def test_any_record_is_read_or_refused(text: str) -> None:
    try:
        spf_record.parse(f"v=spf1 {text}")
    except Invalid as error:
        assert error.sentence


@given(st.text(max_size=60), st.text(max_size=60))
async def test_any_sender_gets_an_answer(sender: str, hello: str) -> None:
    found = await spf.check(zone("v=spf1 -all"), "192.0.2.1", sender, hello)
    assert found.value in ("none", "fail", "temperror", "permerror")
