"""Which sections of which RFCs the code keeps, which of them tests name too, and what is left out and why: the page
docs/reference/rfcs.md.

Code that follows a protocol says so beside it: `RFC 8620 §5.3` or `RFC 8620 §5.3, §5.4`. For the RFCs that a server
of ours must keep, `tools/rfcs/NUMBER.toml` lists all sections, those with requirements (MUST, SHALL, SHOULD,
REQUIRED) and, for each of these that the code does not name, why. A section counts as named with any section below
or above it. Whether what is named is kept is proved by tests, not by this. A list made from a draft of an RFC, or
of its successor, names it in `from`.

    python tools/coverage_of_rfcs.py                 what is neither named nor left out, and names of no section
    python tools/coverage_of_rfcs.py FOLDER NUMBER…  makes the lists anew from texts rfcNUMBER.txt in a folder"""

import json
import pathlib
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTS = ROOT / "tools" / "rfcs"
_NAMED = re.compile(r"RFC[ \n#*]{1,20}(\d{3,5})((?:(?:,|,? and|,? or)?[ \n#]{1,20}§{1,2} ?\d[\d.]*)*)")
_SECTION = re.compile(r"§ ?(\d[\d.]*)")
_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s{1,4}(\S.{0,90})\Z")
_PAGE_BREAK = re.compile(r"\n+[^\n]*\[Page \d+\]\n\f?\n*[^\n]*RFC \d+[^\n]*\n+")
_BINDING = re.compile(r"\b(MUST|SHALL|SHOULD|REQUIRED)\b")

Places = dict[int, dict[str, set[str]]]


@dataclass(frozen=True)
class Listed:
    """An RFC that a server of ours must keep."""

    number: int
    title: str
    sections: frozenset[str]
    binding: dict[str, str]
    """Sections with requirements and their titles."""
    left: dict[str, str]
    """Sections with requirements that the code does not name, and why."""
    draft: str = ""
    """The draft that the list was made from, when it was not the RFC itself."""


def listed() -> list[Listed]:
    """All lists, by number."""
    found = []
    for file in sorted(LISTS.glob("*.toml"), key=lambda file: int(file.stem)):
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        sections = frozenset(read["sections"].split())
        left, draft = read.get("left", {}), read.get("from", "")
        found.append(Listed(int(file.stem), read["title"], sections, read["binding"], left, draft))
    return found


def named(folder: str) -> Places:
    """Files by RFC and section; the section is empty where only the RFC is named."""
    found: Places = defaultdict(lambda: defaultdict(set))
    for path in sorted((ROOT / folder).rglob("*.py")):
        for match in _NAMED.finditer(path.read_text(encoding="utf-8")):
            for section in _SECTION.findall(match[2]) or [""]:
                found[int(match[1])][section.rstrip(".")].add(path.relative_to(ROOT).as_posix())
    return found


def files(places: dict[str, set[str]], section: str) -> set[str]:
    """The files that name a section, one below it or one above it."""
    return {file for each in places if _is_kin(each, section) for file in places[each]}


def _is_kin(one: str, other: str) -> bool:
    return bool(one) and (one == other or one.startswith(f"{other}.") or other.startswith(f"{one}."))


def faults() -> list[str]:
    """What is neither named nor left out, what is left out though it is named, and names of no section."""
    code, tests = named("parvis"), named("tests")
    found = []
    for one in listed():
        places = code[one.number]
        for section in one.binding:
            if files(places, section):
                if section in one.left:
                    found.append(f"RFC {one.number} §{section} is named in the code and left out in its list")
            elif section not in one.left:
                found.append(f"RFC {one.number} §{section} {one.binding[section]}: not in the code, nor left out")
        found += [
            f"RFC {one.number} §{each} is left out and has no requirement" for each in one.left.keys() - one.binding
        ]
        for places in (code[one.number], tests[one.number]):
            wrong = [section for section in places if section and section not in one.sections]
            found += [
                f"RFC {one.number} has no §{section}: {', '.join(sorted(places[section]))}" for section in wrong
            ]
    return found


