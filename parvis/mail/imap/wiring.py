"""The ports of IMAP, and which verb does what, as one Feature beside that of the mailboxes."""

import asyncio
from dataclasses import replace
from functools import cache

from parvis.mail.imap import (
    append,
    boxes,
    contexts,
    copy,
    fetch,
    idle,
    listing,
    marks,
    notify,
    rights,
    search,
    select,
    signin,
    urlauth,
)
from parvis.mail.imap.contents import Shelf
from parvis.mail.imap.session import LINE_LIMIT, Server, Session, State, Verb
from parvis.mail.imap.watch import Watch
from parvis.mail.smtp.spool import LARGE_AT_ONCE
from parvis.serve.feature import Context, Feature
from parvis.serve.lines.connection import Connection
from parvis.serve.lines.door import Door, Farewells
from parvis.serve.lines.port import Port
from parvis.serve.lines.tls import server_context

VERBS: dict[str, tuple[State, Verb]] = {
    "CAPABILITY": ("any", signin.capability),
    "NOOP": ("any", signin.noop),
    "LOGOUT": ("any", signin.logout),
    "ID": ("any", signin.identify),
    "STARTTLS": ("stranger", signin.starttls),
    "LOGIN": ("stranger", signin.login),
    "AUTHENTICATE": ("stranger", signin.authenticate),
    "UNAUTHENTICATE": ("known", signin.unauthenticate),
    "ENABLE": ("known", signin.enable),
    "COMPRESS": ("known", signin.compress),
    "SELECT": ("known", select.select),
    "EXAMINE": ("known", select.select),
    "CREATE": ("known", boxes.create),
    "DELETE": ("known", boxes.delete),
    "RENAME": ("known", boxes.rename),
    "SUBSCRIBE": ("known", boxes.subscribe),
    "UNSUBSCRIBE": ("known", boxes.unsubscribe),
    "LIST": ("known", listing.list_),
    "LSUB": ("known", listing.lsub),
    "NAMESPACE": ("known", listing.namespace),
    "STATUS": ("known", listing.status),
    "APPEND": ("known", append.append),
    "RESETKEY": ("known", urlauth.reset_key),
    "GENURLAUTH": ("known", urlauth.generate),
    "URLFETCH": ("known", urlauth.fetch),
    "IDLE": ("known", idle.idle),
    "NOTIFY": ("known", notify.notify),
    "GETACL": ("known", rights.get_acl),
    "SETACL": ("known", rights.set_acl),
    "DELETEACL": ("known", rights.set_acl),
    "LISTRIGHTS": ("known", rights.list_rights),
    "MYRIGHTS": ("known", rights.my_rights),
    "GETQUOTA": ("known", rights.quota),
    "GETQUOTAROOT": ("known", rights.quota_root),
    "SETQUOTA": ("known", rights.set_quota),
    "CHECK": ("selected", signin.noop),
    "CLOSE": ("selected", select.close),
    "UNSELECT": ("selected", select.unselect),
    "EXPUNGE": ("selected", select.expunge),
    "FETCH": ("selected", fetch.fetch),
    "STORE": ("selected", marks.store_),
    "COPY": ("selected", copy.copy),
    "MOVE": ("selected", copy.move),
    "CANCELUPDATE": ("selected", contexts.cancel_update),
    "SEARCH": ("selected", search.search),
    "SORT": ("selected", search.sort),
    "THREAD": ("selected", search.thread),
}


def feature(context: Context) -> Feature:
    """The ports of IMAP, in clear with STARTTLS and under TLS. RFC 9051 §11.2"""
    settings, ports = context.settings, context.settings.ports
    watch = Watch(context.store)
    large = asyncio.Semaphore(LARGE_AT_ONCE)
    server = Server(context.store, settings, watch, Shelf(context.store.db), VERBS, signin.capabilities, large)
    tls = cache(lambda: server_context(settings))

    async def serve(client: Connection) -> None:
        await Session(client, server).run()

    clear = Door(
        name="imap",
        session=serve,
        host=settings.host,
        port=ports.imap,
        line_bytes=LINE_LIMIT,
        at_once=settings.limits.imap_connections,
        at_once_per_address=settings.limits.mail_connections_of_one,
        farewells=Farewells(
            busy=b"* BYE Too many connections\r\n",
            timeout=b"* BYE You took too long\r\n",
            stopping=b"* BYE The server is stopping; come back soon\r\n",
            fault=b"* BYE The server made a mistake; try again\r\n",
        ),
    )
    secure = replace(clear, name="imaps", port=ports.imaps, implicit_tls=True)
    return Feature(
        name="mail.imap",
        listeners=(Port(clear, tls), Port(secure, tls)),
        start=watch.start,
        stop=watch.stop,
    )
