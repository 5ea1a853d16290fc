"""Checks the rules of the house that a linter does not know: length of files and functions, names that say
nothing, and the single doors for time, ids and the network. Prints each fault; exits 1 when there is one."""

import ast
import pathlib
import re
import subprocess
import sys

FILE_LINES, FUNCTION_LINES = 600, 60
EMPTY_NAMES = {"utils", "util", "helpers", "common", "misc"}
SINGLE_DOORS = {
    r"\b(time\.time|time\.time_ns|datetime\.now|datetime\.utcnow)\(": "parvis/kernel/clock.py",
    r"\b(uuid\.uuid\d|random\.\w+)\(": "parvis/kernel/ids.py",
    r"\b(httpx\.(AsyncClient|Client|get|post|stream)|asyncio\.open_connection|urllib\.request)\b": (
        "parvis/kernel/egress.py"
    ),
}


def tracked() -> list[pathlib.Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    return [path for name in listing.stdout.split("\n") if name and (path := pathlib.Path(name)).is_file()]


def faults_of_python(path: pathlib.Path, text: str) -> list[str]:
    faults = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno
            if lines > FUNCTION_LINES:
                faults.append(f"{path}:{node.lineno} {node.name}: {lines} lines ({FUNCTION_LINES} is the most)")
    if path.parts[0] == "parvis":
        for pattern, door in SINGLE_DOORS.items():
            if str(path) != door:
                faults += [f"{path}: {match.group(0)} belongs in {door}" for match in re.finditer(pattern, text)]
    return faults


def main() -> int:
    faults = []
    for path in tracked():
        if path.suffix not in {".py", ".ts", ".svelte", ".css"}:
            continue
        text = path.read_text(errors="replace")
        test = path.parts[0] == "tests"
        if text.count("\n") > FILE_LINES and not test:
            faults.append(f"{path}: {text.count(chr(10))} lines ({FILE_LINES} is the most)")
        if path.stem in EMPTY_NAMES:
            faults.append(f"{path}: a name that says nothing")
        if path.suffix == ".py" and not test:
            faults += faults_of_python(path, text)
    print("\n".join(faults) if faults else "the house is in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
