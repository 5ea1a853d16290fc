"""Cyrus IMAP with JMAP, CalDAV and CardDAV, from Debian's cyrus-imapd and cyrus-caldav. Root is needed: it drops to
its own user."""

import imaplib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable

from bench.peers.ports import free_port

BINARIES = pathlib.Path(os.environ.get("PARVIS_BENCH_CYRUS", "/usr/lib/cyrus/bin"))
USER = "bench"


class Cyrus:
    """A running Cyrus with one user, in this environment or the one given. `http` and `imap` are its ports."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="cyrus-"))
        self.imap, self.http = free_port(), free_port()
        self._write()
        swallow_syslog()
        self._process = subprocess.Popen(
            [
                *("cyrmaster", "-C", f"{self._root}/imapd.conf", "-M", f"{self._root}/cyrus.conf"),
                *("-D", "-p", f"{self._root}/master.pid"),
            ],
            executable=BINARIES / "master",
            env=environment,
        )
        self._connection = self._login()

    @staticmethod
    def available() -> bool:
        """Whether it can be started here."""
        return (BINARIES / "httpd").exists() and os.geteuid() == 0

    def _write(self) -> None:
        root = self._root
        for folder in ("spool", "conf/socket", "conf/proc", "conf/db", "conf/log"):
            (root / folder).mkdir(parents=True)
        settings = {
            "configdirectory": f"{root}/conf",
            "partition-default": f"{root}/spool",
            "defaultpartition": "default",
            "admins": "admin",
            "sasl_pwcheck_method": "alwaystrue",
            "sasl_mech_list": "PLAIN",
            "allowplaintext": "yes",
            "httpmodules": "jmap caldav carddav webdav",
            "conversations": "yes",
            "unixhierarchysep": "yes",
            "autocreate_quota": "0",
            "autocreate_post": "yes",
            "idlesocket": f"{root}/conf/socket/idle",
            "lmtpsocket": f"{root}/conf/socket/lmtp",
        }
        (root / "imapd.conf").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        services = "".join(
            f' {name} cmd="{BINARIES}/{name}d -C {root}/imapd.conf" listen="127.0.0.1:{port}" prefork=1\n'
            for name, port in (("imap", self.imap), ("http", self.http))
        )
        start = f'START {{\n recover cmd="{BINARIES}/ctl_cyrusdb -C {root}/imapd.conf -r"\n}}\n'
        (root / "cyrus.conf").write_text(f"{start}SERVICES {{\n{services}}}\nEVENTS {{\n}}\n")
        owner = pwd.getpwnam("cyrus")
        for path in (root, *root.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        root.chmod(0o755)

    def _login(self) -> imaplib.IMAP4:
        for _ in range(100):
            try:
                connection = imaplib.IMAP4("127.0.0.1", self.imap)
            except OSError:
                time.sleep(0.1)
            else:
                # Without this each APPEND waits 40 ms for an ACK.
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.login(USER, "x")
                return connection
        raise RuntimeError("Cyrus did not start")

    def append(self, messages: Iterable[bytes]) -> None:
        """Puts messages into the Inbox."""
        for raw in messages:
            answer, _ = self._connection.append("INBOX", "", "", raw)
            assert answer == "OK"

    @property
    def jmap(self) -> str:
        """The URL of its API; sign in as USER with any password."""
        return f"http://127.0.0.1:{self.http}/jmap/"

    @property
    def processes(self) -> list[int]:
        """Its process ids."""
        found = [self._process.pid]
        for line in subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout.split("\n")[
            1:
        ]:
            numbers = line.split()
            if len(numbers) == 2 and int(numbers[1]) == self._process.pid:
                found.append(int(numbers[0]))
        return found

    def close(self) -> None:
        """Stops it and removes its files."""
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._root, ignore_errors=True)


def swallow_syslog() -> None:
    """Cyrus blocks without a reader of /dev/log; a machine without a syslog daemon gets one for the measurement."""
    path = pathlib.Path("/dev/log")
    if path.exists():
        return
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.bind(str(path))
    path.chmod(0o666)

    def read() -> None:
        while True:
            reader.recv(65536)

    threading.Thread(target=read, daemon=True).start()
