"""`parvis mail dkim` and `parvis doctor mail`, with a DNS server of our own."""

import json
import re

import pytest

from parvis.kernel.egress import Egress
from parvis.kernel.settings import Settings
from parvis.mail.doctor.words import TEXTS
from parvis.ops import cli
from parvis.ops.commands import mail_texts
from parvis.serve.context import Context
from parvis.store.store import Store
from parvis.wire.dkim_keys import parse_key
from tests.authority import Authority, needs_nsd, zone
from tests.ops.test_cli import Closed

pytestmark = needs_nsd
RIGHT = """
    mail.example.org. A 192.0.2.1
    mail.example.org. AAAA 2001:db8::1
    1.2.0.192.in-addr.arpa. PTR mail.example.org.
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.org.
    example.org. MX 10 mail.example.org.
    example.org. TXT "v=spf1 mx -all"
    _dmarc.example.org. TXT "v=DMARC1; p=reject; rua=mailto:postmaster@example.org"
    _mta-sts.example.org. TXT "v=STSv1; id=1"
    _smtp._tls.example.org. TXT "v=TLSRPTv1; rua=mailto:postmaster@example.org"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    opened = Authority(tmp_path_factory.mktemp("nsd"), "", broken=("broken.test",))
    yield opened
    opened.close()


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, authority):
    """`run("mail", "dkim")`: exit code and what was printed."""
    monkeypatch.setenv("LANGUAGE", "en")

    async def opener(settings: Settings) -> Closed:
        store = await Store.open(settings, ["store", "access", "mail"])
        return Closed(Context(settings, store, Egress([])), ())

    def call(command: str, *arguments: str, domains: str = "example.org") -> tuple[int, str]:
        (tmp_path / "parvis.toml").write_text(
            f'hostname = "mail.example.org"\ndomains = ["{domains}"]\n[dns]\nnameservers = ["{authority.address}"]\n'
        )
        code = cli.main([command, "--data", str(tmp_path), *arguments], opener)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def lines_of(printed: str) -> dict[str, str]:
    """The records of a zone file, comments left out."""
    found = {}
    for line in printed.splitlines():
        if match := re.match(r"\s*(\S+)\. IN TXT (.*)", line):
            found[match[1]] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[2]))
    return found


def test_the_records_of_our_keys(run) -> None:
    code, printed = run("mail", "dkim")
    records = lines_of(printed)
    assert code == 0 and printed.count("; signs now") == 2
    assert sorted(parse_key(text).algorithm for text in records.values()) == ["ed25519", "rsa"]
    assert all(name.endswith("._domainkey.example.org") for name in records)
    assert all(len(piece) <= 255 for piece in re.findall(r'"([^"]*)"', printed))
    assert run("mail", "dkim", "example.org") == (0, printed)  # made once
    code, rotated = run("mail", "dkim", "--rotate")
    assert code == 0 and len(lines_of(rotated)) == 4 and rotated.count("; signs from 20") == 2
    assert run("mail", "dkim", "--rotate")[0] == 1
    assert run("mail", "dkim", "elsewhere.test")[0] == 1
    assert run("mail", "dkim", "--days", "-1")[0] == 1


def test_all_is_right(run, authority) -> None:
    keys = lines_of(run("mail", "dkim")[1])
    authority.change(zone(keys, RIGHT))
    code, printed = run("doctor", "mail")
    assert (code, printed.count("✓"), printed.count("✗")) == (0, 8, 0), printed
    assert "mta-sts.txt cannot be read" in printed


def test_what_doctor_says_to_set_makes_it_right(run, authority) -> None:
    authority.change("mail.example.org. A 192.0.2.1")
    code, printed = run("doctor", "mail")
    assert code == 3 and printed.count("✗") == 6 and printed.count("·") == 3, printed
    told = "\n".join(line.strip().replace(" IN ", " ") for line in printed.splitlines() if ". IN " in line)
    authority.change("mail.example.org. A 192.0.2.1\n" + told)
    code, printed = run("doctor", "mail")
    assert (code, printed.count("✓"), printed.count("✗")) == (0, 6, 0), printed
    assert "· DMARC" in printed  # it only asks for reports at first


def test_what_is_wrong(run, authority) -> None:
    keys = lines_of(run("mail", "dkim")[1])
    name = next(iter(keys))
    wrong = RIGHT.replace('"v=spf1 mx -all"', '"v=spf1 ip4:192.0.2.1 -all"').replace("p=reject", "p=none")
    wrong = wrong.replace("PTR mail.", "PTR host.").replace("MX 10 mail.", "MX 10 other.")
    authority.change(zone(keys | {name: "v=DKIM1; p=AAAA"}, wrong))
    code, printed = run("doctor", "mail", "--json")
    told = json.loads(printed)
    records = [*told["server"], *told["domains"][0]["records"]]
    found = {one["code"] for one in records}
    assert all(one["line"] for one in records if one["code"] in ("ptr-wrong", "spf-wrong", "dkim-other"))
    assert code == 3 and {"ptr-wrong", "mx-other", "spf-wrong", "dkim-other", "dkim-good", "dmarc-mild"} <= found


def test_dns_that_does_not_answer_is_a_fault(run) -> None:
    code, printed = run("doctor", "mail", domains="broken.test")
    assert code == 3 and printed.count("DNS does not answer") == 6, printed


@pytest.mark.parametrize("spoken", ["fr", "vi", "en"])
def test_in_every_language(run, authority, monkeypatch, spoken) -> None:
    monkeypatch.setenv("LANGUAGE", spoken)
    authority.change("")
    code, printed = run("doctor", "mail")
    assert code == 3 and TEXTS["mx-missing"][spoken][1:] in printed


def test_every_text_names_the_same_in_every_language() -> None:
    for texts in (*TEXTS.values(), *mail_texts.TEXTS.values()):
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1
        assert set(texts) == {"en", "fr", "vi"}


def test_lists_and_the_queue_by_the_command_line(run, tmp_path) -> None:
    def account(address: str, kind: str) -> None:
        code, printed = run("account", "add", address, "--name", address.partition("@")[0], "--kind", kind)
        assert code == 0, printed

    account("team@example.org", "group")
    account("desk@example.org", "space")
    assert run("mail", "list", "desk@example.org")[0] == 1
    made = ("--posting", "anyone", "--moderator", "desk@example.org", "--subscribe", "bob@example.net")
    assert run("mail", "list", "team@example.org", *made) == (0, "team@example.org: anyone, hold; 0 + 1, 0 held\n")
    assert run("mail", "list", "team@example.org", "--unsubscribe", "bob@example.net")[1].endswith(
        "0 + 0, 0 held\n"
    )
    assert run("mail", "list")[1].startswith("team@example.org: anyone")
    assert run("mail", "list", "team@example.org", "--end") == (0, "") == run("mail", "list")
    assert run("mail", "queue") == (0, "") and run("mail", "queue", "drop")[0] == 1
    assert run("mail", "queue", "retry", "--all") == (0, "retry: 0\n")
    assert run("mail", "suppressed") == (0, "")
    assert run("mail", "suppressed", "--lift", "x@one.example")[0] == 1
