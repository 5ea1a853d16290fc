"""Dovecot's LMTP and IMAP from Debian's dovecot-lmtpd and dovecot-imapd, as a private instance: where Postfix puts
mail and Roundcube reads it. Root is needed."""

import imaplib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable

from bench.peers.ports import free_port
from bench.peers.postfix import children

BINARY = pathlib.Path("/usr/sbin/dovecot")
LMTP, IMAP = pathlib.Path("/usr/lib/dovecot/lmtp"), pathlib.Path("/usr/lib/dovecot/imap")


class Dovecot:
    """A running Dovecot that keeps mail of any user under its own folder (sdbox), with any password. `lmtp` is its
    socket, `imap` its port."""

    def __init__(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.root.chmod(0o755)
        self.lmtp, self.imap = self.root / "lmtp", free_port()
        self._write()
        subprocess.run([BINARY, "-c", self.root / "dovecot.conf"], check=True, timeout=30)
        self._wait()

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        if not (BINARY.exists() and LMTP.exists() and IMAP.exists()):
            return "Dovecot is not installed (apt-get install dovecot-lmtpd dovecot-imapd)"
        return "" if os.geteuid() == 0 else "Dovecot needs root"

    def _write(self) -> None:
        owner = pwd.getpwnam("mail")
        for name in ("run", "state", "mail"):
            (self.root / name).mkdir()
        os.chown(self.root / "mail", owner.pw_uid, owner.pw_gid)
        (self.root / "dovecot.conf").write_text(f"""
base_dir = {self.root}/run
state_dir = {self.root}/state
log_path = {self.root}/log
protocols = lmtp imap
mail_max_userip_connections = 1000
ssl = no
mail_location = sdbox:{self.root}/mail/%u
mail_fsync = always
first_valid_uid = 1
auth_mechanisms = plain
default_vsz_limit = 1G
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={self.root}/mail/%u allow_all_users=yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {self.imap}
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
}}
service lmtp {{
  unix_listener {self.lmtp} {{
    mode = 0666
  }}
}}
""")

    def _wait(self) -> None:
        for _ in range(100):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.lmtp)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("Dovecot did not start")

    def append(self, user: str, messages: Iterable[bytes], *flags: str) -> None:
        """Puts messages with these flags into a user's Inbox."""
        with imaplib.IMAP4("127.0.0.1", self.imap) as connection:
            connection.login(user, "x")
            for raw in messages:
                answer, _ = connection.append("INBOX", " ".join(flags), "", raw)
                assert answer == "OK"

    def count(self, user: str) -> int:
        """Messages that a user has."""
        return sum(1 for _ in (self.root / "mail").glob(f"{user}/mailboxes/INBOX/dbox-Mails/u.*"))

    @property
    def processes(self) -> list[int]:
        """Its master process and those below it."""
        master = int((self.root / "run/master.pid").read_text())
        return [master, *children(master)]

    def close(self) -> None:
        """Stops it and removes its files."""
        subprocess.run([BINARY, "-c", self.root / "dovecot.conf", "stop"], check=False, timeout=30)
        shutil.rmtree(self.root, ignore_errors=True)
