"""Dovecot of Debian's packages on a loopback port, with mailboxes of any user under one password."""

import contextlib
import imaplib
import os
import pathlib
import pwd
import shutil
import signal

import pytest

from tests import servers

BINARY = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")
PASSWORD = "secret-of-dovecot"
marks = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.skipif(not BINARY, reason="dovecot-imapd is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="Dovecot's login processes need root to start"),
]
CONFIGURATION = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{root}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
auth_mechanisms = plain login
mail_max_userip_connections = 100
{capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "Verschickt" {{
    special_use = \\Sent
    auto = create
  }}
  mailbox "Everything" {{
    special_use = \\All
    auto = create
  }}
}}
"""


class Dovecot:
    """A Dovecot that can be stopped and started again. `capability` is what it says it can do, when it is to hide
    something."""

    def __init__(self, capability: str = "") -> None:
        self._boxes: list[imaplib.IMAP4] = []
        self.port, owner = servers.free_port(), pwd.getpwnam("mail")
        self.root = pathlib.Path(os.path.realpath("/tmp")) / f"parvis-dovecot-{self.port}"
        (self.root / "mail").mkdir(parents=True)
        os.chown(self.root / "mail", owner.pw_uid, owner.pw_gid)
        self.root.chmod(0o755)
        words = f"imap_capability = {capability}" if capability else ""
        values = {"root": self.root, "user": "mail", "group": "mail", "port": self.port}
        text = CONFIGURATION.format(**values, capability=words, password=PASSWORD)
        (self.root / "dovecot.conf").write_text(text)
        self.start()

    def start(self) -> None:
        """Starts it, at first or again."""
        command = [BINARY, "-F", "-c", str(self.root / "dovecot.conf")]
        self._process = servers.start(command, self.root / "out")
        servers.await_port(self.port, self._process, self.root / "out")

    def stop(self) -> None:
        """Stops it; `start` brings it back on the same port. What it has started ends too: by itself it would go on
        with who is connected for half a minute."""
        if self._process.poll() is not None:
            return
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        servers.stop(self._process)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGTERM)

    def box(self, user: str = "bob") -> imaplib.IMAP4:
        """A connection, signed in."""
        connection = imaplib.IMAP4("127.0.0.1", self.port)
        self._boxes.append(connection)
        connection.login(user, PASSWORD)
        return connection

    def close(self) -> None:
        """Stops it for good."""
        for box in self._boxes:
            box.shutdown()
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)
