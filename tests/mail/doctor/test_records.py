"""The doctor in JMAP, with a DNS server and a web server of our own: MTA-STS, the certificate, who may ask."""

import time

import pytest

from parvis.kernel.settings import Dns, Mail
from parvis.mail.doctor import certificate, policy
from parvis.mail.doctor.records import Records
from parvis.mail.queue import policies
from parvis.serve.http.exchange import Request
from parvis.store.sql.contract import counting
from parvis.wire import sts
from tests import certificates
from tests.authority import Authority, needs_nsd, txt
from tests.mail.smtp.conftest import Client, Site
from tests.mail.smtp.test_trust import Web

pytestmark = needs_nsd
HOST = "mail.example.org"


class Asking(Client):
    using = ("urn:ietf:params:jmap:core", "urn:parvis:deliverability")


@pytest.fixture
def trusted(tmp_path, monkeypatch) -> certificates.Authority:
    made = certificates.Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
async def web(trusted, monkeypatch):
    opened = await Web(trusted.context("mta-sts.example.org")[0]).open()
    monkeypatch.setattr(policies, "PORT", opened.port)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    opened = Authority(tmp_path_factory.mktemp("nsd"), "", broken=("broken.test",))
    yield opened
    opened.close()


@pytest.fixture
def ours(mail_settings, authority, trusted, tmp_path):
    """Settings of a server with a certificate."""
    trusted.context(HOST, days=90)
    mail_settings.domains, mail_settings.hostname = ["example.org"], HOST
    mail_settings.tls_certificate = str(tmp_path / "authority" / f"{HOST}90.pem")
    mail_settings.dns = Dns(nameservers=[authority.address], loopback=True)
    return mail_settings


def announce(authority: Authority, number: str, *more: str) -> None:
    lines = (f"example.org. MX 10 {HOST}.", "mta-sts.example.org. A 127.0.0.1", *more)
    authority.change("\n".join([*lines, txt("_mta-sts.example.org", f"v=STSv1; id={number}")]))


async def codes(site: Site) -> dict[str, tuple[str, str, str]]:
    """What is said of our domain and our server, by what was looked at: verdict, code, line."""
    context = site.context
    examined = await Records(site.store, context.settings, context.egress).examine()
    records = [*examined.server, *examined.domains["example.org"]]
    return {one.what: (one.verdict, one.words, one.line) for one in records}


async def test_policy_record_and_servers_fit(ours, authority, web, site_sqlite: Site) -> None:
    own = policy.own(ours, "example.org")
    assert own is not None
    announce(authority, policy.mark(own))
    web.bodies = {"mta-sts.example.org": policy.written(own)}
    told = await codes(site_sqlite)
    assert told["MTA-STS"] == ("good", "sts-testing", "") and told["TLS"][:2] == ("good", "tls-good")


async def test_a_policy_that_has_changed_wants_another_id(ours, authority, web, site_sqlite: Site) -> None:
    own = policy.own(ours, "example.org")
    announce(authority, "old")
    web.bodies = {"mta-sts.example.org": policy.written(own)}
    line = f'_mta-sts.example.org. IN TXT "v=STSv1; id={policy.mark(own)}"'
    assert (await codes(site_sqlite))["MTA-STS"] == ("note", "sts-id", line)


@pytest.mark.parametrize(("mode", "verdict"), [("enforce", "fault"), ("testing", "note")])
async def test_a_server_that_the_policy_does_not_name(
    ours, authority, web, site_sqlite: Site, mode: str, verdict: str
) -> None:
    announce(authority, "1", "example.org. MX 20 backup.example.net.")
    web.bodies = {"mta-sts.example.org": f"version: STSv1\nmode: {mode}\nmx: {HOST}\nmax_age: 86400\n"}
    assert (await codes(site_sqlite))["MTA-STS"] == (verdict, "sts-mx", "")
    ours.mail.exchangers = ["backup.example.net"]
    ours.mail.mta_sts = mode
    web.bodies = {"mta-sts.example.org": policy.written(policy.own(ours, "example.org"))}
    assert (await codes(site_sqlite))["MTA-STS"][1] == "sts-id"


async def test_a_record_without_a_policy_and_neither(ours, authority, web, site_sqlite: Site) -> None:
    announce(authority, "1")
    assert (await codes(site_sqlite))["MTA-STS"][:2] == ("note", "sts-unreachable")
    authority.change("")
    verdict, words, line = (await codes(site_sqlite))["MTA-STS"]
    assert (verdict, words) == ("note", "sts-missing") and "v=STSv1; id=" in line
    asking = '_dmarc.example.org. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.org"'
    assert (await codes(site_sqlite))["DMARC"] == ("fault", "dmarc-missing", asking)  # RFC 9989 §5.1.4
    ours.mail.mta_sts = "none"
    assert (await codes(site_sqlite))["MTA-STS"] == ("note", "sts-off", "")


