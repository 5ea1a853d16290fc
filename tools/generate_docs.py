"""Writes the pages of docs/reference/ that are made from the code. With --check it only says which are stale."""

import argparse
import ast
import pathlib
import sys

import msgspec

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import coverage_of_rfcs  # noqa: E402 - found by the line above

from parvis.kernel import settings  # noqa: E402
from parvis.ops import cli  # noqa: E402
from parvis.ops.commands.texts import Texts  # noqa: E402

FOLDER = ROOT / "docs" / "reference"
_TITLES = {
    "Settings": "top level",
    "Endpoint": "[[endpoints]] and [embeddings]",
    "Federation": "[chat.federation]",
    "Retention": "[chat.retention]",
}


def settings_page() -> str:
    """Every setting with its type, default and meaning, from the declarations in kernel/settings.py."""
    tree = ast.parse((ROOT / "parvis/kernel/settings.py").read_text())
    declared = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    lines = [
        "# Settings",
        "",
        "Made by `make docs` from `parvis/kernel/settings.py`. Settings are written in `parvis.toml` in the data",
        "folder; `PARVIS_PORT`, `PARVIS_DATABASE`, `PARVIS_BLOBS` and `PARVIS_BUS` in the environment win over it.",
        "A setting that is not known, or of the wrong type, is refused at the start with its name.",
        "",
    ]
    for name in ["Settings", *(name for name in declared if name != "Settings")]:
        kind = getattr(settings, name)
        title = _TITLES.get(name, f"[{name.lower()}]")
        lines += [f"## {title}", "", " ".join((ast.get_docstring(declared[name]) or "").split()), ""]
        lines += ["| setting | type | default | meaning |", "|---|---|---|---|"]
        meanings = _meanings(declared[name])
        lines += [_row(field, *meanings[field.name]) for field in msgspec.structs.fields(kind)]
        lines.append("")
    return "\n".join(lines)


def _meanings(declared: ast.ClassDef) -> dict[str, tuple[str, str]]:
    """Type and meaning by name: the words are the string after the declaration."""
    found = {}
    for node, after in zip(declared.body, [*declared.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            words = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                words = " ".join(str(after.value.value).split())
            found[node.target.id] = (ast.unparse(node.annotation), words)
    return found


def _row(field: msgspec.structs.FieldInfo, kind: str, words: str) -> str:
    default = "required" if field.required else _default(field)
    cells = (f"`{field.name}`", kind.replace("|", "or"), default, words.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT:
        return "below" if field.default_factory not in (list, dict) else "none"
    return f"`{field.default}`" if field.default not in ("", None, []) else "none"


def commands_page() -> str:
    """The help of every command, in English."""
    top = cli.parser(Texts("en"))
    lines = [
        "# The command line",
        "",
        "Made by `make docs` from the program's own help.",
        "",
        "```",
        _help(top),
        "```",
    ]
    commands = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    for name, parser in commands.choices.items():
        lines += ["", f"## parvis {name}", "", "```", _help(parser), "```"]
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner, sub in action.choices.items():
                    lines += ["", f"### parvis {name} {inner}", "", "```", _help(sub), "```"]
    return "\n".join(lines) + "\n"


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=100, max_help_position=32)
    return parser.format_help().rstrip()


PAGES = {"settings.md": settings_page, "commands.md": commands_page, "rfcs.md": coverage_of_rfcs.page}


def main() -> int:
    """Writes the pages, or with --check exits 1 when one is not what would be written."""
    check = "--check" in sys.argv[1:]
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in PAGES.items():
        file, text = FOLDER / name, make()
        if not file.exists() or file.read_text() != text:
            stale.append(name)
            if not check:
                file.write_text(text)
    print(
        f"out of date: {', '.join(stale)}; run `make docs`" if check and stale else "docs/reference is up to date"
    )
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
