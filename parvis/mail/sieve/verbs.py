"""The commands of ManageSieve. RFC 5804 §2, §5"""

import binascii
import logging
from importlib.metadata import version

from parvis.access import signin
from parvis.kernel import clock
from parvis.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    OverQuota,
    ParvisError,
    RateLimited,
    TooLarge,
    Unauthenticated,
)
from parvis.mail.sieve import service
from parvis.mail.sieve.managesieve import Done, No, Session, State, Verb
from parvis.wire.managesieve import Command, string
from parvis.wire.sieve import LIMITS, SieveError
from parvis.wire.sieve import Script as Compiled

PROTOCOL = "sieve"
_log = logging.getLogger(__name__)


def capabilities(session: Session) -> list[str]:
    """RFC 5804 §1.7"""
    safe = session.client.is_safe and session.principal is None
    lines = [
        f'"IMPLEMENTATION" "Parvis {version("parvis")}"',
        f'"SIEVE" "{" ".join(service.EXTENSIONS)}"',
        f'"SASL" "{"PLAIN" if safe else ""}"',
        '"NOTIFY" "mailto"',
        f'"MAXREDIRECTS" "{LIMITS.redirects}"',
        '"UNAUTHENTICATE"',
    ]
    if session.client.tls is None and session.client.door.tls is not None and session.principal is None:
        lines.append('"STARTTLS"')
    if session.principal is not None:
        lines.append(f'"OWNER" {string(session.principal.address)}')
    return [*lines, '"VERSION" "1.0"']


def as_no(error: Exception) -> No:
    """What went wrong inside, in the protocol's words. RFC 5804 §1.3"""
    if isinstance(error, SieveError):
        return No("\r\n".join(f"line {fault.line}: {fault.sentence}" for fault in error.faults))
    if isinstance(error, NotFound):
        return No(error.sentence, "NONEXISTENT")
    if isinstance(error, Conflict):
        return No(error.sentence, "ACTIVE" if error.fields.get("reason") == "active" else "ALREADYEXISTS")
    if isinstance(error, TooLarge):
        return No(error.sentence, "QUOTA/MAXSIZE")
    if isinstance(error, OverQuota):
        return No(error.sentence, "QUOTA/MAXSCRIPTS")
    if isinstance(error, ParvisError):
        return No(error.sentence)
    _log.warning("ManageSieve: %s", error)
    return No("Not possible now; try again.", "TRYLATER")


def _strings(command: Command, count: int) -> list[str]:
    """The arguments of a command that takes so many strings. Raises Invalid."""
    given = [each for each in command.arguments if isinstance(each, bytes)]
    if len(given) != count or len(command.arguments) != count:
        raise Invalid(f"{command.name} takes {count or 'no'} string{'s' * (count != 1)}.")
    try:
        return [each.decode() for each in given]
    except UnicodeDecodeError:
        raise Invalid("That is not UTF-8.") from None


def _name_and_source(command: Command) -> tuple[str, bytes]:
    """A name and a script, which need not be UTF-8 to be told what is wrong in it. Raises Invalid."""
    if len(command.arguments) != 2 or not isinstance(command.arguments[1], bytes):
        raise Invalid(f"{command.name} takes a name and a script.")
    return _strings(Command(command.name, command.arguments[:1]), 1)[0], command.arguments[1]


async def capability(session: Session, command: Command) -> Done:
    """RFC 5804 §2.4"""
    _strings(command, 0)
    for line in capabilities(session):
        session.say(line)
    return Done()


async def noop(_: Session, command: Command) -> Done:
    """RFC 5804 §2.13"""
    if not command.arguments:
        return Done()
    return Done(code=f"TAG {string(_strings(command, 1)[0])}")


async def logout(session: Session, command: Command) -> Done:
    """RFC 5804 §2.3"""
    _strings(command, 0)
    session.over = True
    return Done("Goodbye")


async def starttls(session: Session, command: Command) -> None:
    """RFC 5804 §2.2"""
    _strings(command, 0)
    if session.client.tls is not None or session.client.door.tls is None:
        raise No("TLS is not offered now.")
    session.say('OK "Go ahead"')
    await session.client.start_tls()
    session.greet()


