"""What mail programs ask, ours beside Dovecot in one run: python -m bench.imap [messages [rounds]]

Both hold the same messages and are asked the same in alternating rounds over one connection each; medians in ms.
Dovecot keeps them as sdbox with mail_fsync=always and has no text index, ours is durable before OK and indexes.
IDLE is the time from the OK of an APPEND on one connection to EXISTS on another, negative when EXISTS came first.
Memory is what 500 idle connections add. Needs Debian's dovecot-imapd and dovecot-lmtpd, and root."""

import contextlib
import itertools
import select
import socket
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from bench.jmap import parvis, resident_mb, rest
from bench.messages import message
from bench.peers.dovecot import Dovecot

IDLE_CONNECTIONS = 500
IN_A_ROW = 20
"""APPENDs, one after the other; what stands alone comes first, after other work."""


class Client:
    """One connection; `client("NOOP")` gives all bytes of the answer."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held, self._count = b"", 0
        self.until(b"\r\n")
        self(f'LOGIN {user} "{password}"')

    def __call__(self, command: str | bytes) -> bytes:
        self._count += 1
        tag = b"t%d " % self._count
        self._socket.sendall(tag + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        answer = self.until(b"\r\n", b"\r\n" + tag, tag)
        assert b"OK" in answer[answer.rfind(tag) :][:12], answer[-300:]
        return answer

    def until(self, end: bytes, *tags: bytes) -> bytes:
        """All that comes until a line that begins with the tag has ended."""
        parts = [self._held]
        while True:
            tail = b"".join(parts[-2:])
            if not tags or tags[0] in tail[-4096:] or tail.startswith(tags[1]):
                whole = b"".join(parts)
                start = 0 if not tags else 0 if whole.startswith(tags[1]) else whole.rfind(tags[0])
                if start >= 0 and (at := whole.find(end, start + 2)) >= 0:
                    self._held = whole[at + 2 :]
                    return whole[: at + 2]
            data = self._socket.recv(1 << 20)
            assert data, "closed"
            parts.append(data)

    def append(self, raw: bytes) -> None:
        """One durable APPEND."""
        self(b"APPEND INBOX {%d+}\r\n" % len(raw) + raw)

    def wait(self) -> None:
        """For anything at all."""
        select.select([self._socket], [], [], 10)
        self._held += self._socket.recv(65536)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()


def tasks(count: int) -> dict[str, Callable[[Client, int], object]]:
    """What is measured, by name; each is given a client that has selected the Inbox and the number of the round."""
    some = min(count, 1000)
    return {
        "SELECT": lambda client, _: client("SELECT INBOX"),
        f"FETCH 1:* (UID FLAGS), {count}": lambda client, _: client("FETCH 1:* (UID FLAGS)"),
        f"FETCH ENVELOPE, {some}": lambda client, _: client(f"FETCH 1:{some} (UID FLAGS ENVELOPE)"),
        f"FETCH BODYSTRUCTURE, {some}": lambda client, _: client(f"FETCH 1:{some} (UID BODYSTRUCTURE)"),
        f"FETCH BODY.PEEK[], {some}": lambda client, _: client(f"FETCH 1:{some} (UID BODY.PEEK[])"),
        "APPEND, alone": lambda client, number: client.append(message(count + number)),
        "STORE +FLAGS, one": lambda client, number: client(f"STORE {number % some + 1} +FLAGS ($r{number % 7})"),
        f"STORE +FLAGS, {some}": lambda client, number: client(f"STORE 1:{some} +FLAGS.SILENT ($s{number})"),
        "SEARCH UNSEEN": lambda client, _: client("SEARCH UNSEEN"),
        "SEARCH SUBJECT, a word": lambda client, _: client("SEARCH SUBJECT procurement"),
        "SEARCH BODY, part of a word": lambda client, _: client("SEARCH BODY rocuremen"),
        "SEARCH BODY, two words": lambda client, _: client('SEARCH BODY "procurement deal"'),
        "SEARCH BODY, not there": lambda client, _: client("SEARCH BODY xylophon"),
    }


class Side:
    """One server."""

    def __init__(self, name: str, port: int, user: str, password: str, processes: Callable[[], list[int]]) -> None:
        self.name, self.port, self.user, self.password, self.processes = name, port, user, password, processes
        self.times: dict[str, list[float]] = defaultdict(list)
        self.fresh = itertools.count(2_000_000)
        self.client = self.connect()
        self.client("SELECT INBOX")

    def connect(self) -> Client:
        return Client(self.port, self.user, self.password)

    def round(self, number: int, asked: dict[str, Callable[[Client, int], object]]) -> None:
        """Asks everything once."""
        started = time.perf_counter()
        self.connect().close()
        self.times["connect and LOGIN"].append(time.perf_counter() - started)
        for name, task in asked.items():
            started = time.perf_counter()
            task(self.client, number)
            self.times[name].append(time.perf_counter() - started)
        for _ in range(IN_A_ROW):
            raw = message(next(self.fresh))
            started = time.perf_counter()
            self.client.append(raw)
            self.times["APPEND, one after the other"].append(time.perf_counter() - started)

    def idle(self, number: int) -> None:
        """How long after the OK of an APPEND a waiting client hears of it."""
        waiting = self.connect()
        waiting("SELECT INBOX")
        waiting.send(b"i IDLE\r\n")
        waiting.wait()
        self.client.append(message(1_000_000 + number))
        appended = time.perf_counter()
        waiting.wait()
        self.times["IDLE, EXISTS after OK"].append(time.perf_counter() - appended)
        waiting.close()

    def memory(self) -> float:
        """MB that idle connections add."""
        before = sum(resident_mb(pid) for pid in self.processes())
        with contextlib.ExitStack() as stack:
            for _ in range(IDLE_CONNECTIONS):
                client = self.connect()
                stack.callback(client.close)
                client("SELECT Drafts")
                client.send(b"i IDLE\r\n")
            time.sleep(2)
            return sum(resident_mb(pid) for pid in self.processes()) - before


@contextlib.contextmanager
def both(count: int) -> Iterator[list[Side]]:
    """Ours and Dovecot with the same messages."""
    with parvis(message(number) for number in range(count)) as ours, contextlib.ExitStack() as stack:
        rest(ours.processes)
        sides = [Side("Parvis", ours.imap, ours.user, ours.password, lambda: ours.processes)]
        if why := Dovecot.missing():
            print(why)
        else:
            peer = Dovecot()
            stack.callback(peer.close)
            peer.append("bench", (message(number) for number in range(count)))
            sides.append(Side("Dovecot 2.3", peer.imap, "bench", "x", lambda: peer.processes))
        yield sides


def main(count: int, rounds: int) -> None:
    """Measures and prints a table."""
    asked = tasks(count)
    with both(count) as sides:
        for number in range(rounds):
            for side in sides:
                side.round(number, asked)
                side.idle(number)
        print(f"| {count} messages, {rounds} rounds, ms | {' | '.join(side.name for side in sides)} | ratio |")
        print("|---|" + "---|" * (len(sides) + 1))
        for name in sides[0].times:
            medians = [1000 * statistics.median(side.times[name]) for side in sides]
            ratio = f"{medians[0] / medians[-1]:.2f}" if len(medians) > 1 else ""
            print(f"| {name} | {' | '.join(f'{one:.2f}' for one in medians)} | {ratio} |")
        memory = [side.memory() for side in sides]
        print(f"| MB of {IDLE_CONNECTIONS} idle connections | {' | '.join(f'{one:.0f}' for one in memory)} | |")


if __name__ == "__main__":
    main(*[int(one) for one in [*sys.argv[1:], "10000", "5"][:2]])
