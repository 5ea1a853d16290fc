"""URLs by which others may read a message or a piece of it: GENURLAUTH, RESETKEY and URLFETCH. A URL is signed with
a key that its owner has for the mailbox, and opens what the owner may read now. RFC 4467, RFC 5524"""

import hashlib
import hmac
from dataclasses import dataclass

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.mail.imap import urls
from parvis.mail.imap.fetch import without_nul
from parvis.mail.imap.names import names_of
from parvis.mail.imap.session import Bad, Done, No, Session
from parvis.mail.imap.view import Message
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap import write
from parvis.wire.imap.command import Command
from parvis.wire.imap.section import UnknownEncoding
from parvis.wire.imap.url import Authorization, ImapUrl, parse_url

_MECHANISM = "INTERNAL"
_PURPOSE = "urlauth"
_MECHANISMS = f"URLMECH {_MECHANISM}"


async def reset_key(session: Session, command: Command) -> Done:
    """RFC 4467 §7, RESETKEY: the URLs of a mailbox, or all of this person, are void from now on."""
    asked = command.arguments
    assert isinstance(asked, a.ResetKey)
    if asked.mailbox is None:
        sql = "DELETE FROM mailbox_key WHERE principal_id = ?"
        await session.store.write(lambda unit: unit.run(sql, session.who.id))
        return Done("All keys are gone")
    named = (await session.names()).find(asked.mailbox)
    if named is None or named.row is None:
        raise No("There is no such mailbox", "NONEXISTENT")
    if set(asked.mechanisms) - {_MECHANISM}:
        raise No("INTERNAL is what there is", "CANNOT")
    await _make(session.store, session.who.id, named.row.id, anew=True)
    return Done("A new key", _MECHANISMS)


async def generate(session: Session, command: Command) -> Done:
    """RFC 4467 §7, GENURLAUTH."""
    asked = command.arguments
    assert isinstance(asked, a.GenUrlAuth)
    names, signed = await session.names(), []
    for text, mechanism in asked.urls:
        try:
            url = parse_url(text)
            named = urls.mailbox_of(names, url)
        except Invalid as error:
            raise Bad(error.sentence) from None
        granted = url.authorization
        if granted is None or granted.mechanism or mechanism != _MECHANISM:
            raise Bad("A URL needs who may read it and no signature; INTERNAL is what there is")
        owner = await _owner(session.store, url)
        if owner is None or owner.id != session.who.id:
            raise Bad("A URL has the name of who signs it")
        assert named.row is not None
        key = await _key(session.store, owner.id, named.row.id)
        if key is None:
            await _make(session.store, owner.id, named.row.id)
            key = await _key(session.store, owner.id, named.row.id)
        signed.append(write.string(f"{granted.rump}:{_MECHANISM.lower()}:{_token(key or b'', granted)}"))
    session.say(b"* GENURLAUTH " + b" ".join(signed))
    return Done()


async def fetch(session: Session, command: Command) -> Done:
    """RFC 4467 §7, URLFETCH; RFC 5524 §3. What may not be read is NIL, whatever the reason."""
    asked = command.arguments
    assert isinstance(asked, a.UrlFetch)
    for wanted in asked.urls:
        found = await _opened(session, wanted.url)
        try:
            answer = await _answer(session.store, found, wanted.items) if found is not None else b"NIL"
        except Invalid:
            answer = b"NIL"
        session.say(b"* URLFETCH " + write.string(wanted.url) + b" " + answer)
        await session.client.flush()
    return Done()


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a URL names, which may be read."""

    url: ImapUrl
    message: Message


async def _opened(session: Session, text: str) -> _Opened | None:
    """The message of a URL that this session may use; whatever is wrong looks the same. RFC 4467 §6, §10"""
    try:
        url = parse_url(text)
        owner = await _owner(session.store, url)
        granted = url.authorization
        if owner is None or granted is None or granted.mechanism != _MECHANISM:
            return None
        names = await names_of(session.store.db, owner)
        named = urls.mailbox_of(names, url)
        assert named.row is not None
        key = await _key(session.store, owner.id, named.row.id)
        if key is None or not hmac.compare_digest(_token(key, granted), granted.token):
            return None
        if not await _may(session, granted):
            return None
        return _Opened(url, await urls.message_of(session.store, names, url))
    except Invalid:
        return None


async def _may(session: Session, granted: Authorization) -> bool:
    """Whether it is for who has signed in, and still is. What is for a submission server (`submit+`) is for nobody
    here. RFC 4467 §3"""
    if granted.expires_ms is not None and granted.expires_ms <= clock.now_ms():
        return False
    if granted.access == "user":
        meant = await directory.by_address(session.store.db, granted.user)
        return meant is not None and meant.id == session.who.id
    return granted.access in ("anonymous", "authuser")


async def _owner(keep: Store, url: ImapUrl) -> Principal | None:
    """Whose URL it is: an address, or a name at the host of the URL."""
    address = url.user if "@" in url.user else f"{url.user}@{url.host}"
    return await directory.by_address(keep.db, address) if url.user else None


def _token(key: bytes, granted: Authorization) -> str:
    """The signature of a URL. RFC 4467 §2.4.1"""
    return hmac.digest(key, granted.rump.encode(), hashlib.sha256).hex()


async def _key(keep: Store, principal_id: int, mailbox_id: int) -> bytes | None:
    """What somebody signs the URLs of a mailbox with, if there is such a key. RFC 4467 §2.2"""
    sql = "SELECT secret FROM mailbox_key WHERE principal_id = ? AND mailbox_id = ?"
    sealed = await keep.db.value(sql, principal_id, mailbox_id)
    return None if sealed is None else (await keep.sealer.open(sealed, _PURPOSE)).encode()


async def _make(keep: Store, principal_id: int, mailbox_id: int, *, anew: bool = False) -> None:
    """A key where there is none, or `anew` instead of the one there is."""
    sealed = await keep.sealer.seal(ids.token(32), _PURPOSE)
    conflict = "(principal_id, mailbox_id) DO UPDATE SET secret = excluded.secret" if anew else "DO NOTHING"

    async def work(unit: Unit) -> None:
        await unit.run(
            f"INSERT INTO mailbox_key (principal_id, mailbox_id, secret) VALUES (?, ?, ?) ON CONFLICT {conflict}",
            principal_id,
            mailbox_id,
            sealed,
        )

    await keep.write(work)


async def _answer(keep: Store, found: _Opened, items: tuple[str, ...]) -> bytes:
    """What URLFETCH says after the URL. Raises Invalid when the message has no such section."""
    section = found.url.section
    if not items:
        return write.string(without_nul(await urls.octets(keep, found.message, section)))
    data: bytes | None = None
    if "BODY" in items:
        data = await urls.octets(keep, found.message, section)
    raw, parsed = await urls.parsed_of(keep, found.message)
    if "BINARY" in items:
        try:
            data = write.binary_of(raw, parsed, section)
        except UnknownEncoding:
            data = None
    pieces = []
    if "BODYPARTSTRUCTURE" in items:
        decoded = data if "BINARY" in items else None
        pieces.append(b"(BODYPARTSTRUCTURE " + write.part_structure(raw, parsed, section, decoded) + b")")
    if "BODY" in items:
        pieces.append(b"(BODY " + write.string(without_nul(data or b"")) + b")")
    if "BINARY" in items:
        pieces.append(b"(BINARY " + (b"NIL" if data is None else write.literal8(data)) + b")")
    return b" ".join(pieces)
