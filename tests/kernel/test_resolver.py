"""Asking DNS: what is there, what is not, and who does not answer."""

import asyncio

import pytest

from parvis.kernel.egress import Contact, Egress
from parvis.kernel.errors import Invalid, Unavailable
from parvis.kernel.resolver import Answer, Resolver
from parvis.kernel.settings import Dns
from tests.authority import Authority, needs_nsd, zone

LONG = "v=DKIM1; p=" + "A" * 3000
pytestmark = needs_nsd


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    lines = """
        example.org. MX 10 Mail.example.org.
        example.org. MX 5 other.example.org.
        null.example. MX 0 .
        mail.example.org. A 192.0.2.1
        mail.example.org. AAAA 2001:db8::1
        alias.example.org. CNAME mail.example.org.
        1.2.0.192.in-addr.arpa. PTR mail.example.org.
    """
    opened = Authority(tmp_path_factory.mktemp("nsd"), zone({"long.example.org": LONG, "é.example": "x"}, lines))
    yield opened
    opened.close()


@pytest.fixture
def resolver(authority) -> Resolver:
    return Resolver(Dns(nameservers=[authority.address]), Egress([]))


async def test_what_is_there(resolver) -> None:
    assert sorted(await resolver.exchangers("example.org")) == [(5, "other.example.org"), (10, "mail.example.org")]
    assert await resolver.exchangers("null.example") == [(0, "")]
    assert await resolver.addresses("mail.example.org", 4) == ["192.0.2.1"]
    assert await resolver.addresses("alias.example.org", 6) == ["2001:db8::1"]
    assert await resolver.pointers("192.0.2.1") == ["mail.example.org"]
    assert await resolver.texts("long.example.org") == [LONG]  # too long for a datagram: asked again by TCP


async def test_what_is_not(resolver) -> None:
    assert await resolver.ask("mail.example.org", "MX") == Answer()
    assert await resolver.ask("gone.example.org", "MX") == Answer(exists=False)
    for name in ("a..example.org", "a" * 64 + ".example.org", "x." * 200 + "org", ".", "", "\ud800.example"):
        assert await resolver.texts(name) == []


async def test_nobody_answers(resolver, authority) -> None:
    with pytest.raises(Unavailable):
        await resolver.texts("x.broken.example")
    silent = Resolver(Dns(nameservers=["127.0.0.1:1", authority.address]), Egress([]))
    assert await silent.addresses("mail.example.org", 4) == ["192.0.2.1"]  # the next server is asked


async def test_the_gate_is_asked_and_may_refuse(authority) -> None:
    seen: list[Contact] = []
    gate = Egress([])
    gate.listen(seen.append)
    await Resolver(Dns(nameservers=[authority.address]), gate).texts("long.example.org")
    assert [(one.purpose, one.port, one.reason) for one in seen] == [
        ("dns", authority.port, "TXT long.example.org")
    ]
    with pytest.raises(Unavailable, match="not allowed"):
        await Resolver(Dns(nameservers=["192.0.2.53"]), Egress([], frozenset())).texts("example.org")


async def test_an_answer_is_kept(resolver, authority) -> None:
    async with asyncio.timeout(20):
        before = await resolver.addresses("mail.example.org", 4)
        authority.change("mail.example.org. A 192.0.2.99")
        assert await resolver.addresses("mail.example.org", 4) == before
        fresh = Resolver(Dns(nameservers=[authority.address]), Egress([]))
        assert await fresh.addresses("mail.example.org", 4) == ["192.0.2.99"]


@pytest.mark.parametrize("text", ["example.org", "192.0.2.1:x", ""])
async def test_a_server_that_is_none(text) -> None:
    with pytest.raises(Invalid, match=r"DNS server"):
        await Resolver(Dns(nameservers=[text]), Egress([])).texts("example.org")


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("::1", "::1", 53),
        ("[::1]:5353", "::1", 5353),
    ],
)
def test_a_server_by_its_address(text, address, port) -> None:
    (server,) = Resolver(Dns(nameservers=[text]), Egress([]))._opened().nameservers
    assert (server.address, server.port) == (address, port)