@pytest.mark.parametrize(
    ("host", "days", "found"), [(HOST, -1, "tls-ends"), (HOST, 3, "tls-ends"), ("other.example", 90, "tls-names")]
)
async def test_certificates_that_do_not_fit(
    ours, authority, trusted, site_sqlite: Site, tmp_path, host: str, days: int, found: str
) -> None:
    trusted.context(host, days=days)
    ours.tls_certificate = str(tmp_path / "authority" / f"{host}{days}.pem")
    assert (await codes(site_sqlite))["TLS"][1] == found
    ours.tls_certificate = str(trusted.file)
    assert (await codes(site_sqlite))["TLS"][1] == "tls-unsigned"
    ours.tls_certificate = str(tmp_path / "nothing.pem")
    assert (await codes(site_sqlite))["TLS"][:2] == ("fault", "tls-unread")


def test_names_with_a_star() -> None:
    shown = certificate.Shown(("*.example.org", "one.example"), 0, True)
    assert shown.is_for("mail.example.org") and shown.is_for("ONE.example.")
    assert not shown.is_for("a.b.example.org") and not shown.is_for("example.org")


async def test_our_policy_is_served_by_host(ours) -> None:
    (route,) = policy.routes(ours)
    assert (route.path, route.auth) == ("/.well-known/mta-sts.txt", "open")

    async def ask(host: str):
        async def nothing():
            return {}

        return await route.handle(Request("GET", route.path, {}, {"host": host}, nothing))

    answer = await ask("MTA-STS.example.org:443")
    found = sts.parse(answer.body.decode())
    assert (found.mode, found.exchangers) == ("testing", (HOST,)) and found == policy.own(ours, "example.org")
    assert dict(answer.headers)["content-type"].startswith("text/plain")
    ours.mail = Mail(mta_sts="none")
    assert sts.parse((await ask("mta-sts.example.org")).body.decode()).mode == "none"
    for host in ("example.org", "mta-sts.example.net", "mta-sts.", ""):
        with pytest.raises(Exception, match="no policy"):
            await ask(host)
    ours.tls_certificate = ""
    with pytest.raises(Exception, match="no policy"):
        await ask("mta-sts.example.org")


def test_another_policy_has_another_mark(ours) -> None:
    first = policy.mark(policy.own(ours, "example.org"))
    ours.mail.mta_sts = "enforce"
    assert policy.mark(policy.own(ours, "example.org")) != first and first.isalnum() and len(first) <= 32


async def test_administrators_ask(ours, authority, site: Site) -> None:
    authority.change(f"{HOST}. A 192.0.2.1")
    root, ann = await site.person("root", administrator=True, language="fr"), await site.person("ann")
    assert (await Asking(site.engine, ann)("MailDoctor/get"))["error"] == "forbidden"
    client = Asking(site.engine, root)
    told = await client("MailDoctor/get")
    assert set(told) == {"accountId", "at", "server", "domains", "mail", "reports"}
    (domain,) = told["domains"]
    assert domain["domain"] == "example.org"
    spf = next(one for one in domain["records"] if one["what"] == "SPF")
    assert spf == {
        "where": "example.org", "what": "SPF", "verdict": "fault", "code": "spf-missing",
        "sentence": "Rien ne dit qui peut envoyer ; définir", "line": 'example.org. IN TXT "v=spf1 mx -all"',
    }  # fmt: skip
    assert (
        told["reports"] == {"days": [], "dmarc": 0, "tls": 0, "reporters": [], "last": None} and told["mail"] == []
    )
    (domain,) = (await client("MailDoctor/get", language="en"))["domains"]
    assert "Nothing says who may send; set" in [one["sentence"] for one in domain["records"]]


async def test_questions_to_the_database_grow_with_domains_only(ours, authority, site: Site) -> None:
    root = await site.person("root", administrator=True)
    client = Asking(site.engine, root)

    async def asked() -> int:
        await client("MailDoctor/get")
        with counting() as count:
            await client("MailDoctor/get")
        return len(count)

    one = await asked()
    ours.domains = ["example.org", "example.net"]
    assert one <= 10 and await asked() <= one + 1


async def test_many_domains_that_do_not_answer_take_no_longer(
    ours, authority, site_sqlite: Site, monkeypatch
) -> None:
    monkeypatch.setattr("parvis.mail.doctor.records._SECONDS", 1.0)
    ours.domains = [f"d{number}.broken.test" for number in range(8)]
    ours.dns = Dns(nameservers=["192.0.2.1"])
    started = time.monotonic()
    examined = await Records(site_sqlite.store, ours, site_sqlite.context.egress).examine()
    assert time.monotonic() - started < 6
    assert all(one.verdict == "fault" for one in examined.domains["d1.broken.test"])
