"""Messages a second from SMTP acceptance to visible to the reader, ours beside Postfix with Dovecot's LMTP, in one
run: python -m bench.smtp [messages [sessions]]

Both take the same messages of 4.7 kB from Postfix's smtp-source, one connection each as strangers do, and keep them
durably (ours: the unit is committed before 250; Postfix: its queue is, then Dovecot's box with mail_fsync=always).
Ours are visible in JMAP, Dovecot's in its box; the clock stops when all are. CPU time is of all the server's
processes, those that have ended included, until all are visible and until the server rests (ours then has indexed
them for search). Rounds alternate, so that whatever else the machine does meets both."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.jmap import TICK, parvis, resident_mb
from bench.peers.dovecot import Dovecot
from bench.peers.postfix import Postfix

ROUNDS, BYTES = 3, 4700


@dataclass
class Side:
    """One side of the comparison."""

    name: str
    port: int
    to: str
    processes: Callable[[], list[int]]
    visible: Callable[[], int]
    accepted: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def round(self, count: int, sessions: int) -> None:
        """One round: sends, and waits until all is visible."""
        before, spent, started = self.visible(), cpu_seconds(self.processes()), time.perf_counter()
        command = ["smtp-source", "-m", str(count), "-s", str(sessions), "-l", str(BYTES)]
        command += ["-f", "bob@one.example", "-t", self.to, f"127.0.0.1:{self.port}"]
        subprocess.run(command, check=True)
        self.accepted.append(count / (time.perf_counter() - started))
        while self.visible() < before + count:
            time.sleep(0.02)
        self.seen.append(count / (time.perf_counter() - started))
        self.cpu.append((cpu_seconds(self.processes()) - spent) / count * 1000)
        self.whole.append((self.at_rest() - spent) / count * 1000)

    def at_rest(self) -> float:
        """CPU seconds once nothing more is done for what has come in."""
        before = 0.0
        while (now := cpu_seconds(self.processes())) > before + 2 / TICK:
            before = now
            time.sleep(0.5)
        return now

    def line(self) -> str:
        """The result as a row of a table: medians of the rounds."""
        memory = sum(resident_mb(pid) for pid in self.processes())
        rates = f"{statistics.median(self.accepted):.0f} | {statistics.median(self.seen):.0f}"
        cpu = f"{statistics.median(self.cpu):.2f} | {statistics.median(self.whole):.2f}"
        return f"| {self.name} | {rates} | {cpu} | {memory:.0f} |"


def cpu_seconds(processes: list[int]) -> float:
    """User and system time of some processes and of their children that have ended."""
    ticks = 0
    for pid in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(one) for one in fields[11:15])
    return ticks / TICK


def ours(stack: contextlib.ExitStack) -> Side:
    """Our server, empty."""
    server = stack.enter_context(parvis([]))

    def visible() -> int:
        call = ["Email/query", {"accountId": server.account, "limit": 1, "calculateTotal": True}, "q"]
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
        body = json.dumps({"using": using, "methodCalls": [call]}).encode()
        headers = {"Content-Type": "application/json", "Authorization": server._sign_in}
        with urllib.request.urlopen(urllib.request.Request(server.url, body, headers)) as answer:
            return int(json.load(answer)["methodResponses"][0][1]["total"])

    return Side("Parvis", server.smtp, "bench@example.net", lambda: server.processes, visible)


def peers(stack: contextlib.ExitStack) -> Side | None:
    """Postfix before Dovecot, or None with the reason printed."""
    if missing := Postfix.missing() or Dovecot.missing():
        print(f"{missing}: ours alone")
        return None
    dovecot = Dovecot()
    stack.callback(dovecot.close)
    postfix = Postfix(
        {
            "virtual_mailbox_domains": "example.net",
            "virtual_mailbox_maps": "static:all",
            "virtual_transport": f"lmtp:unix:{dovecot.lmtp}",
        }
    )
    stack.callback(postfix.close)

    def processes() -> list[int]:
        return [*postfix.processes, *dovecot.processes]

    def visible() -> int:
        return dovecot.count("bench@example.net")

    return Side("Postfix + Dovecot LMTP", postfix.port, "bench@example.net", processes, visible)


def main(count: int, sessions: int) -> None:
    """Measures both and prints a table."""
    with contextlib.ExitStack() as stack:
        sides = [side for side in (ours(stack), peers(stack)) if side is not None]
        for side in sides:
            side.round(min(count, 50), sessions)
            for kept in (side.accepted, side.seen, side.cpu, side.whole):
                kept.clear()
        for _ in range(ROUNDS):
            for side in sides:
                side.round(count, sessions)
        print(f"\n{ROUNDS} rounds of {count} messages of {BYTES} bytes, {sessions} sessions, a connection each\n")
        print("| server | accepted a second | visible a second | CPU ms a message | until at rest | memory MB |")
        print("|---|---|---|---|---|---|")
        for side in sides:
            print(side.line())


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given + [500, 10][len(given) :]))
