"""Settings: one typed tree, read from `parvis.toml` in the data folder and from PARVIS_* variables."""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from parvis.kernel.errors import Invalid
from parvis.kernel.languages import Language


class Ports(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Ports to listen on: a number, 0 for any free one, -1 for none."""

    http: int = 8080
    smtp: int = -1
    """Mail from other servers (25)."""
    submission: int = -1
    """Mail from people's own programs, with STARTTLS (587)."""
    submissions: int = -1
    """The same with TLS from the first byte (465)."""
    imap: int = -1
    """Mail for people's own programs, with STARTTLS (143)."""
    imaps: int = -1
    """The same with TLS from the first byte (993)."""
    sieve: int = -1
    """Filter scripts for people's own programs: ManageSieve, with STARTTLS (4190)."""


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
    requests_per_minute: int = 3000
    """HTTP requests of one person (and what they ask over a WebSocket); 0 is no limit."""
    requests_per_minute_of_address: int = 6000
    """HTTP requests from one IPv4 address or IPv6 /64, whoever asks; this machine's own are not counted."""
    recipients: int = 200
    messages_per_minute: int = 600
    """From one client on port 25 (its IPv4 address or IPv6 /64); this machine's own are not counted."""
    sent_per_minute: int = 400
    """Recipients of what one person sends, by whichever door."""
    mail_connections: int = 1000
    mail_connections_of_one: int = 40
    imap_connections: int = 10_000
    quota_bytes: int = 0
    """Bytes of mail a new account may hold; 0 is no limit."""


class Relay(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A smart host for all outgoing mail; empty means delivery straight to each domain's MX."""

    host: str = ""
    port: int = 25
    username: str = ""
    password: str = ""
    implicit_tls: bool = False


class Delivery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How mail leaves this server. Times in seconds."""

    routes: dict[str, str] = {}
    """Domain (or `*`) to `host:port`, instead of asking DNS."""
    port: int = 25
    retries: list[int] = msgspec.field(default_factory=lambda: [120, 300, 900, 1800, 3600, 7200, 14400])
    """Pauses between tries; the last one goes on."""
    give_up: int = 5 * 86_400
    warn: int = 4 * 3600
    """When the sender hears that a message is late."""
    at_once: int = 20
    at_once_to_one: int = 4
    """Connections to one destination."""
    timeout: float = 120.0
    """For one answer of the other server; five times this for the one after the whole message."""
    max_hold: int = 30 * 86_400
    """How far ahead a message may be scheduled."""


class Dns(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is asked for names."""

    nameservers: list[str] = []
    """`address` or `address:port` of each server, in the order they are asked; empty means those of the system.
    One on this machine that checks DNSSEC (unbound) lets mail be sent by what DNSSEC vouches for."""
    loopback: bool = False
    """Whether a name may lead mail to this machine itself. For tests: a stranger could send it in circles."""


class Mail(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What becomes of mail from outside."""

    dmarc: Literal["enforce", "mark"] = "enforce"
    """What is not from the domain it names is refused or put into Junk, as that domain wishes (into Junk alone when
    another domain stands behind it, as a mailing list does); or only marked."""
    catch_all: dict[str, str] = {}
    """Domain to the address that gets the mail of those that nobody has."""
    separators: dict[str, str] = {}
    """Domain (or `*`) to the letters after which the rest of a local part is a note for its owner; `+` where
    nothing is said, empty for none: `ann+shop@example.org` is Ann's."""
    trusted_sealers: list[str] = []
    """Domains of mailing lists and forwarders; what they found in order before passing it on (ARC) is let in."""
    junk_score: float = 0.99
    """From this score on, 0 being wanted and 1 unwanted, mail from outside goes into Junk; above 1 nothing does."""
    rspamd: str = ""
    """`http://127.0.0.1:11333`: an rspamd that is asked for its opinion too; empty means none. What its scanners
    find under a symbol such as CLAM_VIRUS, filters may ask for as a virus."""
    mta_sts: Literal["none", "testing", "enforce"] = "testing"
    """Once `tls_certificate` is set, others read at `https://mta-sts.<domain>/.well-known/mta-sts.txt` that mail
    for our domains goes by TLS: `testing` asks them to report what fails, `enforce` to keep such mail back."""
    exchangers: list[str] = []
    """Servers beside `hostname` that take mail for our domains, as MTA-STS is to name them."""
    link_above_bytes: int = 20_000_000
    """From this size on, what is attached in the client goes to the files of who writes, and a link to it into the
    message."""
    link_days: int = 30
    """How long such a link is good when the writer says nothing."""
    vault_days: int = 30
    """How long what was deleted for good can still be restored by its owner."""
    external: bool = True
    """Whether people may add accounts they have at other providers (IMAP), to be kept in step here."""


class Spaces(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Teams."""

    created_by: Literal["everyone", "administrators"] = "everyone"


class Calendar(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Calendars."""

    free_busy_inside: bool = True
    """Whether people of the organisation know when the others, and its resources, are busy (never with what) and
    when they work, without having been given that. Each person can keep it for themselves."""
    guest_files_days: int = 30
    """How long after an event guests of elsewhere can read its files, where the invitation told them."""


class Files(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Files and folders."""

    quota_bytes: int = 0
    """Bytes of files a new account may hold, older versions among them; 0 is no limit."""
    largest_bytes: int = 50_000_000_000
    """Of one file."""
    upload_hours: int = 72
    """How long an upload that was cut can be resumed."""
    trash_days: int = 30
    """How long what was deleted stays in the trash."""
    clamd: str = ""
    """`unix:/run/clamav/clamd.ctl` or `host:3310`: a ClamAV that looks at every file; empty means none."""
    office: bool = True
    """Whether LibreOffice, where it is installed, makes previews of office files."""


class Federation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Rooms that are shared with other Matrix servers."""

    enabled: bool = False
    """Whether other servers are answered and spoken to."""
    allowed: list[str] = msgspec.field(default_factory=lambda: ["*"])
    """Servers that may take part, with `*` and `?` for any letters."""
    denied: list[str] = []
    """Servers among those that may not."""
    labels: dict[str, str] = {}
    """Server (with `*` and `?`) to what it is for the organisation: `"*.partner.org" = "partner"`. Stands in the
    log of contacts with the outside."""
    address: str = ""
    """`host` or `host:port` where other servers find this one over TLS, as `/.well-known/matrix/server` tells them;
    empty means the host and port of `public_url`."""
    notaries: list[str] = []
    """Servers that are asked for the keys of those that cannot be reached."""
    authority: str = ""
    """File with the certificates (PEM) of authorities that are trusted beside those of the system."""
    private: bool = False
    """Whether servers are spoken to at addresses inside (loopback, private networks). For networks that are closed,
    and for tests: a stranger chooses the names of servers."""
    requests_per_minute: int = 6000
    """From one server; 0 is no limit."""
    media_bytes: int = 100_000_000
    """Of one file that is fetched from another server."""
    media_days: int = 30
    """How long such a file is kept after it was last fetched anew."""


class Retention(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long rooms keep what is said in them. Days."""

    days: int = 0
    """Where the room does not say it; 0 is for as long as the room is there."""
    least_days: int = 1
    """What a room says of itself (`m.room.retention`) is heard, but nothing goes before so many days; 0 hears no
    room."""
    most_days: int = 0
    """Nothing is kept longer, whatever a room says; 0 is no bound."""
    left_days: int = 0
    """A room that nobody of this server is in any more is removed so many days after the last word; 0 keeps it."""
    unnamed_days: int = 0
    """Files that no message is known to name go so many days after they came: those of encrypted rooms, whose
    messages nobody can read here, and those that were never sent; 0 keeps them. Others go with the last message
    that names them."""


class Chat(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Conversations: a Matrix server."""

    enabled: bool = True
    """Whether clients of Matrix are answered."""
    server_name: str = ""
    """The name that users and rooms carry behind the colon, never to be changed later; empty means the first of
    `domains`."""
    turn_uris: list[str] = []
    """Relays of calls between two people: `turn:turn.example.org?transport=udp`; empty means none."""
    turn_secret: str = ""
    """What those relays share with this server (coturn: `static-auth-secret`)."""
    support_email: str = ""
    """Whom other servers' administrators and people here write to about this server, as anybody may read at
    `/.well-known/matrix/support`; empty tells nobody."""
    support_page: str = ""
    """A page that helps people with this server, told there too."""
    room_kind: Literal["open", "private"] = "open"
    """What a room is that somebody makes here with a program that does not say so: open to search and the
    assistant, or without them. Conversations, and rooms of other servers, are private unless they say otherwise."""
    presence: bool = False
    """Whether people in a room see who is there and since when not."""
    previews: bool = False
    """Whether this server fetches title, description and picture of pages that are linked to, when clients ask: by
    https, never from inside its network, and a site sees this server and never who reads."""
    confirmed_devices: bool = False
    """Whether the web client gives keys of encrypted rooms to devices alone that their owners have confirmed,
    whatever the person has chosen. Other programs have a setting of their own."""
    sign_ins_per_minute: int = 60
    """From one IPv4 address or IPv6 /64; 0 is no limit, as for all of these."""
    events_per_minute: int = 600
    """What one person says, changes and takes back in rooms."""
    joins_per_minute: int = 60
    """Rooms that one person joins, or asks to join."""
    invites_per_minute: int = 120
    """People that one person invites."""
    rooms_per_minute: int = 60
    """Rooms that one person makes."""
    claims_per_minute: int = 300
    """How often one person asks for keys that are given away once."""
    previews_per_minute: int = 120
    """Pages that one person asks to see in short."""
    retention: Retention = msgspec.field(default_factory=Retention)
    federation: Federation = msgspec.field(default_factory=Federation)


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
    """How long nothing may come before the endpoint counts as failed."""
    idle_minutes: float = 10.0
    """A `local` model leaves memory after so long without a question; 0 keeps it there."""
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
    sealing_key: str = ""
    """File of the key that secrets in the database are sealed with, made when first needed; empty means
    `sealing.key` in the data folder. Keep a copy apart from the database; nodes share it."""
    node: int = 0
    ports: Ports = msgspec.field(default_factory=Ports)
    limits: Limits = msgspec.field(default_factory=Limits)
    relay: Relay = msgspec.field(default_factory=Relay)
    delivery: Delivery = msgspec.field(default_factory=Delivery)
    mail: Mail = msgspec.field(default_factory=Mail)
    dns: Dns = msgspec.field(default_factory=Dns)
    spaces: Spaces = msgspec.field(default_factory=Spaces)
    calendar: Calendar = msgspec.field(default_factory=Calendar)
    files: Files = msgspec.field(default_factory=Files)
    chat: Chat = msgspec.field(default_factory=Chat)
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
