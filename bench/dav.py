"""What calendars and file programs ask over WebDAV, ours beside other servers in one run:

    python -m bench.dav [events [files [megabytes [server to leave out ...]]]]
    python -m bench.dav filled events [server to leave out ...]

Each server is asked the same over one connection, one after the other, in the same order; times in ms, medians
where there are several. Calendars: events put one by one into an empty calendar, then (when it has `events` of
them) a calendar-query over one week, a multiget of 50, what changed since one PUT, and all names with their tags;
who has not taken them all after two minutes is left out there. Files: `files` small ones put, listed at depth 1 and
read, a thousand more put over one connection and over four at once, then one of so many megabytes up and down. With
no events, or no files, that half is left out.

`filled` asks the same of a calendar that is full already: Radicale and Xandikos get their files into their folders
(Xandikos as one commit), ours and Cyrus get them by PUT, and nobody is left out for being slow at that.

Ours is durable before it answers; Apache leaves that to the system, Radicale calls fsync, Xandikos commits to git.
So what is put is in two rows: until it is answered, and until it is durable, which for Apache is with an fsync of
the file that it has stored and of the folder around it. The last line says what the disk itself takes for as many
bytes, written and synced."""

import base64
import concurrent.futures
import contextlib
import copy
import http.client
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from bench.jmap import cpu_seconds, parvis, resident_mb, rest
from bench.large import CHUNK, Content
from bench.peers.cyrus import Cyrus
from bench.peers.webdav import Apache, Peer, Radicale, Xandikos

MEASURED = 1000
"""PUTs whose times count: the last ones before the calendar is full."""
SMALL = 1000
PATIENCE = 120
"""Seconds for all events to be put."""
MORE = 3
"""Rounds with a calendar that was filled before."""
TAGS = "<prop><getetag/></prop>"
DAV, CALDAV = "DAV:", "urn:ietf:params:xml:ns:caldav"


