"""What is large passes in flat memory, and nothing of it is lost: python -m bench.large [gigabytes [uploads]]

One file of so many gigabytes (10) goes up by a PUT of WebDAV, and another by tus, cut off in its middle and
resumed where the server says; then so many uploads of 200 MB (50) come at once, half of them by each. All are read
back and their SHA-256 compared. Printed are the speed and the server's memory: before, and at its highest meanwhile
(what is its own, looked at ten times a second: buffers of the system that hold files are not the server's)."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from bench.jmap import Server, parvis, resident_mb, rest

CHUNK = 1 << 20
EACH = 200
"""Megabytes of one upload among many."""
TUS = {"Tus-Resumable": "1.0.0"}
PATCH = TUS | {"Content-Type": "application/offset+octet-stream"}


class Content:
    """Megabytes that are all different, made again whenever they are read."""

    def __init__(self, megabytes: int) -> None:
        self.size = megabytes * CHUNK
        self._words = np.frombuffer(os.urandom(8 * megabytes), np.uint64)
        self._block = np.frombuffer(os.urandom(CHUNK), np.uint64)

    def since(self, start: int, end: int = 0) -> Iterator[memoryview]:
        """What is from one byte on to another, or to the end."""
        made, end = np.empty_like(self._block), end or self.size
        for number in range(start // CHUNK, -(-end // CHUNK)):
            np.bitwise_xor(self._block, self._words[number], out=made)
            first = number * CHUNK
            yield made.data.cast("B")[max(start - first, 0) : end - first]

    def sha256(self) -> str:
        """Of all of it."""
        found = hashlib.sha256()
        for block in self.since(0):
            found.update(block)
        return found.hexdigest()


class Client:
    """One program that sends files and reads them."""

    def __init__(self, server: Server) -> None:
        self.folder = f"/dav/files/{server.account}/"
        credentials = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))

    def ask(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage]:
        """Status and headers of the answer."""
        self._connection.request(method, path, body, self._headers | headers)  # type: ignore[arg-type] # an iterator
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer.headers

    def put(self, name: str, content: Content) -> None:
        """Sends a file at once."""
        length = {"Content-Length": str(content.size)}
        status, _ = self.ask("PUT", self.folder + name, content.since(0), length)
        assert status == 201, (name, status)

    def tus(self, name: str, content: Content) -> None:
        """Sends a file that is cut off in its middle, and goes on where the server has it."""
        told = f"filename {base64.b64encode(name.encode()).decode()},parentId"
        begun = {"Upload-Length": str(content.size), "Upload-Metadata": told}
        path = self.ask("POST", "/files/uploads", None, TUS | begun)[1]["Location"]
        self._connection.putrequest("PATCH", path)
        for header, value in (
            self._headers | PATCH | {"Upload-Offset": "0", "Content-Length": str(content.size)}
        ).items():
            self._connection.putheader(header, value)
        self._connection.endheaders()
        for block in content.since(0, content.size // 2):
            self._connection.send(block)
        self._connection.close()
        while True:  # as programs do, which ask again while the server still puts away what came
            place = int(self.ask("HEAD", path, None, TUS)[1]["Upload-Offset"])
            left = {"Upload-Offset": str(place), "Content-Length": str(content.size - place)}
            status, _ = self.ask("PATCH", path, content.since(place), PATCH | left)
            if status == 204:
                return
            assert status in (409, 423), (name, status)
            time.sleep(1)

    def get(self, name: str) -> str:
        """Reads a file without keeping it; its SHA-256."""
        self._connection.request("GET", self.folder + name, None, self._headers)
        answer, seen = self._connection.getresponse(), hashlib.sha256()
        while chunk := answer.read(CHUNK):
            seen.update(chunk)
        assert answer.status == 200, (name, answer.status)
        return seen.hexdigest()


def own_mb(pids: list[int]) -> float:
    """Memory that is the processes' own, without files in the system's buffers."""
    return sum(resident_mb(pid, "Pss_Anon", "Pss_Shmem") for pid in pids)


@contextlib.contextmanager
def watched(server: Server, what: str, size: int) -> Iterator[None]:
    """Prints how fast something was, and how much memory the server had before it and at most meanwhile."""
    most, over = [own_mb(server.processes)], threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            most.append(own_mb(server.processes))

    looking = threading.Thread(target=look)
    looking.start()
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        over.set()
        looking.join()
    print(
        f"{what:36}{size / CHUNK / seconds:6.0f} MB/s {most[0]:7.1f} MB before {max(most):7.1f} MB at most",
        flush=True,
    )


def main(gigabytes: int, uploads: int) -> None:
    """Sends, reads back, compares and prints."""
    with parvis(()) as server:
        client = Client(server)
        ways: dict[str, Callable[[Client, str, Content], None]] = {
            "PUT": Client.put,
            "tus, cut and resumed": Client.tus,
        }
        for way, send in ways.items():
            content = Content(gigabytes * 1024)
            rest(server.processes)
            with watched(server, f"{gigabytes} GB up by {way}", content.size):
                send(client, "large", content)
            with watched(server, f"{gigabytes} GB down", content.size):
                digest = client.get("large")
            assert digest == content.sha256(), way
            client.ask("DELETE", client.folder + "large", None, {})
        contents = {f"many-{number}": Content(EACH) for number in range(uploads)}
        rest(server.processes)
        with (
            watched(server, f"{uploads} uploads of {EACH} MB at once", uploads * EACH * CHUNK),
            concurrent.futures.ThreadPoolExecutor(uploads) as at_once,
        ):
            sends = zip(contents, [Client.put, Client.tus] * uploads, strict=False)
            list(at_once.map(lambda each: each[1](Client(server), each[0], contents[each[0]]), sends))
        for name, content in contents.items():
            assert Client(server).get(name) == content.sha256(), name
    print(f"all {uploads + 2} were read back as they were sent")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [10, 50][len(numbers) :]))
