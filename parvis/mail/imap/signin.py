"""Who is there and what can be asked: CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE, ENABLE, ID. RFC 9051 §6.1, §6.2"""

import binascii
from importlib.metadata import version

from parvis.access import signin
from parvis.kernel import clock
from parvis.kernel.errors import RateLimited, Unauthenticated
from parvis.mail.imap.session import Bad, Done, No, Session
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command

PROTOCOL = "imap"
_ALWAYS = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID"
_KNOWN = """ACL BINARY CATENATE CHILDREN COMPRESS=DEFLATE CONDSTORE CONTEXT=SEARCH CONTEXT=SORT
    CREATE-SPECIAL-USE ESEARCH ESORT IDLE LIST-EXTENDED LIST-MYRIGHTS LIST-STATUS MOVE MULTIAPPEND NAMESPACE
    NOTIFY OBJECTID PARTIAL PREVIEW QRESYNC QUOTA QUOTA=RES-STORAGE RIGHTS=texk SAVEDATE SEARCHRES SORT
    SORT=DISPLAY SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES UIDPLUS UNAUTHENTICATE
    UNSELECT URLAUTH URLAUTH=BINARY UTF8=ACCEPT WITHIN"""
_EXTENSIONS = frozenset({"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4REV2"})


def capabilities(session: Session) -> str:
    """What is offered now. RFC 9051 §6.1.1, RFC 7162 §3.2.2, RFC 8474 §3, RFC 8514 §4.1"""
    words = _ALWAYS.split()
    if session.principal is not None:
        words += _KNOWN.split()
    elif session.client.is_safe:
        words.append("AUTH=PLAIN")
    else:
        words.append("LOGINDISABLED")
    if session.client.tls is None and session.client.door.tls is not None and session.principal is None:
        words.append("STARTTLS")
    return " ".join(words)


async def capability(session: Session, _: Command) -> Done:
    """RFC 9051 §6.1.1"""
    session.say(f"* CAPABILITY {capabilities(session)}")
    return Done()


async def noop(_: Session, __: Command) -> Done:
    """RFC 9051 §6.1.2"""
    return Done()


async def logout(session: Session, command: Command) -> None:
    """RFC 9051 §6.1.3"""
    session.close("Goodbye")
    session.say(f"{command.tag} OK Done")


async def identify(session: Session, _: Command) -> Done:
    """RFC 2971: programs that look different to different servers are told no more than a name."""
    session.say(f'* ID ("name" "Parvis" "version" "{version("parvis")}")')
    return Done()


async def starttls(session: Session, command: Command) -> None:
    """RFC 9051 §6.2.1, §11.1"""
    if session.client.tls is not None or session.client.door.tls is None:
        raise Bad("TLS is not offered now")
    session.say(f"{command.tag} OK Go ahead")
    await session.client.start_tls()


async def login(session: Session, command: Command) -> Done:
    """RFC 9051 §6.2.3"""
    asked = command.arguments
    assert isinstance(asked, a.Login)
    if not session.client.is_safe:
        raise No("Say STARTTLS first", "PRIVACYREQUIRED")
    return await _check(session, asked.user, asked.password)


async def authenticate(session: Session, command: Command) -> Done:
    """RFC 9051 §6.2.2, RFC 4616, RFC 4959"""
    asked = command.arguments
    assert isinstance(asked, a.Authenticate)
    if asked.mechanism.upper() != "PLAIN":
        raise No("PLAIN is what there is", "CANNOT")
    if not session.client.is_safe:
        raise No("Say STARTTLS first", "PRIVACYREQUIRED")
    given = asked.initial if asked.initial is not None else await _asked(session)
    try:
        identity, name, password = given.decode().split("\0")
    except ValueError:
        raise Bad("Not a PLAIN response") from None
    if identity not in ("", name):
        raise No("Nobody may be somebody else", "AUTHORIZATIONFAILED")
    return await _check(session, name, password)


async def _asked(session: Session) -> bytes:
    """The response that did not come with the command."""
    session.say("+ ")
    line = await session.client.line()
    if line == b"*":
        raise Bad("Given up")
    try:
        return binascii.a2b_base64(line, strict_mode=True)
    except ValueError:
        raise Bad("Not base64") from None


async def _check(session: Session, name: str, password: str) -> Done:
    at_ms = clock.now_ms()
    try:
        principal = await signin.authenticate(
            session.store, name, password, protocol=PROTOCOL, remote=session.client.host
        )
    except RateLimited:
        session.close("Too many tries; come back later")
        raise No("Too many tries; come back later", "UNAVAILABLE") from None
    except Unauthenticated:
        raise No("Wrong name or password", "AUTHENTICATIONFAILED") from None
    session.sign_in(principal, at_ms)
    return Done("Welcome", f"CAPABILITY {capabilities(session)}")


async def enable(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.1, RFC 5161, RFC 7162 §3.2.3"""
    asked = command.arguments
    assert isinstance(asked, a.Enable)
    fresh = [name.upper() for name in asked.names if name.upper() in _EXTENSIONS]
    fresh = [name for name in dict.fromkeys(fresh) if name not in session.enabled]
    if {"CONDSTORE", "QRESYNC"} & set(fresh):
        session.enable_condstore()
    session.enabled.update(fresh)
    session.say(f"* ENABLED {' '.join(fresh)}".rstrip())
    return Done()


async def compress(session: Session, command: Command) -> None:
    """RFC 4978 §3"""
    asked = command.arguments
    assert isinstance(asked, a.Compress)
    if asked.algorithm != "DEFLATE":
        raise No("DEFLATE is what there is", "CANNOT")
    if session.client.is_compressed:
        raise No("It is compressed already", "COMPRESSIONACTIVE")
    session.say(f"{command.tag} OK From now on")
    await session.client.start_compression()


async def unauthenticate(session: Session, _: Command) -> Done:
    """RFC 8437"""
    if session.client.is_compressed:
        raise Bad("What is compressed stays with who signed in")
    session.server.watch.leave(session)
    session.leave_mailbox()
    session.principal = session.notice = None
    session.enabled.clear()
    return Done()
