"""Roundcube from Debian's roundcube-core and roundcube-sqlite3 before an IMAP server, as a private instance: Apache
with mod_php and opcache, and Roundcube's own .htaccess (compressed, kept by the browser for a month). Root is
needed."""

import os
import pathlib
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

from bench.peers.ports import free_port
from bench.peers.postfix import children

APACHE, MODULES = pathlib.Path("/usr/sbin/apache2"), pathlib.Path("/usr/lib/apache2/modules")
PAGES = pathlib.Path("/var/lib/roundcube/public_html")
DEFAULTS = pathlib.Path("/etc/roundcube")
TABLES = pathlib.Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
_LOADED = "access_compat authz_core brotli deflate dir env expires filter headers mime mpm_prefork rewrite setenvif"
_PHP = "libphp8.2.so"


class Roundcube:
    """A running Roundcube with its skin elastic at `url`; whoever the IMAP server takes may sign in."""

    def __init__(self, imap: int) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="roundcube-"))
        self.root.chmod(0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._write(imap)
        self._run("start")
        self._wait()

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        if not all(path.exists() for path in (APACHE, MODULES / _PHP, PAGES, TABLES)):
            return "Roundcube is not installed (apt-get install roundcube-core roundcube-sqlite3)"
        return "" if os.geteuid() == 0 else "Roundcube needs root"

    def _write(self, imap: int) -> None:
        root, owner = self.root, pwd.getpwnam("www-data")
        for name in ("conf", "temp", "logs", "data"):
            (root / name).mkdir()
        with sqlite3.connect(root / "data/roundcube.db") as database:
            database.executescript(TABLES.read_text())
        database.close()
        for name in ("defaults.inc.php", "mimetypes.php"):
            (root / "conf" / name).symlink_to(DEFAULTS / name)
        (root / "conf/config.inc.php").write_text(f"""<?php
$config['db_dsnw'] = 'sqlite:///{root}/data/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['des_key'] = 'a key of 24 bytes, fixed';
$config['log_dir'] = '{root}/logs/';
$config['temp_dir'] = '{root}/temp/';
$config['session_lifetime'] = 600;
$config['skin'] = 'elastic';
$config['language'] = 'en_GB';
$config['plugins'] = [];
""")
        modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in _LOADED.split())
        (root / "apache.conf").write_text(f"""
ServerRoot {root}
ServerName 127.0.0.1
Listen 127.0.0.1:{self.port}
PidFile {root}/pid
DefaultRuntimeDir {root}
ErrorLog {root}/logs/apache
{modules}LoadModule php_module {MODULES}/{_PHP}
TypesConfig /etc/mime.types
User www-data
Group www-data
SetEnv ROUNDCUBE_CONFIG_DIR {root}/conf
DirectoryIndex index.php
DocumentRoot {PAGES}
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
<Directory />
  AllowOverride None
</Directory>
<Directory {PAGES}>
  Options +FollowSymLinks
  AllowOverride All
  Require all granted
</Directory>
""")
        for path in (root / "temp", root / "logs", root / "data", root / "data/roundcube.db"):
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _run(self, command: str) -> None:
        subprocess.run([APACHE, "-f", self.root / "apache.conf", "-k", command], check=True, timeout=30)

    def _wait(self) -> None:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("Apache did not start")

    @property
    def processes(self) -> list[int]:
        """Apache's master process and those below it."""
        master = int((self.root / "pid").read_text())
        return [master, *children(master)]

    def close(self) -> None:
        """Stops it and removes its files."""
        self._run("stop")
        shutil.rmtree(self.root, ignore_errors=True)