def page() -> str:
    """The page as Markdown."""
    code, tests, lists = named("parvis"), named("tests"), listed()
    lines = [
        "# RFCs in the code",
        "",
        "Made by `make docs` from comments and docstrings that name a section, and from `tools/rfcs/`, which lists",
        "the sections with requirements of the RFCs that a mail server keeps. Every one of them is named in the",
        "code or left out with its reason; a fast test holds that.",
        "",
        "| RFC | | sections with requirements | in the code | in tests | left out |",
        "|---|---|---|---|---|---|",
    ]
    for one in lists:
        kept = [section for section in one.binding if files(code[one.number], section)]
        proved = [section for section in kept if files(tests[one.number], section)]
        numbers = f"{len(one.binding)} | {len(kept)} | {len(proved)} | {len(one.left)}"
        lines.append(f"| [{one.number}](#rfc-{one.number}) | {one.title} | {numbers} |")
    lines.append("")
    titles = {one.number: one for one in lists}
    for number in sorted(code.keys() | titles.keys()):
        lines += _chapter(number, titles.get(number), code[number], tests[number])
    return "\n".join(lines)


def _chapter(number: int, one: Listed | None, code: dict[str, set[str]], tests: dict[str, set[str]]) -> list[str]:
    lines = [f"## RFC {number}", ""] + ([one.title, ""] if one else [])
    if one and one.draft:
        lines += [f"Read from {one.draft}; the numbers are those of the RFC.", ""]
    lines += ["| section | code | tests |", "|---|---|---|"]
    binding = one.binding if one else {}
    for section in sorted({*code, *binding}, key=_order):
        label = f"§{section} {binding.get(section, '')}".strip() if section else "whole"
        if one and section in one.left:
            lines.append(f"| {label} | left out: {one.left[section]} | |")
        else:
            lines.append(
                f"| {label} | {_files(files(code, section) or code[section])} | {_files(files(tests, section))} |"
            )
    return [*lines, ""]


def _order(section: str) -> list[int]:
    return [int(part) for part in section.split(".") if part]


def _files(paths: set[str]) -> str:
    return ", ".join(f"`{path.removeprefix('parvis/').removeprefix('tests/')}`" for path in sorted(paths))


def write_list(folder: pathlib.Path, number: int) -> None:
    """Makes the list of an RFC from its text; what was left out before stays so."""
    file = LISTS / f"{number}.toml"
    before = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    text = (folder / f"rfc{number}.txt").read_text(encoding="utf-8", errors="replace")
    found: dict[str, tuple[str, str]] = {}
    for section, title, body in _cut(_PAGE_BREAK.sub("\n", text)):
        if section not in found or len(body) > len(found[section][1]):
            found[section] = title, body
    lines = [f"title = {_quoted(before.get('title', ''))}"]
    lines += [f"from = {_quoted(before['from'])}"] if "from" in before else []
    lines += [f'sections = "{" ".join(found)}"', "", "[binding]"]
    binding = {section: title for section, (title, body) in found.items() if _BINDING.search(body)}
    lines += [f"{_quoted(section)} = {_quoted(title)}" for section, title in binding.items()]
    lines += ["", "[left]"]
    left = {section: why for section, why in before.get("left", {}).items() if section in binding}
    lines += [f"{_quoted(section)} = {_quoted(why)}" for section, why in left.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cut(text: str) -> list[tuple[str, str, str]]:
    """Number, title and text of each section; those of the table of contents too, which are short."""
    found: list[tuple[str, str, list[str]]] = []
    for line in text.split("\n"):
        match = _HEADING.match(line)
        if match and not re.search(r"\.{3,}|\. \. \.", line) and not line.rstrip().endswith((",", ";", ":")):
            found.append((match[1], match[2].strip(), []))
        elif re.match(r"(Appendix|[A-Z]\.)\s", line):
            found.append(("", "", []))
        elif found:
            found[-1][2].append(line)
    return [(section, title, "\n".join(body)) for section, title, body in found if section]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        for given in sys.argv[2:]:
            write_list(pathlib.Path(sys.argv[1]), int(given))
    print("\n".join(faults()) or "every section is named or left out")
