"""What calendars and file programs ask over WebDAV, ours beside other servers in one run:

    python -m bench.dav [events [files [megabytes [server to leave out ...]]]]

Each server is asked the same over one connection, one after the other, in the same order; times in ms, medians
where there are several. Calendars: events put one by one into an empty calendar, then (when it has `events` of
them) a calendar-query over one week, a multiget of 50, what changed since one PUT, and all names with their tags.
Files: `files` small ones put, listed at depth 1 and read, then one of so many megabytes up and down. Ours is
durable before it answers; Apache leaves that to the system, Radicale calls fsync, Xandikos commits to git. So
Apache stands there twice, once on a file system mounted to write through (`sync,dirsync`, which needs root),
and the last line says what the disk itself takes for as many bytes, written and synced in one piece."""

import base64
import contextlib
import http.client
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bench.jmap import cpu_seconds, parvis, resident_mb
from bench.peers.cyrus import Cyrus
from bench.peers.webdav import Apache, Peer, Radicale, SyncedApache, Xandikos

MEASURED = 1000
"""PUTs whose times count: the last ones before the calendar is full."""
SMALL = 1000
CHUNK = 1 << 20
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

    def down(self, path: str, size: int) -> None:
        """Reads a large file without keeping it."""
        self._connection.request("GET", path, None, self._headers)
        answer, seen = self._connection.getresponse(), 0
        while chunk := answer.read(CHUNK):
            seen += len(chunk)
        assert seen == size, (self.name, answer.status, seen)


def calendars(side: Side, count: int) -> None:
    """Everything about a calendar."""
    for number in range(count):
        path = f"{side.calendar}event-{number}.ics"
        if number < count - MEASURED:
            side("PUT", path, event(number), Content_Type="text/calendar")
            continue
        with side.timed(f"PUT of an event, up to {count}"):
            side("PUT", path, event(number), Content_Type="text/calendar")
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
    for number in range(10):
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
        with side.timed("PUT of 2 kB"):
            side("PUT", f"{side.files}many/file-{number:05}.bin", content)
    wanted = "<getetag/><getcontentlength/><getlastmodified/><resourcetype/>"
    names = f'<propfind xmlns="{DAV}"><prop>{wanted}</prop></propfind>'
    for _ in range(3):
        with side.timed(f"PROPFIND of {count} files"):
            listed = side("PROPFIND", f"{side.files}many/", names, Depth="1", Content_Type="application/xml")
        assert listed.count(b"file-") >= count
    for number in range(min(count, SMALL)):
        with side.timed("GET of 2 kB"):
            side("GET", f"{side.files}many/file-{number:05}.bin")
    block, size = os.urandom(CHUNK), megabytes * CHUNK
    with side.timed(f"{megabytes} MB up"):
        side("PUT", f"{side.files}big", (block for _ in range(megabytes)), Content_Length=str(size))
    with side.timed(f"{megabytes} MB down"):
        side.down(f"{side.files}big", size)
    with side.timed(f"MOVE of a folder with {count} files"):
        side("MOVE", f"{side.files}many/", Destination=f"{side.url}{side.files}moved/")


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


def others(left_out: Sequence[str]) -> Iterator[tuple[type[Peer], bool]]:
    """Those of the others that are here and not left out, and whether each is for calendars."""
    for kind, for_calendars in ((Radicale, True), (Xandikos, True), (Apache, False), (SyncedApache, False)):
        if kind.name in left_out:
            continue
        if why := kind.missing():
            print(f"{kind.name} is left out: {why}")
        else:
            yield kind, for_calendars


def main(events: int, many: int, megabytes: int, left_out: Sequence[str] = ()) -> None:
    """Measures and prints two tables."""
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(ours())
        sides = [(mine, True), (mine, False)]
        for kind, for_calendars in others(left_out):
            peer = kind()
            stack.callback(peer.close)
            side = Side(peer.name, peer.port, peer.user, "x", [])
            side.files, side.calendar = peer.root, f"{peer.root}bench/"
            side("OPTIONS", peer.root)
            side.processes = peer.processes  # with those that it has started by now to answer
            sides.append((side, for_calendars))
        if Cyrus.available():
            cyrus = Cyrus()
            stack.callback(cyrus.close)
            side = Side("Cyrus 3.6", cyrus.http, "bench", "x", cyrus.processes)
            side.calendar = "/dav/calendars/user/bench/bench/"
            sides.append((side, True))
        for side, for_calendars in sides:
            before = cpu_seconds(side.processes)
            if for_calendars:
                side("MKCALENDAR", side.calendar)
                calendars(side, events)
            else:
                files(side, many, megabytes)
            print(f"{side.name}: {cpu_seconds(side.processes) - before:.1f} s of processor time,", end=" ")
            print(f"{sum(map(resident_mb, side.processes)):.0f} MB,", end=" ")
            print(f"at most {sum(map(peak_mb, side.processes)):.0f} MB", flush=True)
        print(f"The disk alone: {megabytes} MB written and synced in {1000 * synced(megabytes):.0f} ms")
        for kind_of in (True, False):
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
    block, started = os.urandom(CHUNK), time.perf_counter()
    with tempfile.TemporaryFile() as file:
        for _ in range(megabytes):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


def table(sides: list[Side], mine: Side) -> None:
    """Medians side by side, and how many times longer each other takes than ours."""
    names = [name for name in sides[-1].times if name in mine.times]
    print(f"\n| ms | {' | '.join(side.name for side in sides)} |")
    print("|---|" + "---|" * len(sides))
    for name in names:
        medians = [1000 * statistics.median(side.times[name]) if side.times[name] else 0.0 for side in sides]
        shown = [f"{medians[0]:.2f}", *(f"{one:.2f} ({one / medians[0]:.1f}×)" for one in medians[1:])]
        print(f"| {name} | {' | '.join(shown)} |")


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:4]]
    main(*given, *(10_000, 10_000, 1_000)[len(given) :], sys.argv[4:])
