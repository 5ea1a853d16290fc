"""Which sections of which RFCs the code names, and which tests name them too: the page docs/reference/rfcs.md.

Code that follows a protocol says so beside it: `RFC 8620 §5.3`. This reads those words and proves nothing."""

import pathlib
import re
from collections import defaultdict

ROOT = pathlib.Path(__file__).resolve().parent.parent
_NAMED = re.compile(r"RFC[ \n#*]{1,8}(\d{3,5})(?:\s+§{1,2}\s?([\d.]*\d))?")
TITLES = {
    1456: "Vietnamese in mail",
    2045: "MIME, message bodies", 2046: "MIME, media types", 2047: "MIME, encoded words", 2231: "MIME parameters",
    3030: "SMTP CHUNKING", 3207: "SMTP STARTTLS", 3461: "SMTP DSN", 3464: "delivery status notifications",
    3501: "IMAP4rev1", 3834: "automatic responses", 4155: "mbox", 4954: "SMTP AUTH", 5321: "SMTP",
    5322: "message format", 5545: "iCalendar", 5546: "iTIP", 6152: "8BITMIME", 6154: "IMAP special-use",
    6350: "vCard", 6376: "DKIM", 7208: "SPF", 7489: "DMARC", 8301: "DKIM algorithms", 8463: "DKIM with Ed25519",
    8601: "Authentication-Results", 8617: "ARC", 9989: "DMARC, tree walk",
    6522: "multipart/report", 6531: "SMTPUTF8", 6532: "internationalised headers",
    7591: "OAuth registration", 8058: "one-click unsubscribe", 8620: "JMAP", 8621: "JMAP for mail",
    8887: "JMAP over WebSocket", 9051: "IMAP4rev2", 9110: "HTTP", 9404: "JMAP blobs", 9425: "JMAP quotas",
}  # fmt: skip

Places = dict[tuple[int, str], set[str]]


def named(folder: str) -> Places:
    """Files by (number of the RFC, section); the section is empty where only the RFC is named."""
    found: Places = defaultdict(set)
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for number, section in _NAMED.findall(text):
            found[int(number), section].add(path.relative_to(ROOT).as_posix())
    return found


def page() -> str:
    """The page as Markdown."""
    code, tests = named("parvis"), named("tests")
    numbers = sorted({number for number, _ in code})
    lines = [
        "# RFCs in the code",
        "",
        "Made by `make docs` from comments and docstrings that name a section. A section that a test names as well",
        "has the file in the third column.",
        "",
    ]
    for number in numbers:
        sections = sorted((s for n, s in code if n == number), key=_order)
        with_tests = sum(bool(tests.get((number, section))) for section in sections if section)
        count = sum(bool(section) for section in sections)
        lines += [f"## RFC {number} {TITLES.get(number, '')}".rstrip(), ""]
        if count:
            lines += [f"{count} sections named in the code, {with_tests} of them in tests.", ""]
        lines += ["| section | code | tests |", "|---|---|---|"]
        for section in sections:
            where, proved = code[number, section], tests.get((number, section), set())
            lines.append(f"| {'§' + section if section else 'whole'} | {_files(where)} | {_files(proved)} |")
        lines.append("")
    return "\n".join(lines)


def _order(section: str) -> list[int]:
    return [int(part) for part in section.split(".") if part]


def _files(paths: set[str]) -> str:
    return ", ".join(f"`{path.removeprefix('parvis/').removeprefix('tests/')}`" for path in sorted(paths))


if __name__ == "__main__":
    print(page())