def event(number: int) -> bytes:
    """An event like those that programs write, one an hour."""
    day, hour = divmod(number, 24)
    start = f"{2026 + day // 336}{day // 28 % 12 + 1:02}{day % 28 + 1:02}T{hour:02}0000Z"
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN", "BEGIN:VEVENT", f"UID:event-{number}@bench"),
        *("DTSTAMP:20260101T000000Z", f"DTSTART:{start}", "DURATION:PT45M", f"SUMMARY:Meeting number {number}"),
        *(f"DESCRIPTION:{'The agenda is in the shared folder. ' * 6}", "LOCATION:Room 4", "END:VEVENT"),
        *("END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


class Side:
    """One server: where its calendar and its files are, and what was measured."""

    def __init__(self, name: str, port: int, user: str, password: str, processes: list[int]) -> None:
        self.name, self.processes = name, processes
        self.calendar = self.files = ""
        self.stored: Callable[[str], pathlib.Path] | None = None
        """Where it keeps what is at a path, when it answers before that is durable."""
        self.stock: Callable[[str, Mapping[str, bytes]], None] | None = None
        """Puts files into a collection without being asked for each, where it can be done."""
        self.url = f"http://127.0.0.1:{port}"
        self.times: dict[str, list[float]] = defaultdict(list)
        self._headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        """Asks, and fails unless the answer is a good one."""
        given = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, given)  # type: ignore[arg-type] # an iterator is a body too
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, (self.name, method, path, answer.status, content[:500])
        return content

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Notes how long something takes."""
        started = time.perf_counter()
        yield
        self.times[name].append(time.perf_counter() - started)

    def beside(self) -> "Side":
        """The same server over a connection of its own; what that measures is for itself."""
        other = copy.copy(self)
        other._connection = http.client.HTTPConnection(self._connection.host, self._connection.port, timeout=600)
        other.times = defaultdict(list)
        return other

    def put(self, name: str, path: str, body: object, **headers: str) -> None:
        """Puts a file, and notes how long that takes until it is answered, and until it is durable."""
        started = time.perf_counter()
        self("PUT", path, body, **headers)
        self.times[name].append(time.perf_counter() - started)
        if self.stored is not None:
            for place in (self.stored(path), self.stored(path).parent):
                descriptor = os.open(place, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)
        self.times[f"{name}, until durable"].append(time.perf_counter() - started)

    def down(self, path: str, size: int) -> None:
        """Reads a large file without keeping it."""
        self._connection.request("GET", path, None, self._headers)
        answer, seen = self._connection.getresponse(), 0
        while chunk := answer.read(CHUNK):
            seen += len(chunk)
        assert seen == size, (self.name, answer.status, seen)


def put_all(side: Side, count: int) -> bool:
    """Fills an empty calendar by PUT; whether that was done in time."""
    started = time.perf_counter()
    for number in range(count):
        if time.perf_counter() - started > PATIENCE:
            print(f"{side.name} has taken {number} events in {PATIENCE} s and is left out")
            return False
        path = f"{side.calendar}event-{number}.ics"
        if number < count - MEASURED:
            side("PUT", path, event(number), Content_Type="text/calendar")
            continue
        with side.timed(f"PUT of an event, up to {count}"):
            side("PUT", path, event(number), Content_Type="text/calendar")
    return True


def fill(side: Side, count: int) -> None:
    """Fills an empty calendar in the fastest way that there is, and lets the server see it once."""
    if side.stock is not None:
        side.stock(side.calendar, {f"event-{number}.ics": event(number) for number in range(count)})
    else:
        for number in range(count):
            side("PUT", f"{side.calendar}event-{number}.ics", event(number), Content_Type="text/calendar")
    assert since(side, "")[1] >= count, side.name


def calendars(side: Side, count: int, *, filled: bool) -> None:
    """Everything about a calendar; when it is `filled` before, a few more events are put."""
    if filled:
        fill(side, count)
        rest(side.processes)  # what was put is found by search by then
        for number in range(MORE):
            with side.timed(f"PUT of an event to {count}"):
                side("PUT", f"{side.calendar}more-{number}.ics", event(-number - 1), Content_Type="text/calendar")
    elif not put_all(side, count):
        return
    window = 'start="20260305T000000Z" end="20260312T000000Z"'
    query = (
        f'<C:calendar-query xmlns="{DAV}" xmlns:C="{CALDAV}"><prop><getetag/><C:calendar-data/></prop><C:filter>'
        f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range {window}/></C:comp-filter>'
        "</C:comp-filter></C:filter></C:calendar-query>"
    )
    hrefs = "".join(f"<href>{side.calendar}event-{number}.ics</href>" for number in range(50))
    many = (
        f'<C:calendar-multiget xmlns="{DAV}" xmlns:C="{CALDAV}"><prop><getetag/><C:calendar-data/></prop>{hrefs}'
        "</C:calendar-multiget>"
    )
    token = since(side, "")[0]
    for number in range(MORE if filled else 10):
        with side.timed(f"calendar-query of a week, {count} events"):
            found = side("REPORT", side.calendar, query, Depth="1", Content_Type="application/xml")
        assert found.count(b"BEGIN:VCALENDAR") == min(168, max(0, count - 60 * 24)), found[:1000]
        with side.timed("calendar-multiget of 50"):
            side("REPORT", side.calendar, many, Depth="1", Content_Type="application/xml")
        side("PUT", f"{side.calendar}event-{number}.ics", event(number).replace(b"Meeting", b"Changed"))
        with side.timed(f"sync-collection after one change, {count} events"):
            token, changed = since(side, token)
        assert changed == 1, (side.name, changed)
    names = f'<propfind xmlns="{DAV}"><prop><getetag/></prop></propfind>'
    for _ in range(3):
        with side.timed(f"PROPFIND of {count} events' tags"):
            assert (
                side("PROPFIND", side.calendar, names, Depth="1", Content_Type="application/xml").count(b"getetag")
                > count
            )


def since(side: Side, token: str) -> tuple[str, int]:
    """A new token, and how many have changed."""
    changed = 0
    while True:
        given = f"<sync-token>{token}</sync-token>" if token else "<sync-token/>"
        body = f'<sync-collection xmlns="{DAV}">{given}<sync-level>1</sync-level>{TAGS}</sync-collection>'
        answer = side("REPORT", side.calendar, body, Content_Type="application/xml").decode()
        token = re.findall(r"sync-token>([^<]+)<", answer)[-1]
        more = " 507 " in answer
        changed += len(re.findall(r"<(?:\w+:)?response>", answer)) - more
        if not more:
            return token, changed


def files(side: Side, count: int, megabytes: int) -> None:
    """Everything about files."""
    side("MKCOL", f"{side.files}many")
    content = os.urandom(2_000)
    for number in range(count):
        if number < count - SMALL:
            side("PUT", f"{side.files}many/file-{number:05}.bin", content)
            continue
        side.put("PUT of 2 kB", f"{side.files}many/file-{number:05}.bin", content)
    wanted = "<getetag/><getcontentlength/><getlastmodified/><resourcetype/>"
    names = f'<propfind xmlns="{DAV}"><prop>{wanted}</prop></propfind>'
    for _ in range(3):
        with side.timed(f"PROPFIND of {count} files"):
            listed = side("PROPFIND", f"{side.files}many/", names, Depth="1", Content_Type="application/xml")
        assert listed.count(b"file-") >= count
    for number in range(min(count, SMALL)):
        with side.timed("GET of 2 kB"):
            side("GET", f"{side.files}many/file-{number:05}.bin")
    for connections in (1, 4):
        at_once(side, connections, content)
    big = Content(megabytes)
    side.put(f"{megabytes} MB up", f"{side.files}big", big.since(0), Content_Length=str(big.size))
    with side.timed(f"{megabytes} MB down"):
        side.down(f"{side.files}big", big.size)
    with side.timed(f"MOVE of a folder with {count} files"):
        side("MOVE", f"{side.files}many/", Destination=f"{side.url}{side.files}moved/")


def at_once(side: Side, connections: int, content: bytes) -> None:
    """Small files over several connections, as programs that copy a folder put them: until all are durable."""
    folder = f"{side.files}over-{connections}/"
    side("MKCOL", folder)

    def some(first: int) -> None:
        other = side.beside()
        for number in range(first, SMALL, connections):
            other.put("", f"{folder}file-{number:05}.bin", content)

    with (
        side.timed(f"{SMALL} files of 2 kB over {connections} at once, until durable"),
        concurrent.futures.ThreadPoolExecutor(connections) as pool,
    ):
        list(pool.map(some, range(connections)))


@contextlib.contextmanager
def ours() -> Iterator[Side]:
    """Parvis with an empty calendar and no files."""
    with parvis(()) as server:
        side = Side(
            "Parvis",
            int(server.url.split(":")[2].partition("/")[0]),
            server.user,
            server.password,
            server.processes,
        )
        side.files = f"/dav/files/{server.account}/"
        side.calendar = f"/dav/calendars/{server.account}/bench/"
        yield side


def others(left_out: Sequence[str], halves: Container[bool]) -> Iterator[tuple[type[Peer], bool]]:
    """Those of the others that are here and not left out, and whether each is for calendars; `halves` says which of
    them are wanted."""
    for kind, for_calendars in ((Radicale, True), (Xandikos, True), (Apache, False)):
        if kind.name in left_out or for_calendars not in halves:
            continue
        if why := kind.missing():
            print(f"{kind.name} is left out: {why}")
        else:
            yield kind, for_calendars


def main(events: int, many: int, megabytes: int, left_out: Sequence[str] = (), *, filled: bool = False) -> None:
    """Measures and prints two tables."""
    halves = [for_calendars for for_calendars, count in ((True, events), (False, many)) if count]
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(ours())
        sides = [(mine, for_calendars) for for_calendars in halves]
        for kind, for_calendars in others(left_out, halves):
            peer = kind()
            stack.callback(peer.close)
            side = Side(peer.name, peer.port, peer.user, "x", [])
            side.files, side.calendar = peer.root, f"{peer.root}bench/"
            side.stored = peer.stored if isinstance(peer, Apache) else None
            side.stock = peer.stock if isinstance(peer, Radicale | Xandikos) else None
            side("OPTIONS", peer.root)
            side.processes = peer.processes  # with those that it has started by now to answer
            sides.append((side, for_calendars))
        if events and Cyrus.available() and "Cyrus" not in left_out:
            cyrus = Cyrus()
            stack.callback(cyrus.close)
            side = Side("Cyrus 3.6", cyrus.http, "bench", "x", cyrus.processes)
            side.calendar = "/dav/calendars/user/bench/bench/"
            sides.append((side, True))
        for side, for_calendars in sides:
            before = cpu_seconds(side.processes)
            if for_calendars:
                side("MKCALENDAR", side.calendar)
                calendars(side, events, filled=filled)
            else:
                files(side, many, megabytes)
            print(f"{side.name}: {cpu_seconds(side.processes) - before:.1f} s of processor time,", end=" ")
            print(f"{sum(map(resident_mb, side.processes)):.0f} MB,", end=" ")
            print(f"at most {sum(map(peak_mb, side.processes)):.0f} MB", flush=True)
            if filled:  # it may take longer than one waits for: what is known is told
                print(
                    {name: f"{1000 * statistics.median(times):.1f}" for name, times in side.times.items()},
                    flush=True,
                )
        if many:
            print(f"The disk alone: {megabytes} MB written and synced in {1000 * synced(megabytes):.0f} ms")
        for kind_of in halves:
            table([side for side, for_calendars in sides if for_calendars is kind_of], mine)


def peak_mb(pid: int) -> float:
    """The most memory that a process has had, with what it shares with others."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().split("\n"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def synced(megabytes: int) -> float:
    """Seconds for a file of so many megabytes to be written and synced: what no server that is durable can beat."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        for block in Content(megabytes).since(0):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


def table(sides: list[Side], mine: Side) -> None:
    """Medians side by side, and how many times longer each other takes than ours."""
    beside = [side for side in sides if side is not mine] or sides
    names = [name for name in mine.times if any(name in side.times for side in beside)]
    print(f"\n| ms | {' | '.join(side.name for side in sides)} |")
    print("|---|" + "---|" * len(sides))
    for name in names:
        medians = [1000 * statistics.median(side.times[name]) if side.times[name] else None for side in sides]
        own = medians[0] or 1.0
        shown = ["" if one is None else f"{one:.2f} ({one / own:.2f}×)" for one in medians[1:]]
        print(f"| {name} | {own:.2f} | {' | '.join(shown)} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["filled"]:
        main(int(sys.argv[2]), 0, 0, sys.argv[3:], filled=True)
    else:
        given = [int(one) for one in sys.argv[1:4]]
        main(*given, *(10_000, 10_000, 1_000)[len(given) :], sys.argv[4:])
