"""Why another server did not take a message, told from its answer: from the words of large providers first, then
from the enhanced status (RFC 3463, RFC 7372, RFC 7505), then from the code (RFC 5321 §4.2.1)."""

import re

_GIVEN_UP = re.compile(r"550 5\.4\.7 given up; the last answer was: ", re.I)
_STATUS = re.compile(r"\d{3}[ -]+#?([245]\.\d{1,3}\.\d{1,3})\b")
_OURS = "5.7.0 the administrator of the sending server has dropped"
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(words, re.I))
    for reason, words in (
        ("alone", r"5\.7\.1 not tried until"),
        ("dnssec", r"_tcp\.\S+ cannot be looked up"),
        ("dane", r"\(DANE\)|TLSA|DNSSEC"),
        ("sts", r"MTA-STS policy"),
        ("no-tls", r"offers no TLS"),
        ("certificate", r"TLS fails"),
        ("tls-wanted", r"\b4\.7\.29\b|must issue (a )?STARTTLS|TLS (is )?required|\b5\.7\.10\b"),
        ("microsoft-block", r"\bS3(140|150)\b|\b5\.7\.6(0[6-9]|[1-4]\d)\b|banned sending IP"),
        ("microsoft-slow", r"\b4\.7\.6[45]\d\b|\(S77\d\d?\d?\)|\bS775\b"),
        ("yahoo-slow", r"\[TSS?\d\d\]|\bTSS0\d\b"),
        ("ptr", r"\b[45]\.7\.25\b|\b4\.7\.23\b|reverse (dns|hostname|lookup)|\bPTR\b|FCrDNS|no rdns"),
        ("google-slow", r"\b[45]\.7\.28\b|unusual rate"),
        ("dmarc", r"\b[45]\.7\.(26|32|509|515)\b|DMARC|unauthenticated|not authenticated by|\b5\.7\.9\b"),
        ("dkim", r"\b[45]\.7\.(20|21|22|30)\b|DKIM"),
        ("spf", r"\b[45]\.7\.(23|24|27)\b|\bSPF\b|sender policy framework"),
        ("blocklist", r"spamhaus|\b(zen|[sxpr]bl)\b|spamcop|barracuda|dnsbl|b(lock|lack) ?list|blocked using"),
        ("grey", r"gr[ea]y-?list|postgrey"),
        ("login", r"\b5\.7\.(8|57)\b|^535\b|authentication (required|failed)|not logged in|sign in first"),
        ("relay", r"relay(ing)? (access |is |not )?(denied|permitted|allowed)|does not relay|unable to relay"),
        ("big", r"\b[45]\.[23]\.[34]\b|message (size )?(is )?too (large|big)|exceeds.{0,30}size"),
        ("full", r"\b[45]\.2\.2\b|over ?quota|(mailbox|inbox).{0,20}full|quota exceeded|out of storage"),
        ("no-mail", r"^556\b|accepts no mail|null ?mx"),
        ("spam", r"\bspam\b|unsolicited|junk mail|\bAS\(\d+\)|suspicious|message content|virus|reputation"),
        ("unknown", r"(user|recipient|mailbox|address).{0,20}(unknown|not found|does(n't| not) exist|invalid)"),
        ("unknown", r"no such (user|mailbox|recipient)|unknown (user|recipient|mailbox)|nobody has this address"),
        ("slow", r"too many|rate ?limit|throttl|temporarily deferred|too fast"),
    )
)  # fmt: skip
_STATUSES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(status))
    for reason, status in (
        ("unknown", r"[45]\.1\.(1|6|10)$"), ("no-domain", r"[45]\.1\.2$"), ("sender", r"[45]\.1\.[78]$"),
        ("address", r"[45]\.1\."), ("closed", r"[45]\.2\.1$"), ("no-dns", r"[45]\.4\.3$"),
        ("no-route", r"[45]\.4\.4$"), ("loop", r"[45]\.4\.6$"), ("unreached", r"[45]\.4\."),
        ("grey", r"4\.7\.1$"), ("certificate", r"4\.7\.5$"), ("slow", r"4\.7\."), ("policy", r"5\.7\."),
        ("content", r"5\.6\."), ("busy", r"4\.3\."),
    )
)  # fmt: skip
REASONS = frozenset({reason for reason, _ in (*_WORDS, *_STATUSES)} | {"later", "other"})
OWN_FAULT = frozenset(
    {"dmarc", "dkim", "spf", "ptr", "login", "relay", "blocklist", "microsoft-block", "tls-wanted", "sender"}
)
"""What only whoever runs this server can mend, and what keeps mail of everybody."""


def reason(reply: str) -> str:
    """Why, as one of REASONS; empty when it was the administrator's own wish. `reply` is the whole answer as one
    line, code first."""
    reply = _GIVEN_UP.sub("", reply[:1000])
    if _OURS in reply:
        return ""
    status = _STATUS.match(reply)
    for found, words in _WORDS:
        if words.search(reply):
            return found
    if status is not None:
        known = next((found for found, pattern in _STATUSES if pattern.match(status[1])), "")
        if known:
            return known
    if reply.startswith(("450", "451")) and "try again" in reply.lower():
        return "grey"
    return "later" if reply.startswith("4") else "other"
