"""Where an address's servers are, by DNS (RFC 6186), and TLS on the way to them: the right certificate or nothing."""

import pytest

from parvis.kernel.settings import Dns, Ports, Settings
from parvis.ops import people
from tests.authority import NSD
from tests.authority import Authority as Names
from tests.certificates import Authority
from tests.leak.test_leak import PASSWORD
from tests.mail.external.conftest import closed, opened_app, person

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NSD is None, reason="nsd is not installed")]
ADDRESS = "bob@elsewhere.example"


@pytest.fixture
async def apps(tmp_path):
    """A program here and one there; DNS says where that one's servers are."""
    authority = Authority(tmp_path / "trusted")
    authority.context("localhost")
    ports = Ports(http=0, smtp=0, imap=0, imaps=0, submission=0, submissions=0)
    there = await opened_app(
        Settings(
            data=str(tmp_path / "there"),
            domains=["elsewhere.example"],
            ports=ports,
            tls_certificate=str(tmp_path / "trusted" / "localhost1.pem"),
        )
    )
    await people.create(there.context.store, there.features, "person", "Bob", ADDRESS, password=PASSWORD)
    names = Names(
        tmp_path / "names",
        f"""_imaps._tcp.elsewhere.example. SRV 20 1 1 localhost.
        _imaps._tcp.elsewhere.example. SRV 10 1 {there.ports["imaps"]} localhost.
        _submissions._tcp.elsewhere.example. SRV 0 0 0 .
        _submission._tcp.elsewhere.example. SRV 0 1 {there.ports["submission"]} localhost.""",
    )
    here = await opened_app(
        Settings(
            data=str(tmp_path / "here"),
            domains=["example.net"],
            egress_allow=["localhost"],
            ports=Ports(http=0),
            dns=Dns(nameservers=[names.address]),
        )
    )
    yield here, there, authority
    await closed(here)
    await closed(there)
    names.close()


async def test_servers_are_found_and_reached_with_their_certificate_only(apps, monkeypatch) -> None:
    here, there, authority = apps
    ann = await person(here)
    asked = ("ExternalAccount/discover", {"accountId": ann.account, "address": "Bob@Elsewhere.example"})
    found = (await ann(asked))[0][1]
    assert (found["imap"], found["smtp"]) == (None, None), "a certificate of nobody's is no server"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    found = (await ann(asked))[0][1]
    assert found["imap"] == {
        "host": "localhost", "port": there.ports["imaps"], "security": "tls", "username": ADDRESS,
    }  # fmt: skip
    assert (found["smtp"]["port"], found["smtp"]["security"]) == (there.ports["submission"], "starttls")
    starttls = {**found["imap"], "port": there.ports["imap"], "security": "starttls"}
    for imap, smtp in (
        (found["imap"], found["smtp"]),
        (starttls, {**found["smtp"], "port": there.ports["submissions"], "security": "tls"}),
    ):
        given = {"address": ADDRESS, "imap": imap, "smtp": smtp, "password": PASSWORD}
        answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
        number = answer[0][1]["created"]["a"]["id"]
        again = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
        assert again[0][1]["notCreated"]["a"]["properties"] == ["address"]
        await ann(("ExternalAccount/set", {"accountId": ann.account, "destroy": [number]}))
    given = {"address": ADDRESS, "imap": imap, "smtp": smtp, "password": PASSWORD, "smtpPassword": "wrong"}
    answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
    assert (answer[0][1]["notCreated"]["a"]["type"], answer[0][1]["notCreated"]["a"]["properties"]) == (
        "signInFailed", ["smtp"],
    )  # fmt: skip
    monkeypatch.delenv("SSL_CERT_FILE")
    answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
    assert answer[0][1]["notCreated"]["a"]["type"] == "unreachable"
