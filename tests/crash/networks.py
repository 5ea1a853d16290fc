"""Networks of their own on this machine, joined by a bridge that can be cut: what is sent across it then is lost, and
nobody is told. Needs Linux, root, iproute2 and util-linux."""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator

from tests.servers import start, stop

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str:
    """Why there can be no networks here; empty when there can."""
    tried = ["unshare", "--net", "sh", "-c", "ip link add name br0 type bridge && bridge link"]
    try:
        done = subprocess.run(tried, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else f"no networks can be made: {done.stderr.strip()}"


class Networks:
    """This thread, and what it starts from now on, is in a network with the bridge, until `close`. It reaches all that
    are joined, also while they do not reach each other."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._log, self._home = folder / "networks.log", os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._holders: list[subprocess.Popen] = []
        assert _libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        _run("ip link set lo up")
        _run("ip link add name br0 type bridge")
        _run("ip addr add 10.99.0.1/24 dev br0")
        _run("ip link set br0 up")

    def join(self) -> tuple[str, list[str]]:
        """One more network: its address, and the words that stand before a command that is to run in it."""
        number = len(self._holders) + 2
        holder = start(["unshare", "--net", "sleep", "infinity"], self._log)
        self._holders.append(holder)
        while _network(holder.pid) == _network(os.getpid()) or _program(holder.pid) != "sleep":
            assert holder.poll() is None, self._log.read_text()
            time.sleep(0.01)
        inside, address = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"], f"10.99.0.{number}"
        _run(f"ip link add v{number} type veth peer name eth0 netns {holder.pid}")
        _run(f"ip link set v{number} master br0 up")
        for words in (f"ip addr add {address}/24 dev eth0", "ip link set eth0 up", "ip link set lo up"):
            _run(" ".join([*inside, words]))
        return address, inside

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Those that are joined do not reach each other."""
        self._isolate("on")
        yield
        self._isolate("off")

    def _isolate(self, how: str) -> None:
        for number in range(len(self._holders)):
            _run(f"bridge link set dev v{number + 2} isolated {how}")

    def close(self) -> None:
        """Ends them; this thread is where it was."""
        for holder in self._holders:
            stop(holder)
        _libc.setns(self._home, _CLONE_NEWNET)
        os.close(self._home)


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True, text=True)


def _network(pid: int) -> str:
    place = "thread-self" if pid == os.getpid() else str(pid)
    return str(pathlib.Path("/proc", place, "ns/net").readlink())


def _program(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
