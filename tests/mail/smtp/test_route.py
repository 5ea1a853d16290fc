"""Finding the servers of a domain, with a DNS authority of our own."""

import pytest

from parvis.kernel.egress import Contact, Egress
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Delivery, Dns, Relay, Settings
from parvis.mail.queue.lookup import may_be
from parvis.mail.queue.model import RELAY
from parvis.mail.queue.route import Host, Router, Unroutable
from parvis.mail.queue.trust import Trust
from tests.authority import Authority, needs_nsd

pytestmark = needs_nsd
ZONE = """
    two.example. MX 20 b.two.example.
    two.example. MX 10 a.two.example.
    two.example. MX 20 c.two.example.
    a.two.example. A 192.0.2.1
    b.two.example. A 192.0.2.2
    b.two.example. AAAA 2001:db8::2
    c.two.example. A 0.0.0.0
    c.two.example. A 224.0.0.1
    c.two.example. A 192.0.2.3
    implicit.example. A 192.0.2.9
    null.example. MX 0 .
    dangling.example. MX 10 nowhere.example.
    me.example. A 127.0.0.1
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    opened = Authority(tmp_path_factory.mktemp("nsd"), ZONE)
    yield opened
    opened.close()


@pytest.fixture
def dns_settings(authority) -> Settings:
    return Settings(dns=Dns(nameservers=[authority.address]), delivery=Delivery(port=2525))


def router_of(settings: Settings, gate: Egress | None = None) -> Router:
    return Router(settings, Resolver(settings.dns, gate or Egress([])))


async def test_servers_by_preference_with_their_addresses(dns_settings) -> None:
    router = router_of(dns_settings)
    hosts = await router.hosts("two.example", 7)
    assert hosts[0] == Host("a.two.example", "192.0.2.1", 2525, trust=Trust(domain="two.example"))
    assert {host.address for host in hosts} == {"192.0.2.1", "192.0.2.2", "2001:db8::2", "192.0.2.3"}
    orders = {tuple(host.name for host in await router.hosts("two.example", seed)) for seed in range(20)}
    assert len(orders) == 2  # those of one preference take turns


async def test_a_domain_without_mx_is_its_own_server(dns_settings) -> None:
    assert await router_of(dns_settings).hosts("implicit.example", 1) == [
        Host("implicit.example", "192.0.2.9", 2525, trust=Trust(domain="implicit.example"))
    ]


@pytest.mark.parametrize(
    ("domain", "code", "status"),
    [
        ("null.example", 556, "5.1.10"),
        ("missing.example", 550, "5.1.2"),
        ("dangling.example", 450, "4.4.4"),
        ("broken.example", 451, "4.4.3"),
    ],
)
async def test_no_way(dns_settings, domain, code, status) -> None:
    with pytest.raises(Unroutable) as caught:
        await router_of(dns_settings).hosts(domain, 1)
    assert (caught.value.reply.code, caught.value.reply.status) == (code, status)


async def test_every_question_passes_the_gate(dns_settings) -> None:
    seen: list[Contact] = []
    gate = Egress([], purposes=frozenset())
    gate.listen(seen.append)
    await router_of(dns_settings, gate).hosts("implicit.example", 1)
    assert {contact.purpose for contact in seen} == {"dns"} and len(seen) == 3


async def test_routes_and_the_smart_host_come_first() -> None:
    settings = Settings(
        relay=Relay(host="relay.example", port=587), delivery=Delivery(routes={"near.example": "[::1]:26"})
    )
    router = router_of(settings)
    assert router.destination("far.example") == RELAY and router.destination("near.example") == "near.example"
    assert await router.hosts(RELAY, 1) == [Host("relay.example", "relay.example", 587, relay=True)]
    assert await router.hosts("near.example", 1) == [Host("::1", "::1", 26)]


async def test_a_stranger_cannot_send_us_to_ourselves(dns_settings) -> None:
    with pytest.raises(Unroutable, match="no server of me"):
        await router_of(dns_settings).hosts("me.example", 1)
    assert may_be(Settings(dns=Dns(loopback=True)), "127.0.0.1")  # for tests
    for address in ("127.0.0.1", "::1", "0.0.0.0", "169.254.1.1", "::ffff:127.0.0.1"):
        assert not may_be(Settings(), address)
    assert may_be(Settings(), "192.0.2.1")
