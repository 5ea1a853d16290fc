"""Hashes and signatures of events (Matrix v1.19 Server-Server §Signing Events)."""

import hashlib
import hmac
from collections.abc import Mapping

from parvis.kernel.errors import ParvisError

from . import base64, canonical, signing
from .canonical import Object
from .errors import BadMatrix
from .identifiers import server_of
from .redaction import redacted
from .signing import SigningKey, VerifyKey
from .versions import RoomVersion


def content_hash(source: Object, version: RoomVersion) -> bytes:
    """Over the whole event (Matrix v1.19 Server-Server §Calculating the content hash for an event)."""
    covered = {name: value for name, value in source.items() if name not in ("unsigned", "signatures", "hashes")}
    return hashlib.sha256(canonical.encode(covered, strict=version.strict_json)).digest()


def has_its_hash(source: Object, version: RoomVersion) -> bool:
    """Whether an event is whole. If not, what is left of it by redaction is taken in its place (Matrix v1.19
    Server-Server §Validating hashes and signatures on received events)."""
    stated = source.get("hashes")
    try:
        wanted = base64.decode(stated.get("sha256") if isinstance(stated, dict) else None)
    except BadMatrix:
        return False
    return hmac.compare_digest(wanted, content_hash(source, version))


def reference_hash(source: Object, version: RoomVersion) -> bytes:
    """Over what a redaction leaves (Matrix v1.19 Server-Server §Calculating the reference hash for an event)."""
    covered = redacted(source, version)
    covered.pop("signatures", None)
    return hashlib.sha256(canonical.encode(covered, strict=version.strict_json)).digest()


def event_id(source: Object, version: RoomVersion) -> str:
    """The id of an event, of which its hash is a part as of room version 3 (Matrix v1.19 Room Version 4 §Event
    IDs). Raises BadMatrix."""
    if version.event_ids == "given":
        given = source.get("event_id")
        if not isinstance(given, str):
            raise BadMatrix("An event without an id", field="event_id")
        return given
    write = base64.encode if version.event_ids == "base64" else base64.encode_url
    return f"${write(reference_hash(source, version))}"


def named(source: Object, version: RoomVersion) -> str:
    """The id of an event of which nothing is known to be right; `$` where it has none."""
    try:
        return event_id(source, version)
    except (ParvisError, KeyError, TypeError):
        return "$"


def sealed(source: Object, version: RoomVersion, server: str, key: SigningKey) -> Object:
    """An event of our own with its hash and our signature (Matrix v1.19 Server-Server §Adding hashes and signatures
    to outgoing events). Raises BadMatrix."""
    hashed = {**source, "hashes": {"sha256": base64.encode(content_hash(source, version))}}
    return countersigned(hashed, version, server, key)


def countersigned(source: Object, version: RoomVersion, server: str, key: SigningKey) -> Object:
    """An event, which has its hash, with one signature more: as of a server that let somebody join."""
    data = signing.signed_bytes(redacted(source, version), strict=version.strict_json)
    return signing.with_signature(source, server, key.id, key.sign(data))


def signers(source: Object, version: RoomVersion) -> set[str]:
    """The servers that must have signed an event: that of the sender, unless a third party invited, and that of who
    let somebody join (Matrix v1.19 Server-Server §Validating hashes and signatures on received events, Room Version
    12 §Authorisation rules 5.2)."""
    content = source["content"]
    member = source["type"] == "m.room.member"
    found = set()
    if not (member and content.get("membership") == "invite" and "third_party_invite" in content):
        found.add(server_of(source["sender"]))
    if version.event_ids == "given":
        found.add(server_of(source["event_id"]))
    if member and version.restricted and "join_authorised_via_users_server" in content:
        authoriser = content["join_authorised_via_users_server"]
        found.add(server_of(authoriser) if isinstance(authoriser, str) else "")
    return found


def verify(source: Object, version: RoomVersion, keys: Mapping[str, Mapping[str, VerifyKey]]) -> None:
    """Checks the signatures of an event whose format was checked. `keys` are those that were valid when it was
    sent, by server and key id. Raises BadMatrix with `M_UNAUTHORIZED`."""
    left = redacted(source, version)
    for server in sorted(signers(source, version)):
        signing.verify(left, server, keys.get(server, {}), strict=version.strict_json)
