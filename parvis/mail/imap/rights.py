"""Who may do what, and how much there is room for: ACL and QUOTA. Rights are those of a whole account's mail, so
they are the same in each of its mailboxes. RFC 4314 §6, RFC 9208"""

from parvis.access.gate import Access
from parvis.mail.imap.listing import letters
from parvis.mail.imap.names import Named
from parvis.mail.imap.session import Done, No, Session
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.mailbox import encode_mailbox
from parvis.wire.imap.tokens import astring

_ELSEWHERE = No("Mail is shared as a whole, in the settings", "CANNOT")


async def my_rights(session: Session, command: Command) -> Done:
    """RFC 4314 §3.5"""
    asked = command.arguments
    assert isinstance(asked, a.MyRights)
    named, access = await _found(session, asked.mailbox)
    session.say(b"* MYRIGHTS " + _name(session, named) + b" " + letters(access.rights).encode())
    return Done()


async def list_rights(session: Session, command: Command) -> Done:
    """RFC 4314 §3.4, §3.7: all that may be given, each for itself."""
    asked = command.arguments
    assert isinstance(asked, a.ListRights)
    named, access = await _found(session, asked.mailbox)
    optional = " ".join(letters(access.rights))
    line = b"* LISTRIGHTS " + _name(session, named) + b" " + astring(asked.identifier)
    session.say(line + f' "" {optional}'.rstrip().encode())
    return Done()


async def get_acl(session: Session, command: Command) -> Done:
    """RFC 4314 §3.3"""
    asked = command.arguments
    assert isinstance(asked, a.GetAcl)
    named, access = await _found(session, asked.mailbox)
    if "a" not in letters(access.rights):
        raise No("This needs the right to share", "NOPERM")
    rows = await session.store.db.rows(
        """SELECT DISTINCT p.address, v.rights FROM visible v JOIN principal p ON p.id = v.principal_id
        WHERE v.scope_id = ? ORDER BY p.address""",
        access.scope.id,
    )
    held: dict[str, int] = {}
    for address, rights in rows:
        held[address] = held.get(address, 0) | rights
    line = b"* ACL " + _name(session, named)
    for address, rights in held.items():
        line += b" " + astring(address) + b" " + (letters(type(access.rights)(rights)).encode() or b'""')
    session.say(line)
    return Done()


async def set_acl(_: Session, __: Command) -> Done:
    """RFC 4314 §3.1, §3.2: a mailbox alone cannot be shared."""
    raise _ELSEWHERE


async def quota_root(session: Session, command: Command) -> Done:
    """RFC 9208 §3.2, §4.1.2: an account is a root, named by its number."""
    asked = command.arguments
    assert isinstance(asked, a.GetQuotaRoot)
    named, access = await _found(session, asked.mailbox)
    root = str(access.scope.account_id)
    session.say(b"* QUOTAROOT " + _name(session, named) + b' "' + root.encode() + b'"')
    await _say_quota(session, access.scope.account_id)
    return Done()


async def quota(session: Session, command: Command) -> Done:
    """RFC 9208 §4.1.1"""
    asked = command.arguments
    assert isinstance(asked, a.GetQuota)
    roots = {str(access.scope.account_id): access for access in (await session.names()).roots.values()}
    if asked.root not in roots:
        raise No("There is no such root", "NONEXISTENT")
    await _say_quota(session, roots[asked.root].scope.account_id)
    return Done()


async def set_quota(_: Session, __: Command) -> Done:
    """RFC 9208 §4.1.3"""
    raise No("Only an administrator does that, elsewhere", "NOPERM")


async def _say_quota(session: Session, account_id: int) -> None:
    """STORAGE, in units of 1024 bytes, is the one resource with a limit. RFC 9208 §3.1.1, §3.1.2, §5.1"""
    row = await session.store.db.row(
        "SELECT used_bytes, quota_bytes FROM mail_account WHERE account_id = ?", account_id
    )
    used, limit = row or (0, 0)
    resource = f"STORAGE {-(-used // 1024)} {limit // 1024}" if limit else ""
    session.say(f'* QUOTA "{account_id}" ({resource})')


async def _found(session: Session, name: str) -> tuple[Named, Access]:
    found = (await session.names()).find(name)
    if found is None or found.access is None:
        raise No("There is no such mailbox", "NONEXISTENT")
    return found, found.access


def _name(session: Session, named: Named) -> bytes:
    return encode_mailbox(named.name, session.utf8)
