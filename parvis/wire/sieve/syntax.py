"""The grammar of Sieve (RFC 5228 §8): from the text of a script to a tree of calls. Meaning is for `compiler`."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NoReturn

from .model import Fault, Limits, SieveError

TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n]++|\#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)++)
    |(?P<multiline>text:[ \t]*+(?:\#[^\n]*+|\r)?\n)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*+)
    |(?P<tag>:[A-Za-z_][A-Za-z0-9_]*+)
    |(?P<number>[0-9]++[KMGkmg]?+(?![A-Za-z0-9_]))
    |(?P<string>"(?:[^"\\]++|\\.)*+")
    |(?P<mark>[][(){},;])""",
    re.X | re.S | re.I,
)
_MULTILINE_END = re.compile(r"^\.\r?(?:\n|\Z)", re.M)
_LINE_END = re.compile(r"\r\n|\r|\n")
_PAIR = re.compile(r"\\(.)", re.S)
_STUFFED = re.compile(r"^\.(?=\.)", re.M)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a script: `kind` is `string`, `number`, `tag`, `word`, `mark` or, at its end, `end`."""

    kind: str
    text: str
    """Of a string what it means, of words and tags (without colon) lower case."""
    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Argument:
    """RFC 5228 §2.4. `kind` is `string` (one in `texts`), `strings`, `number` or `tag` (its name in `texts`)."""

    kind: str
    texts: tuple[str, ...]
    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Call:
    """A command or a test as written; `block` is `None` where there is none."""

    name: str
    arguments: tuple[Argument, ...]
    tests: tuple["Call", ...]
    block: tuple["Call", ...] | None
    start: int
    end: int


class Source:
    """The text of a script, its lines ended by CRLF in strings as RFC 5228 §2.2 has it."""

    def __init__(self, source: str | bytes, limits: Limits) -> None:
        if len(source) > limits.script:
            raise SieveError(Fault(1, 1, f"The script is longer than {limits.script} bytes."))
        self.text = source if isinstance(source, str) else self._decoded(source)
        self.text = self.text.removeprefix("\ufeff")
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    @staticmethod
    def _decoded(source: bytes) -> str:
        try:
            return source.decode("utf-8")
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            raise SieveError(Fault(line, 1, "The script is not UTF-8.")) from None

    def fault(self, place: int, sentence: str) -> Fault:
        """A fault at a place of the text."""
        line = bisect_right(self.starts, place)
        return Fault(line, place - self.starts[line - 1] + 1, sentence)


class Parser:
    """Reads a script token by token. Raises SieveError at the first thing that is not Sieve."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.place = 0
        self.count = 0
        self.depth = 0
        self.now = self._next()

    def script(self) -> tuple[Call, ...]:
        """All commands of the script."""
        commands = self._commands()
        if self.now.kind != "end":
            self._fail(f"'{self.now.text}' closes nothing.")
        return commands

    def _commands(self) -> tuple[Call, ...]:
        found = []
        while self.now.kind == "word":
            found.append(self._command())
        if self.now.kind not in ("end", "mark") or (self.now.kind == "mark" and self.now.text != "}"):
            self._fail(f"A command should stand here, not {self._shown()}.")
        return tuple(found)

    def _command(self) -> Call:
        head = self._take()
        arguments, tests = self._arguments()
        block = None
        if self._is("{"):
            self._deeper()
            self._take()
            block = self._commands()
            if not self._is("}"):
                self._fail("A '}' is missing before the end of the script.")
            self.depth -= 1
            end = self._take().end
        elif self._is(";"):
            end = self._take().end
        else:
            self._fail(f"After '{head.text}' a ';' or a block is missing before {self._shown()}.")
        return Call(head.text, arguments, tests, block, head.start, end)

    def _arguments(self) -> tuple[tuple[Argument, ...], tuple[Call, ...]]:
        arguments = []
        while (argument := self._argument()) is not None:
            arguments.append(argument)
        if self.now.kind == "word":
            return tuple(arguments), (self._test(),)
        return tuple(arguments), (self._tests() if self._is("(") else ())

    def _argument(self) -> Argument | None:
        now = self.now
        if now.kind in ("string", "number", "tag"):
            self._take()
            return Argument(now.kind, (now.text,), now.number, now.start)
        if self._is("["):
            return self._list()
        return None

    def _list(self) -> Argument:
        start = self._take().start
        texts: list[str] = []
        while True:
            if self.now.kind != "string":
                self._fail(f"A list holds strings, not {self._shown()}.")
            texts.append(self._take().text)
            if self._is("]"):
                self._take()
                return Argument("strings", tuple(texts), 0, start)
            self._comma("]")

    def _test(self) -> Call:
        self._deeper()
        head, end = self.now, self.now.end
        self._take()
        arguments, tests = self._arguments()
        self.depth -= 1
        end = self.ended if arguments or tests else end
        return Call(head.text, arguments, tests, None, head.start, end)

    def _tests(self) -> tuple[Call, ...]:
        self._take()
        found: list[Call] = []
        while True:
            if self.now.kind != "word":
                self._fail(f"A test should stand here, not {self._shown()}.")
            found.append(self._test())
            if self._is(")"):
                self._take()
                return tuple(found)
            self._comma(")")

    def _comma(self, closing: str) -> None:
        if not self._is(","):
            self._fail(f"A ',' or '{closing}' is missing before {self._shown()}.")
        self._take()

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > self.limits.nesting:
            self._fail(f"More than {self.limits.nesting} levels are nested.")

    def _is(self, mark: str) -> bool:
        return self.now.kind == "mark" and self.now.text == mark

    def _shown(self) -> str:
        kind, text = self.now.kind, self.now.text
        if kind == "end":
            return "the end of the script"
        return f'"{text[:40]}"' if kind == "string" else f"':{text}'" if kind == "tag" else f"'{text[:40]}'"

    def _fail(self, sentence: str, place: int | None = None) -> NoReturn:
        raise SieveError(self.source.fault(self.now.start if place is None else place, sentence))

    def _take(self) -> Token:
        taken = self.now
        self.ended = taken.end
        self.now = self._next()
        return taken

    def _next(self) -> Token:
        text, place = self.source.text, self.place
        match = TOKEN.match(text, place)
        if match is not None and match.lastgroup == "space":
            place = match.end()
            match = TOKEN.match(text, place)
        if place >= len(text):
            return Token("end", "", 0, place, place)
        if match is None:
            self._unreadable(text, place)
        self.count += 1
        if self.count > self.limits.tokens:
            self._fail(f"The script has more than {self.limits.tokens} words and marks.", place)
        kind, written = match.lastgroup or "", match.group()
        self.place = match.end()
        if kind == "multiline":
            return self._multiline(place, match.end())
        if kind == "string":
            return self._string(_PAIR.sub(r"\1", written[1:-1]), place)
        if kind == "number":
            return Token(kind, written, self._number(written, place), place, self.place)
        return Token(kind, written.lstrip(":").lower(), 0, place, self.place)

    def _multiline(self, start: int, place: int) -> Token:
        """`text:` up to a line with a dot alone (RFC 5228 §2.4.2)."""
        end = _MULTILINE_END.search(self.source.text, place)
        if end is None:
            self._fail("The text that begins here has no line with a '.' at its end.", start)
        self.place = end.end()
        return self._string(_STUFFED.sub("", self.source.text[place : end.start()]), start)

    def _string(self, text: str, start: int) -> Token:
        if len(text) > self.limits.string:
            self._fail(f"A string is longer than {self.limits.string} characters.", start)
        if "\0" in text:
            self._fail("A string holds a NUL.", start)
        return Token("string", _LINE_END.sub("\r\n", text), 0, start, self.place)

    def _number(self, written: str, place: int) -> int:
        unit = written[-1].lower() if written[-1].isalpha() else ""
        digits = written[: len(written) - len(unit)]
        value = int(digits) * _UNITS[unit] if len(digits) < 20 else _LARGEST + 1
        if value > _LARGEST:
            self._fail(f"The number {written[:25]} is too large.", place)
        return value

    def _unreadable(self, text: str, place: int) -> NoReturn:
        if text[place] == '"':
            self._fail("The string that begins here has no closing quote.", place)
        if text.startswith("/*", place):
            self._fail("The comment that begins here has no end.", place)
        self._fail(f"{text[place]!r} does not belong here.", place)
