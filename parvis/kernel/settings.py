"""Settings: one typed tree, read from `parvis.toml` in the data folder and from PARVIS_* variables."""

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from parvis.kernel.errors import Invalid
from parvis.kernel.languages import Language


class Ports(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Ports to listen on: a number, 0 for any free one, -1 for none."""

    http: int = 8080
    smtp: int = -1
    submission: int = -1


class Limits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a caller may ask at once. Bytes, counts and seconds."""

    upload_bytes: int = 100_000_000
    message_bytes: int = 50_000_000
    request_bytes: int = 10_000_000
    calls_in_request: int = 64
    objects_in_get: int = 1000
    objects_in_set: int = 1000
    concurrent_requests: int = 8
    concurrent_uploads: int = 4
    recipients: int = 200
    quota_bytes: int = 0
    """Bytes of mail a new account may hold; 0 is no limit."""


class Relay(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A smart host for all outgoing mail; empty means delivery straight to each domain's MX."""

    host: str = ""
    port: int = 25
    username: str = ""
    password: str = ""
    implicit_tls: bool = False


class Endpoint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A model server with its card: who runs it, where and under whose law. trust.md SO-02, TR-06"""

    name: str
    kind: str = "openai"
    """`openai` for any OpenAI-compatible server, `local` for a model file run in process."""
    base_url: str = ""
    api_key: str = ""
    model: str = ""
    operator: str = ""
    country: str = ""
    parent_law: str = ""
    licence: str = ""
    context_tokens: int = 8192
    timeout_seconds: float = 60.0
    daily_tokens: int = 0
    """Budget of one person for a day; 0 is no limit."""


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Everything an administrator may set. Defaults give a complete workplace on one machine."""

    data: str = "data"
    """Folder of the database, blobs, models and logs."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    hostname: str = "localhost"
    """Name of this server in SMTP, Message-IDs and links."""
    public_url: str = ""
    """Address people open; empty means http://host:port."""
    domains: list[str] = []
    """Mail domains this server is the destination of."""
    language: Language = "en"
    database: str = ""
    """`postgresql://...`; empty means SQLite in the data folder."""
    blobs: str = ""
    """`s3://bucket/prefix?endpoint=...`; empty means a folder in the data folder."""
    bus: str = ""
    """`nats://host:port`; empty means in process."""
    node: int = 0
    ports: Ports = msgspec.field(default_factory=Ports)
    limits: Limits = msgspec.field(default_factory=Limits)
    relay: Relay = msgspec.field(default_factory=Relay)
    endpoints: list[Endpoint] = []
    embeddings: Endpoint | None = None
    egress_allow: list[str] = []
    """Hosts the egress gate lets through besides mail delivery; `*` lets all through."""
    tls_certificate: str = ""
    tls_key: str = ""
    threads: int = 0
    """Threads of a local model; 0 means one for each core."""

    @property
    def folder(self) -> Path:
        """The data folder as a path."""
        return Path(self.data)


def load(data: str | Path = "data", **overrides: Any) -> Settings:
    """Settings from `<data>/parvis.toml`, then PARVIS_PORT, PARVIS_DATABASE, PARVIS_BLOBS and PARVIS_BUS, then
    `overrides`. Raises Invalid naming the setting that is wrong."""
    file = Path(data) / "parvis.toml"
    tree: dict[str, Any] = tomllib.loads(file.read_text()) if file.exists() else {}
    tree["data"] = str(data)
    for name in ("database", "blobs", "bus"):
        if value := os.environ.get(f"PARVIS_{name.upper()}"):
            tree[name] = value
    if port := os.environ.get("PARVIS_PORT"):
        tree.setdefault("ports", {})["http"] = int(port)
    tree.update(overrides)
    try:
        return msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        raise Invalid(f"{file}: {error}") from error
