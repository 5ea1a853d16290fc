"""A DNS server of our own: Debian's nsd, which answers from zones that a test writes."""

import asyncio
import contextlib
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.query
import pytest

from tests.servers import free_port, start

NSD = shutil.which("nsd", path="/usr/sbin:/usr/bin:/sbin:/bin")
needs_nsd = pytest.mark.skipif(NSD is None, reason="nsd is not installed (apt-get install nsd)")
_HEAD = "$ORIGIN .\n$TTL 60\n. SOA ns. admin. 1 3600 600 86400 60\n. NS ns.\nns. A 127.0.0.1\n"


class Authority:
    """Answers for every name there is: `lines` are those of a root zone (`example.org. MX 10 mail.example.org.`).
    Whatever is under a domain of `broken` is SERVFAIL. For programs that ask at port 53 only, `host` is an address
    of this machine where that is free."""

    def __init__(
        self,
        folder: pathlib.Path,
        lines: str,
        broken: tuple[str, ...] = ("broken.example",),
        host: str = "127.0.0.1",
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.host, self.port = host, free_port() if host == "127.0.0.1" else 53
        zones = "".join(f'zone:\n  name: "{name}"\n  zonefile: "none"\n' for name in broken)
        (folder / "nsd.conf").write_text(
            f"""server:
  ip-address: {host}@{self.port}
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  pidfile: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  logfile: "{folder}/nsd.log"
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
{zones}"""
        )
        self._write(lines)
        self._process = self._run()

    @property
    def address(self) -> str:
        """As `dns.nameservers` names it."""
        return f"{self.host}:{self.port}"

    def _write(self, lines: str) -> None:
        (self._folder / "root.zone").write_text(
            _HEAD + "\n".join(line.strip() for line in lines.splitlines()) + "\n"
        )

    def _run(self) -> subprocess.Popen:
        assert NSD is not None
        process = start([NSD, "-d", "-c", str(self._folder / "nsd.conf")], self._folder / "out.log")
        query = dns.message.make_query("ns.", "A")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(dns.exception.Timeout, OSError):
                if dns.query.udp(query, self.host, timeout=0.2, port=self.port).answer:
                    return process
            time.sleep(0.02)
        log = (self._folder / "nsd.log", self._folder / "out.log")
        raise AssertionError("\n".join(file.read_text() for file in log if file.exists()))

    def change(self, lines: str) -> None:
        """Answers from another zone from now on."""
        self.close()
        self._write(lines)
        self._process = self._run()

    def close(self) -> None:
        """Ends the server."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)


def txt(name: str, text: str) -> str:
    """The line of a TXT record, cut into strings of 255."""
    return f"{name}. TXT " + " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


def zone(texts: Mapping[str, str], lines: str = "") -> str:
    """Lines of TXT records, and others."""
    return "\n".join([*(txt(name, text) for name, text in texts.items()), lines])


class Validating:
    """A resolver on this machine that vouches (AD) for the names under some domains, as one that checks DNSSEC does;
    what it says it asks an Authority for. Use `async with`."""

    def __init__(self, authority: Authority, *signed: str) -> None:
        self._authority, self._signed = authority, tuple(signed)
        self.address = ""

    async def __aenter__(self) -> "Validating":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answering(self._answer), local_addr=("127.0.0.1", 0)
        )
        self.address = "{}:{}".format(*self._transport.get_extra_info("sockname"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    async def _answer(self, asked: bytes) -> bytes:
        query = dns.message.from_wire(asked)
        answer = await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=self._authority.port)
        name = query.question[0].name.to_text().rstrip(".")
        if any(name == each or name.endswith(f".{each}") for each in self._signed):
            answer.flags |= dns.flags.AD
        return answer.to_wire()


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, answer) -> None:
        self._answer, self._tasks = answer, set()

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, peer) -> None:
        async def work() -> None:
            self._transport.sendto(await self._answer(data), peer)

        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
