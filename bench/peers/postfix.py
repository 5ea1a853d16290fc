"""Postfix from Debian's package, as a private instance with its own configuration and queue. Root is needed."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from bench.peers.ports import await_port, free_port

DAEMONS = pathlib.Path("/usr/lib/postfix/sbin")
_SERVICES = """\
smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running Postfix. `port` takes mail; `settings` are lines of main.cf beside the necessary ones."""

    def __init__(self, settings: dict[str, str], certificate: str = "") -> None:
        self.port = free_port()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="postfix-"))
        self.root.chmod(0o755)
        self.mail = self.root / "mail"
        self._write(settings, certificate)
        self._run("start")
        await_port(self.port, self.log)

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        if not (DAEMONS / "master").exists():
            return "Postfix is not installed (apt-get install postfix)"
        return "" if os.geteuid() == 0 else "Postfix needs root"

    def _write(self, settings: dict[str, str], certificate: str) -> None:
        nobody, owner = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        for name, uid, gid in (
            ("conf", 0, 0),
            ("queue", 0, 0),
            ("data", owner.pw_uid, 0),
            ("mail", nobody.pw_uid, 0),
        ):
            (self.root / name).mkdir()
            os.chown(self.root / name, uid, gid)
        values = {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.root}/queue",
            "data_directory": f"{self.root}/data",
            "command_directory": "/usr/sbin",
            "daemon_directory": str(DAEMONS),
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": f"{self.root}/log",
            "maillog_file_prefixes": str(self.root),
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "postfix.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "biff": "no",
            "smtputf8_enable": "yes",
            "smtp_tls_security_level": "may",
            "virtual_mailbox_base": str(self.mail),
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "virtual_minimum_uid": "1",
        }
        if certificate:
            shutil.copy(certificate, self.root / "tls.pem")
            values |= {"smtpd_tls_security_level": "may", "smtpd_tls_chain_files": f"{self.root}/tls.pem"}
        values |= settings
        (self.root / "conf/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
        (self.root / "conf/master.cf").write_text(_SERVICES.replace("smtp inet", f"127.0.0.1:{self.port} inet", 1))

    def _run(self, command: str) -> None:
        subprocess.run(
            ["/usr/sbin/postfix", "-c", f"{self.root}/conf", command], check=True, capture_output=True, timeout=60
        )

    def log(self) -> str:
        """What it wrote so far."""
        file = self.root / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def flush(self) -> None:
        """Tries deferred mail now."""
        self._run("flush")

    def queued(self) -> int:
        """Messages in its queue."""
        shown = subprocess.run(
            ["/usr/sbin/postqueue", "-c", f"{self.root}/conf", "-j"], capture_output=True, text=True, check=True
        )
        return len(shown.stdout.splitlines())

    def mailbox(self, name: str) -> list[bytes]:
        """The messages of a Maildir of its `virtual_mailbox_maps`, oldest first."""
        folder = self.mail / name / "new"
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        return [file.read_bytes() for file in files]

    @property
    def processes(self) -> list[int]:
        """Its master process and every process below it."""
        master = int((self.root / "queue/pid/master.pid").read_text())
        return [master, *children(master)]

    def close(self) -> None:
        """Stops it and removes its files."""
        self._run("stop")
        shutil.rmtree(self.root, ignore_errors=True)


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()[1:]]
    return [int(pid) for pid, above in pairs if int(above) == parent]
