"""Where servers are found, and where they are not looked for."""

import httpx
import pytest

from parvis.chat.federation.discovery import Discovery
from parvis.chat.federation.outside import Answer, Outside, Place
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.kernel.settings import Settings
from parvis.serve.context import Context
from parvis.wire.matrix.errors import BadMatrix


class World(Outside):
    """Answers of domains by host and path, SRV records, and addresses: each host has one. Nothing goes out."""

    def __init__(self, answers=None, services=None) -> None:
        self.answers, self.records, self.asked = answers or {}, services or {}, []

    async def ask(self, place, asked, limit) -> Answer:
        self.asked.append(f"{place.certificate}:{place.port}{asked.target}")
        found = self.answers.get(self.asked[-1])
        if found is None:
            raise Unavailable("nobody is there")
        status, body, headers = found
        return Answer(status, httpx.Headers(headers), body)

    async def addresses(self, host: str) -> tuple[str, ...]:
        return (f"address of {host}",)

    async def services(self, name: str):
        return self.records.get(name, [])


def said(text: str, **headers) -> tuple:
    return 200, f'{{"m.server": "{text}"}}'.encode(), {k.replace("_", "-"): v for k, v in headers.items()}


WELL = ":443/.well-known/matrix/server"
FED, OLD = "_matrix-fed._tcp", "_matrix._tcp"
CASES = [
    ("1.2.3.4", {}, {}, ("1.2.3.4", 8448, "1.2.3.4", "1.2.3.4")),
    ("[1::2]:80", {}, {}, ("1::2", 80, "[1::2]:80", "1::2")),
    ("a.org:80", {f"a.org{WELL}": said("b.org")}, {}, ("a.org", 80, "a.org:80", "a.org")),
    ("a.org", {f"a.org{WELL}": said("b.org:99")}, {}, ("b.org", 99, "b.org:99", "b.org")),
    ("a.org", {f"a.org{WELL}": said("1.2.3.4")}, {}, ("1.2.3.4", 8448, "1.2.3.4", "1.2.3.4")),
    (
        "a.org",
        {f"a.org{WELL}": said("b.org")},
        {f"{FED}.b.org": [("c.org", 7)], f"{OLD}.b.org": [("d.org", 8)]},
        ("c.org", 7, "b.org", "b.org"),
    ),
    (
        "a.org",
        {f"a.org{WELL}": said("b.org")},
        {f"{OLD}.b.org": [("d.org", 8)]},
        ("d.org", 8, "b.org", "b.org"),
    ),
    ("a.org", {f"a.org{WELL}": said("b.org")}, {}, ("b.org", 8448, "b.org", "b.org")),
    ("a.org", {}, {f"{FED}.a.org": [("c.org", 7)]}, ("c.org", 7, "a.org", "a.org")),
    ("a.org", {}, {}, ("a.org", 8448, "a.org", "a.org")),
    ("a.org", {f"a.org{WELL}": (200, b"no", {})}, {}, ("a.org", 8448, "a.org", "a.org")),
    ("a.org", {f"a.org{WELL}": (404, said("b.org")[1], {})}, {}, ("a.org", 8448, "a.org", "a.org")),
    (
        "a.org",
        {
            f"a.org{WELL}": (302, b"", {"location": "https://w.org/x?y=1"}),
            "w.org:443/x?y=1": said("b.org:99"),
        },
        {},
        ("b.org", 99, "b.org:99", "b.org"),
    ),
    (
        "a.org",
        {f"a.org{WELL}": (302, b"", {"location": "http://w.org/x"})},
        {},
        ("a.org", 8448, "a.org", "a.org"),
    ),
    ("a.org", {f"a.org{WELL}": (301, b"", {"location": "/.well-known/matrix/server"})}, {}, None),
]


@pytest.mark.parametrize(("server", "answers", "services", "wanted"), CASES)
async def test_where_a_server_is(server, answers, services, wanted) -> None:
    world = World(answers, services)
    found = await Discovery(world, world).places(server)  # type: ignore[arg-type]
    host, port, header, certificate = wanted or ("a.org", 8448, "a.org", "a.org")
    assert found == [Place((f"address of {host}",), port, header, certificate)]
    assert len(world.asked) <= 5


async def test_what_a_domain_says_is_remembered_as_long_as_it_wants(monkeypatch) -> None:
    world = World(
        {f"a.org{WELL}": said("b.org:1", cache_control="public, max-age=60"), f"e.org{WELL}": (500, b"", {})}
    )
    discovery, now = Discovery(world, world), clock.monotonic()  # type: ignore[arg-type]
    for after, asked in ((0, 2), (59, 2), (61, 3), (3599, 4), (3601, 5)):
        monkeypatch.setattr(clock, "monotonic", lambda after=after: now + after)
        await discovery.places("a.org")
        await discovery.places("e.org")
        assert len(world.asked) == asked, after


async def test_names_that_are_none() -> None:
    world = World()
    for name in ("", "a b", "a.org:99999999", "http://a.org"):
        with pytest.raises(BadMatrix):
            await Discovery(world, world).places(name)  # type: ignore[arg-type]


async def test_addresses_inside_are_refused(store_sqlite) -> None:
    outside = Outside(Context(Settings(), store_sqlite, Egress([])), "federation")
    for host in ("127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"):
        with pytest.raises(EgressRefused):
            await outside.addresses(host)
    assert await outside.addresses("8.8.8.8") == ("8.8.8.8",)
    await outside.close()
