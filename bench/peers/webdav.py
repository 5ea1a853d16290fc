"""Servers of calendars and files that stand beside ours, each a private instance: Radicale and Xandikos (pip,
found on the PATH or in PARVIS_BENCH_VENV) and Apache's mod_dav (Debian's apache2), which asks for a password
as its manual sets that up; the others take any."""

import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping

from bench.peers.ports import await_port, free_port
from bench.peers.postfix import children

MODULES = pathlib.Path("/usr/lib/apache2/modules")


def program(name: str) -> str:
    """Where a program is; empty when it is nowhere."""
    venv = os.environ.get("PARVIS_BENCH_VENV", "")
    beside = pathlib.Path(venv, "bin", name) if venv else None
    return str(beside) if beside and beside.exists() else shutil.which(name) or ""


class Peer:
    """A running server. `root` is where collections are made, `user` whose name it wants."""

    name = ""
    root = "/"
    user = "bench"
    patience = 15.0
    """Seconds until it listens."""

    def __init__(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name.partition(' ')[0].lower()}-"))
        self.port = free_port()
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(self.command(), stdout=self._log, stderr=self._log)
        await_port(self.port, lambda: (self.folder / "log").read_text()[-500:], self.patience)

    def command(self) -> list[str]:
        """What starts it."""
        raise NotImplementedError

    @property
    def processes(self) -> list[int]:
        """Its process ids."""
        return [self._process.pid, *children(self._process.pid)]

    def close(self) -> None:
        """Stops it and removes its files."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Radicale(Peer):
    """Radicale: files in folders, one lock."""

    name, root = "Radicale", "/bench/"

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        return "" if program("radicale") else "Radicale is not installed (pip install radicale)"

    def command(self) -> list[str]:
        config = self.folder / "config"
        config.write_text(f"""[server]
hosts = 127.0.0.1:{self.port}
[auth]
type = none
[storage]
filesystem_folder = {self.folder}/collections
""")
        return [program("radicale"), "--config", str(config)]

    def stock(self, path: str, files: Mapping[str, bytes]) -> None:
        """Puts files into the folder of a collection that is there and empty."""
        for name, content in files.items():
            (self.folder / "collections/collection-root" / path.strip("/") / name).write_bytes(content)


class Xandikos(Peer):
    """Xandikos: a git repository a collection."""

    name, root = "Xandikos", "/bench/calendars/"

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        return "" if program("xandikos") else "Xandikos is not installed (pip install xandikos)"

    def command(self) -> list[str]:
        place = ["-d", str(self.folder / "data"), "-l", "127.0.0.1", "-p", str(self.port)]
        return [program("xandikos"), "serve", "--defaults", "--current-user-principal", "/bench/", *place]

    def stock(self, path: str, files: Mapping[str, bytes]) -> None:
        """Puts files into the repository of a collection that is there and empty, as one commit."""
        folder = self.folder / "data" / path.strip("/")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        who = ["-c", "user.name=bench", "-c", "user.email=bench@example.net"]
        for words in (["add", "--all"], ["commit", "--quiet", "--message", "filled"]):
            subprocess.run(["git", "-C", str(folder), *who, *words], check=True)


class Apache(Peer):
    """Apache's mod_dav on files."""

    name, root = "Apache mod_dav", "/dav/"

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        return "" if (MODULES / "mod_dav.so").exists() else "Apache is not installed (apt-get install apache2)"

    def stored(self, path: str) -> pathlib.Path:
        """The file in which it keeps what is at a path."""
        return self.folder / "files" / path.removeprefix(self.root)

    def command(self) -> list[str]:
        files = self.stored("")
        files.mkdir()
        self.folder.chmod(0o755)
        shutil.chown(files, "www-data", "www-data")
        shutil.chown(self.folder, "www-data", "www-data")
        passwords = self.folder / "passwords"
        subprocess.run(["htpasswd", "-bc", passwords, self.user, "x"], check=True, capture_output=True)
        modules = ["mpm_event", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_user"]
        loaded = "\n".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in [*modules, "dav", "dav_fs", "alias"]
        )
        config = self.folder / "httpd.conf"
        config.write_text(f"""{loaded}
ServerName localhost
User www-data
Group www-data
ServerRoot {self.folder}
DocumentRoot {self.folder}
PidFile {self.folder}/pid
ErrorLog {self.folder}/error.log
Listen 127.0.0.1:{self.port}
DavLockDB {self.folder}/locks
KeepAlive On
KeepAliveTimeout 600
MaxKeepAliveRequests 0
Alias /dav {files}
<Directory {files}>
Dav On
DavDepthInfinity On
LimitXMLRequestBody 0
AuthType Basic
AuthName files
AuthBasicProvider file
AuthUserFile {passwords}
Require valid-user
</Directory>
""")
        return ["/usr/sbin/apache2", "-f", str(config), "-DFOREGROUND"]
