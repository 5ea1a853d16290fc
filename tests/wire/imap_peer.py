"""A client of an IMAP server for comparisons: sends a line, reads the values of the answers."""

import re
import socket

_TOKEN = re.compile(rb'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|~?\{(\d+)\}\r\n|((?:[^\s()"\[]|\[[^\]]*\])+))', re.S)

Value = bytes | None | list["Value"]


def values(data: bytes) -> list[Value]:
    """Atoms, strings and lists; NIL is `None`."""
    top: list[Value] = []
    open_: list[list[Value]] = [top]
    at = 0
    while (match := _TOKEN.match(data, at)) is not None:
        at = match.end()
        if match[1] == b"(":
            inner: list[Value] = []
            open_[-1].append(inner)
            open_.append(inner)
        elif match[1]:
            open_.pop()
        elif match[3]:
            open_[-1].append(data[at : at + int(match[3])])
            at += int(match[3])
        elif match[4]:
            open_[-1].append(None if match[4].upper() == b"NIL" else match[4])
        else:
            open_[-1].append(re.sub(rb"\\(.)", rb"\1", match[2]))
    assert len(open_) == 1, data
    assert not data[at:].strip(), data[at:]
    return top


class Peer:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._file = self._socket.makefile("rb")
        self._file.readline()

    def __call__(self, line: bytes, literal: bytes | None = None) -> list[bytes]:
        """The untagged answers to a command, their literals inside."""
        self._socket.sendall(b"t " + line + b"\r\n" + (literal + b"\r\n" if literal is not None else b""))
        found: list[bytes] = []
        while True:
            answer = self._file.readline()
            assert answer, line
            while (mark := re.search(rb"\{(\d+)\}\r\n\Z", answer)) is not None:
                answer += self._file.read(int(mark[1])) + self._file.readline()
            if answer.startswith(b"t "):
                assert answer.startswith(b"t OK"), (line, answer)
                return found
            if answer.startswith(b"* "):
                found.append(answer[2:])

    def append(self, message: bytes) -> None:
        """Adds a message to INBOX."""
        self(b"APPEND INBOX {%d+}" % len(message), message)

    def fetch(self, number: int, item: bytes) -> Value:
        """The value of one item of one message, which comes last when its flags change too."""
        (answer,) = [line for line in self(b"FETCH %d (%b)" % (number, item)) if b" FETCH " in line.upper()]
        return values(answer)[2][-1]  # type: ignore[index, return-value]

    def close(self) -> None:
        """Ends the connection."""
        self._file.close()
        self._socket.close()
