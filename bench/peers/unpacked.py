"""Programs of Debian's packages that cannot be installed beside each other: `tools/setup.sh test` unpacks them into
`.venv/debian`, and here they run as if they were installed, in a mount namespace of their own. Root is needed."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from bench.peers.ports import await_port, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2] / ".venv" / "debian"
_USERS = ("Debian-exim", "opensmtpd", "opensmtpq", "paul")
_FIRST_ID = 61_000


class Unpacked:
    """A running server in its own folder. `port` takes mail; what it delivers is in Maildirs under `mail`."""

    program = ""
    """Its path under the unpacked packages."""

    def __init__(self, resolver: str) -> None:
        """`resolver` is the address of the name server that it asks, at port 53."""
        self.port = free_port()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-"))
        self.root.chmod(0o755)
        self.mail = self.root / "mail"
        self.mail.mkdir(mode=0o777)
        self.mail.chmod(0o777)
        (self.root / "resolv.conf").write_text(f"nameserver {resolver}\n")
        for name in ("passwd", "group"):
            lines = pathlib.Path(f"/etc/{name}").read_text().rstrip("\n").split("\n")
            (self.root / name).write_text("\n".join([*lines, *self._users(name)]) + "\n")
        self.configure()
        with (self.root / "out").open("wb") as out:
            self._process = subprocess.Popen(
                self._inside(self.command()), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        await_port(self.port, self.log)

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be started here; empty when it can."""
        if not (ROOT / cls.program).exists():
            return f"{cls.__name__} is not unpacked (tools/setup.sh test)"
        if os.geteuid() != 0:
            return f"{cls.__name__} needs root"
        tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
        return "" if tried.returncode == 0 else "this machine gives no mount namespace"

    def configure(self) -> None:
        """Writes its configuration."""
        raise NotImplementedError

    def command(self) -> str:
        """What starts it, in the foreground."""
        raise NotImplementedError

    def mailbox(self, name: str) -> list[bytes]:
        """The messages of somebody, oldest first."""
        folder = self.mail / name / "new"
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        return [file.read_bytes() for file in files]

    def log(self) -> str:
        """What it wrote so far."""
        files = [self.root / "out", *self.root.glob("spool/*nlog"), *self.root.glob("spool/rejectlog")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def close(self) -> None:
        """Ends it, with all its processes, and forgets its folder."""
        subprocess.run(["pkill", "-KILL", "-s", str(self._process.pid)], check=False)
        self._process.kill()
        self._process.wait(10)
        shutil.rmtree(self.root, ignore_errors=True)

    def _users(self, name: str) -> list[str]:
        numbered = [(user, _FIRST_ID + number) for number, user in enumerate(_USERS)]
        if name == "group":
            return [f"{user}:x:{number}:" for user, number in numbered]
        return [f"{user}:x:{number}:{number}::{self.root}:/bin/sh" for user, number in numbered]

    def _inside(self, command: str) -> list[str]:
        state = self.root / "state"
        script = f"""set -e
            mkdir -p {state}/lib/opensmtpd/empty {state}/spool/smtpd {state}/run
            chmod 755 {state} {state}/* {state}/lib/opensmtpd/empty
            chmod 711 {state}/spool/smtpd
            mount -t overlay overlay -o lowerdir={ROOT}/usr:/usr /usr
            for file in passwd group resolv.conf; do mount --bind {self.root}/$file /etc/$file; done
            for folder in lib spool; do mount --bind {state}/$folder /var/$folder; done
            mount --bind {state}/run /run
            exec {command}"""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