async def authenticate(session: Session, command: Command) -> Done:
    """RFC 5804 §2.1, RFC 4616"""
    mechanism, *initial = _strings(command, max(1, min(2, len(command.arguments))))
    if mechanism.upper() != "PLAIN":
        raise No("PLAIN is what there is.")
    if not session.client.is_safe:
        raise No("Say STARTTLS first.", "ENCRYPT-NEEDED")
    given = initial[0].encode() if initial else await _asked(session)
    try:
        identity, name, password = binascii.a2b_base64(given, strict_mode=True).decode().split("\0")
    except ValueError:
        raise No("That is no response to PLAIN.") from None
    if identity not in ("", name):
        raise No("Nobody may be somebody else.")
    return await _check(session, name, password)


async def _asked(session: Session) -> bytes:
    """The response that did not come with the command."""
    session.say('""')
    given = await session.string()
    if given == b"*":
        raise No("Given up.")
    return given


async def _check(session: Session, name: str, password: str) -> Done:
    at_ms = clock.now_ms()
    try:
        principal = await signin.authenticate(
            session.store, name, password, protocol=PROTOCOL, remote=session.client.host
        )
    except RateLimited:
        session.over = True
        raise No("Too many tries; come back later.", "TRYLATER") from None
    except Unauthenticated:
        raise No("Wrong name or password.") from None
    session.sign_in(principal, at_ms)
    return Done("Welcome")


async def unauthenticate(session: Session, command: Command) -> Done:
    """RFC 5804 §2.14.1"""
    _strings(command, 0)
    session.sign_out()
    return Done()


async def have_space(session: Session, command: Command) -> Done:
    """RFC 5804 §2.5"""
    if len(command.arguments) != 2 or not isinstance(command.arguments[1], int):
        raise Invalid("HAVESPACE takes a name and a number.")
    (name,) = _strings(Command(command.name, command.arguments[:1]), 1)
    await service.have_space(session.store, session.who, session.who.id, name, command.arguments[1])
    return Done()


async def put_script(session: Session, command: Command) -> Done:
    """RFC 5804 §2.6"""
    name, source = _name_and_source(command)
    return await _warned(session, await service.put(session.store, session.who, session.who.id, name, source))


async def check_script(session: Session, command: Command) -> Done:
    """RFC 5804 §2.12"""
    if len(command.arguments) != 1 or not isinstance(command.arguments[0], bytes):
        raise Invalid("CHECKSCRIPT takes a script.")
    return await _warned(session, await service.check(command.arguments[0]))


async def _warned(session: Session, script: Compiled) -> Done:
    found = await service.warnings(session.store, session.who.id, script)
    return Done("\r\n".join(found), "WARNINGS") if found else Done()


async def list_scripts(session: Session, command: Command) -> Done:
    """RFC 5804 §2.7"""
    _strings(command, 0)
    for script in await service.listing(session.store, session.who, session.who.id):
        session.say(f"{string(script.name)}{' ACTIVE' if script.active else ''}")
    return Done()


async def set_active(session: Session, command: Command) -> Done:
    """RFC 5804 §2.8"""
    await service.set_active(session.store, session.who, session.who.id, _strings(command, 1)[0])
    return Done()


async def get_script(session: Session, command: Command) -> Done:
    """RFC 5804 §2.9"""
    (name,) = _strings(command, 1)
    source = await service.source_of(session.store, session.who, session.who.id, name)
    session.client.write(b"{%d}\r\n%b\r\n" % (len(source), source))
    return Done()


async def delete_script(session: Session, command: Command) -> Done:
    """RFC 5804 §2.10"""
    await service.delete(session.store, session.who, session.who.id, _strings(command, 1)[0])
    return Done()


async def rename_script(session: Session, command: Command) -> Done:
    """RFC 5804 §2.11"""
    name, new = _strings(command, 2)
    await service.change_name(session.store, session.who, session.who.id, name, new)
    return Done()


VERBS: dict[str, tuple[State, Verb]] = {
    "CAPABILITY": ("any", capability),
    "NOOP": ("any", noop),
    "LOGOUT": ("any", logout),
    "STARTTLS": ("stranger", starttls),
    "AUTHENTICATE": ("stranger", authenticate),
    "UNAUTHENTICATE": ("known", unauthenticate),
    "HAVESPACE": ("known", have_space),
    "PUTSCRIPT": ("known", put_script),
    "CHECKSCRIPT": ("known", check_script),
    "LISTSCRIPTS": ("known", list_scripts),
    "SETACTIVE": ("known", set_active),
    "GETSCRIPT": ("known", get_script),
    "DELETESCRIPT": ("known", delete_script),
    "RENAMESCRIPT": ("known", rename_script),
}
