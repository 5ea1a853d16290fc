"""Synapse, the reference server of Matrix (pip, found on the PATH or in PARVIS_BENCH_VENV), as one process on
SQLite or PostgreSQL: without federation, presence, limits and logs, so that nothing but what is measured costs."""

import hashlib
import hmac
import json
import subprocess
import urllib.request
from urllib.parse import parse_qs, urlsplit

from bench.peers.webdav import Peer, program

_SECRET = "bench"


class Synapse(Peer):
    """A running Synapse. `database` is the URL of an empty PostgreSQL database; SQLite without."""

    name, patience = "Synapse", 60.0

    def __init__(self, database: str = "") -> None:
        self._database = database
        super().__init__()

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        return "" if program("synapse_homeserver") else "Synapse is not installed (pip install matrix-synapse)"

    def command(self) -> list[str]:
        config = self.folder / "homeserver.yaml"
        (self.folder / "log.yaml").write_text("version: 1\nroot: {level: ERROR}\ndisable_existing_loggers: false\n")
        config.write_text(json.dumps(self._settings()))
        config.chmod(0o600)
        command = [program("synapse_homeserver"), "-c", str(config)]
        subprocess.run([*command, "--generate-keys"], check=True, stdout=subprocess.DEVNULL)
        return command

    def _settings(self) -> dict[str, object]:
        rate = {"per_second": 1e6, "burst_count": 1e6}
        listener = {"port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"]}
        return {
            "server_name": "example.net",
            "listeners": [{**listener, "resources": [{"names": ["client"]}]}],
            "pid_file": f"{self.folder}/pid",
            "database": self._where(),
            "log_config": f"{self.folder}/log.yaml",
            "media_store_path": f"{self.folder}/media",
            "signing_key_path": f"{self.folder}/signing.key",
            "registration_shared_secret": _SECRET,
            "macaroon_secret_key": "m",
            "form_secret": "f",
            "report_stats": False,
            "trusted_key_servers": [],
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            "rc_message": rate,
            "rc_registration": rate,
            "rc_joins": {"local": rate, "remote": rate},
            "rc_joins_per_room": rate,
            "rc_invites": {"per_room": rate, "per_user": rate, "per_issuer": rate},
            "rc_room_creation": rate,
        }

    def _where(self) -> dict[str, object]:
        if not self._database:
            return {"name": "sqlite3", "args": {"database": f"{self.folder}/db"}}
        url = urlsplit(self._database)
        place = {"user": url.username or "postgres", "dbname": url.path[1:], "host": parse_qs(url.query)["host"][0]}
        return {"name": "psycopg2", "args": {**place, "cp_min": 5, "cp_max": 10}}

    def register(self, count: int) -> list[tuple[str, str]]:
        """Makes people; for each the user id and an access token (Synapse's Admin API, shared-secret
        registration)."""
        url, made = f"http://127.0.0.1:{self.port}/_synapse/admin/v1/register", []
        for number in range(count):
            with urllib.request.urlopen(url) as answer:
                nonce = json.load(answer)["nonce"]
            parts = (nonce, f"p{number}", "secret", "notadmin")
            mac = hmac.new(_SECRET.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
            body = {"nonce": nonce, "username": parts[1], "password": parts[2], "admin": False, "mac": mac}
            with urllib.request.urlopen(url, json.dumps(body).encode()) as answer:
                found = json.load(answer)
            made.append((found["user_id"], found["access_token"]))
        return made
