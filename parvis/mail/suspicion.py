"""What may be wrong with who a message is from and where its links lead, as pure functions. Nothing here is proof;
it is said to the reader, who decides."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from parvis.kernel.languages import fold
from parvis.kernel.later import rapidfuzz
from parvis.wire.smtp import split_address

Kind = Literal[
    "notProved", "lookalikeSender", "mixedLetters", "nameOfColleague", "addressInName", "replyElsewhere",
    "firstTime", "linkElsewhere", "lookalikeLink", "encodedLink",
]  # fmt: skip
_LIKE = (
    ("авегкмнопрстухьиѕіјһԁԛԝӏ", "aberkmhonpctyxbusijhdqwl"),  # Cyrillic
    ("αβγεικνορτυχωη", "abyeikvoptuxwn"),  # Greek
    ("ոսօհց", "nuohg"),  # Armenian
    ("ıɡ0135", "igoles"),
)
"""Letters and digits, and the Latin letters they look like. UTS #39 has all; these stand in names of domains."""
_TABLE = {ord(letter): plain for row in _LIKE for letter, plain in zip(*row, strict=True)}
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_NEAR_FROM = 6
"""Letters from which on a name with one letter wrong is taken for an imitation."""
_SECOND_LEVEL = frozenset(
    {"ac", "asso", "co", "com", "edu", "gouv", "gov", "info", "mil", "name", "net", "or", "org"}
)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]{1,64}@[^\s<>\"'(),;:@]{3,253}")
_SHOWN_LINK = re.compile(r"(?:https?://)?((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?::\d+)?(?:[/?#]\S*)?\Z", re.I)
_MOST_LINKS = 500
_MOST = 20


class Caution(msgspec.Struct, frozen=True):
    """One thing to tell the reader: what is shown, and what is really there."""

    kind: Kind
    shown: str = ""
    really: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message. `links` are the words and the target of each; `colleagues` are the addresses of
    the people here, by `name_key`; `domains` are ours."""

    name: str = ""
    address: str = ""
    reply_to: Sequence[str] = ()
    dmarc: str = ""
    is_known: bool = True
    links: Sequence[tuple[str, str]] = ()
    domains: Sequence[str] = ()
    colleagues: Mapping[str, frozenset[str]] = field(default_factory=dict)


def warnings(facts: Facts) -> list[Caution]:
    """What to tell the reader, the gravest first; each thing once."""
    found = [*_of_sender(facts), *_of_links(facts)]
    return list(dict.fromkeys(found))[:_MOST]


def _of_sender(facts: Facts) -> Iterator[Caution]:
    domain = readable(split_address(facts.address.lower())[1])
    is_ours = any(_is_within(domain, one) for one in facts.domains)
    if facts.dmarc == "fail":
        yield Caution("notProved", facts.address, domain)
    if imitated := lookalike(domain, facts.domains):
        yield Caution("lookalikeSender", domain, imitated)
    for text in (facts.name, domain):
        if mixes_letters(text):
            yield Caution("mixedLetters", text)
    own = facts.colleagues.get(name_key(facts.name), frozenset())
    if own and not is_ours and facts.address.lower() not in own:
        yield Caution("nameOfColleague", facts.name, facts.address)
    for inside in _ADDRESS.findall(facts.name[:1000]):
        if organisation(readable(split_address(inside.lower())[1])) != organisation(domain):
            yield Caution("addressInName", inside, facts.address)
    for other in facts.reply_to[:5]:
        answers = readable(split_address(other.lower())[1])
        if domain and answers and organisation(answers) != organisation(domain):
            yield Caution("replyElsewhere", facts.address, other)
    if not facts.is_known and not is_ours and facts.address:
        yield Caution("firstTime", facts.address)


def _of_links(facts: Facts) -> Iterator[Caution]:
    for words, target in facts.links[:_MOST_LINKS]:
        host = host_of(target)
        if not host:
            continue
        shown = readable(host)
        match = _SHOWN_LINK.match(words.strip().lower()[:2000])
        if match and organisation(readable(match[1])) != organisation(shown):
            yield Caution("linkElsewhere", match[1], shown)
        if imitated := lookalike(shown, facts.domains):
            yield Caution("lookalikeLink", shown, imitated)
        if shown != host or mixes_letters(shown):
            yield Caution("encodedLink", shown, host)


def host_of(url: str) -> str:
    """The host that a web address leads to, in lower case and A-labels; "" for anything else."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".") if parts.scheme.lower() in ("http", "https") else ""
        return host.encode("idna").decode() if not host.isascii() else host
    except (ValueError, UnicodeError):
        return ""


def readable(domain: str) -> str:
    """A domain as it is shown: A-labels decoded. RFC 5890 §2.3.2.1"""
    return ".".join(_decoded(label) for label in domain.split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def skeleton(text: str) -> str:
    """What a text looks like at a glance: two that look alike have the same. UTS #39 §4

    >>> skeleton("Vietсombаnk") == skeleton("vietcombạnk")
    True
    """
    plain = fold(unicodedata.normalize("NFKC", text[:300]).translate(_TABLE)).translate(_TABLE)
    for pair, letter in _PAIRS:
        plain = plain.replace(pair, letter)
    return plain


def lookalike(domain: str, known: Iterable[str]) -> str:
    """The one of the known domains that this one imitates; "" when it is one of them or like none."""
    if not domain or any(_is_within(domain, one) for one in known):
        return ""
    seen = skeleton(organisation(domain))
    apart = rapidfuzz.distance.OSA.distance
    for one in known:
        other = skeleton(one)
        if seen == other or (len(other) >= _NEAR_FROM and apart(seen, other, score_cutoff=1) <= 1):
            return one
    return ""


def _is_within(domain: str, above: str) -> bool:
    return domain == above or domain.endswith("." + above)


def organisation(domain: str) -> str:
    """The part of a domain that somebody has registered, as near as its form tells: the last two labels, or three
    below such as `co.uk` and `com.vn`."""
    labels = domain.rstrip(".").split(".")
    many = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-many:])


def mixes_letters(text: str) -> bool:
    """Whether one word has letters of Latin and of a script that looks like it."""
    return any(len(_scripts(word)) > 1 for word in re.findall(r"[^\W\d_]+", text[:1000]))


def _scripts(word: str) -> set[str]:
    if word.isascii():
        return set()
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word)
    return {name for name in names if name in ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")}


def name_key(name: str) -> str:
    """A name in the form in which two are compared: what it looks like, its words in order of the alphabet; "" for
    one of a single word, which many share."""
    words = sorted(re.findall(r"\w+", skeleton(name)))
    return " ".join(words) if len(words) > 1 else ""
