"""Email/query and Email/get of a 50-message page, ours beside Cyrus, in one run: python -m bench.jmap [count ...]

Both servers hold the same messages in one Inbox and answer the same request over HTTP on loopback. Printed are
the median and the 95th percentile of wall time, CPU time of the server's processes for one request, and their
memory (proportional share) at rest at the end. Ours is asked once it rests: it has then indexed the messages for
search by words. The two are asked in alternating rounds, so that whatever else the machine does meets both. Both
are filled without waiting for the disk where Debian's eatmydata is installed: only reading is measured."""

import base64
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable

from bench import unsynced
from bench.messages import message
from bench.peers.cyrus import USER, Cyrus

ROUNDS, REQUESTS = 5, 40
TICK = os.sysconf("SC_CLK_TCK")
CALLS = [
    [
        "Email/query",
        {"sort": [{"property": "receivedAt", "isAscending": False}], "collapseThreads": True, "limit": 50},
        "q",
    ],
    [
        "Email/get",
        {
            "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
            "properties": ["threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "preview"],
        },
        "g",
    ],
]


class Server:
    """One side of the comparison."""

    def __init__(self, name: str, url: str, user: str, password: str, account: str, processes: list[int]) -> None:
        self.name, self.url, self.account, self.processes = name, url, account, processes
        self.user, self.password = user, password
        self._sign_in = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.walls: list[float] = []
        self.cpu = 0.0
        self.smtp = self.imap = 0
        """Port that takes mail, where there is one."""

    def ask(self) -> int:
        """One request; returns how many messages came."""
        calls = [[name, {"accountId": self.account, **arguments}, tag] for name, arguments, tag in CALLS]
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
        body = json.dumps({"using": using, "methodCalls": calls}).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._sign_in}
        request = urllib.request.Request(self.url, body, headers)
        with urllib.request.urlopen(request) as answer:
            return len(json.load(answer)["methodResponses"][1][1]["list"])

    def round(self) -> None:
        """One round of requests, measured."""
        before = cpu_seconds(self.processes)
        for _ in range(REQUESTS):
            started = time.perf_counter()
            assert self.ask() == 50
            self.walls.append(time.perf_counter() - started)
        self.cpu += cpu_seconds(self.processes) - before

    def line(self) -> str:
        """The result as a row of a table."""
        walls = sorted(self.walls)
        p95 = walls[int(len(walls) * 0.95)] * 1000
        cpu = self.cpu / len(walls) * 1000
        memory = sum(resident_mb(pid) for pid in self.processes)
        return f"| {self.name} | {statistics.median(walls) * 1000:.1f} | {p95:.1f} | {cpu:.2f} | {memory:.0f} |"


def cpu_seconds(processes: list[int]) -> float:
    """User and system time of some processes."""
    ticks = 0
    for pid in processes:
        with contextlib.suppress(FileNotFoundError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def resident_mb(pid: int, *parts: str) -> float:
    """Proportional share of memory, or of these parts of it (`Pss_Anon` and others of smaps_rollup)."""
    wanted = tuple(f"{part}:" for part in parts or ("Pss",))
    with contextlib.suppress(OSError):
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
        return sum(int(line.split()[1]) for line in lines if line.startswith(wanted)) / 1024
    return 0.0


@contextlib.contextmanager
def parvis(messages: Iterable[bytes], *keywords: str, environment: dict[str, str] | None = None):
    """Ours, filled with messages that have these keywords, and serving in a process of its own (with another
    environment than this one's, where given)."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.server", folder, *keywords]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        assert process.stdin and process.stdout
        spool = pathlib.Path(folder) / "messages"
        with spool.open("wb") as lines:
            lines.writelines(base64.b64encode(raw) + b"\n" for raw in messages)
        process.stdin.write(f"{spool}\n")
        process.stdin.flush()
        ready = json.loads(process.stdout.readline())
        url, account = f"http://127.0.0.1:{ready['http']}/jmap/api", ready["account"]
        try:
            server = Server("Parvis", url, ready["user"], ready["password"], account, [process.pid])
            server.smtp, server.imap = ready.get("smtp", 0), ready.get("imap", 0)
            yield server
        finally:
            process.terminate()
            process.wait(20)


def rest(processes: list[int]) -> None:
    """Waits until some processes do next to nothing (2 % of a core for two seconds)."""
    before = -1.0
    while (now := cpu_seconds(processes)) > before + 0.04:
        before = now
        time.sleep(2)


def compare(count: int) -> None:
    """Measures both with `count` messages and prints a table."""

    def messages() -> Iterable[bytes]:
        return (message(number) for number in range(count))

    with parvis(messages(), environment=unsynced.environment()) as ours, contextlib.ExitStack() as stack:
        rest(ours.processes)
        servers = [ours]
        if Cyrus.available():
            cyrus = Cyrus(unsynced.environment())
            stack.callback(cyrus.close)
            cyrus.append(messages())
            servers.append(Server("Cyrus 3.6", cyrus.jmap, USER, "x", USER, cyrus.processes))
        else:
            print("Cyrus is not here (Debian's cyrus-imapd and cyrus-caldav, as root): ours alone")
        for server in servers:
            server.ask()
        for server in servers:
            server.processes = cyrus.processes if server is not ours else server.processes
        for _ in range(ROUNDS):
            for server in servers:
                server.round()
        print(f"\nEmail/query + Email/get of 50, {count} messages, {ROUNDS * REQUESTS} requests each\n")
        print("| server | median ms | p95 ms | CPU ms a request | memory MB |\n|---|---|---|---|---|")
        for server in servers:
            rest(server.processes)
            print(server.line())


if __name__ == "__main__":
    for wanted in [int(given) for given in sys.argv[1:]] or [1000]:
        compare(wanted)
