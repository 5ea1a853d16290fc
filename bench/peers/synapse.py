"""Synapse, the reference server of Matrix (pip; on the PATH, in PARVIS_BENCH_VENV or where `make test` puts it), as
one process on SQLite or PostgreSQL: without federation, presence, limits and logs, so that nothing but what is
measured costs."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import urllib.request
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from bench.peers.webdav import Peer, program

_PROGRAM = "synapse_homeserver"
_OWN = pathlib.Path(__file__).parents[2] / ".venv-synapse" / "bin" / _PROGRAM
_SECRET = "bench"


def installed() -> str:
    """Where Synapse is; empty when it is nowhere."""
    return program(_PROGRAM) or (str(_OWN) if _OWN.exists() else "")


def prepared(folder: pathlib.Path, settings: Mapping[str, object]) -> list[str]:
    """The command that starts a Synapse which keeps all in a folder, without limits and logs; `settings` say the
    rest."""
    rate = {"per_second": 1e6, "burst_count": 1e6}
    config = folder / "homeserver.yaml"
    (folder / "log.yaml").write_text("version: 1\nroot: {level: ERROR}\ndisable_existing_loggers: false\n")
    whole = {
        "pid_file": f"{folder}/pid",
        "database": {"name": "sqlite3", "args": {"database": f"{folder}/db"}},
        "log_config": f"{folder}/log.yaml",
        "media_store_path": f"{folder}/media",
        "signing_key": f"ed25519 a_key {base64.b64encode(os.urandom(32)).decode().rstrip('=')}",
        "registration_shared_secret": _SECRET,
        "macaroon_secret_key": "m",
        "form_secret": "f",
        "report_stats": False,
        "trusted_key_servers": [],
        "bcrypt_rounds": 4,
        "rc_message": rate,
        "rc_registration": rate,
        "rc_joins": {"local": rate, "remote": rate},
        "rc_joins_per_room": rate,
        "rc_invites": {"per_room": rate, "per_user": rate, "per_issuer": rate},
        "rc_room_creation": rate,
        **settings,
    }
    config.write_text(json.dumps(whole))
    config.chmod(0o600)
    return [installed(), "-c", str(config)]


def registration(nonce: str, name: str, shown: str = "") -> dict[str, object]:
    """The body that makes somebody, `shown` to others by this name, on a Synapse that is `prepared` (its Admin API,
    shared-secret registration)."""
    parts = (nonce, name, "secret", "notadmin")
    mac = hmac.new(_SECRET.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
    said = {"nonce": nonce, "username": name, "password": parts[2], "admin": False, "mac": mac}
    return {**said, "displayname": shown or name}


class Synapse(Peer):
    """A running Synapse. `database` is the URL of an empty PostgreSQL database; SQLite without."""

    name, patience = "Synapse", 60.0

    def __init__(self, database: str = "") -> None:
        self._database = database
        super().__init__()

    @staticmethod
    def missing() -> str:
        """Why it cannot be started here; empty when it can."""
        return "" if installed() else "Synapse is not installed (pip install matrix-synapse)"

    def command(self) -> list[str]:
        listener = {"port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"]}
        settings = {
            "server_name": "example.net",
            "listeners": [{**listener, "resources": [{"names": ["client"]}]}],
            "presence": {"enabled": False},
            **({"database": self._where()} if self._database else {}),
        }
        return prepared(self.folder, settings)

    def _where(self) -> dict[str, object]:
        url = urlsplit(self._database)
        place = {"user": url.username or "postgres", "dbname": url.path[1:], "host": parse_qs(url.query)["host"][0]}
        return {"name": "psycopg2", "args": {**place, "cp_min": 5, "cp_max": 10}}

    def register(self, count: int) -> list[tuple[str, str]]:
        """Makes people; for each the user id and an access token."""
        url, made = f"http://127.0.0.1:{self.port}/_synapse/admin/v1/register", []
        for number in range(count):
            with urllib.request.urlopen(url) as answer:
                nonce = json.load(answer)["nonce"]
            body = registration(nonce, f"p{number}")
            with urllib.request.urlopen(url, json.dumps(body).encode()) as answer:
                found = json.load(answer)
            made.append((found["user_id"], found["access_token"]))
        return made
