"""Filters as one Feature beside that of the mailboxes: the port of ManageSieve, and what JMAP offers."""

from functools import cache
from importlib.metadata import version

from parvis.mail import erase
from parvis.mail.model import SCOPE
from parvis.mail.sieve import existing, jmap, rules, verbs
from parvis.mail.sieve.existing import Applier
from parvis.mail.sieve.filter import Filters
from parvis.mail.sieve.managesieve import LINE_LIMIT, Server, Session
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.lines.connection import Connection
from parvis.serve.lines.door import Door, Farewells
from parvis.serve.lines.port import Port
from parvis.serve.lines.tls import server_context
from parvis.wire.managesieve import answer


def feature(context: Context) -> Feature:
    """Filter scripts by ManageSieve and JMAP."""
    settings = context.settings
    server = Server(context.store, settings, verbs.VERBS, verbs.capabilities, verbs.as_no)
    tls = cache(lambda: server_context(settings))

    async def serve(client: Connection) -> None:
        await Session(client, server).run()

    door = Door(
        name="sieve",
        session=serve,
        host=settings.host,
        port=settings.ports.sieve,
        line_bytes=LINE_LIMIT,
        at_once=settings.limits.mail_connections,
        at_once_per_address=settings.limits.mail_connections_of_one,
        farewells=Farewells(
            busy=answer("BYE", "Too many connections", "TRYLATER"),
            timeout=answer("BYE", "You took too long"),
            stopping=answer("BYE", "The server is stopping; come back soon", "TRYLATER"),
            fault=answer("BYE", "The server made a mistake; try again", "TRYLATER"),
        ),
    )
    return Feature(
        name="mail.sieve",
        capabilities=(
            Capability(
                jmap.SIEVE,
                SCOPE,
                session={"implementation": f"Parvis {version('parvis')}"},
                account=jmap.account_capability,
            ),
            Capability(existing.FILTERS, SCOPE),
        ),
        kinds=(jmap.KIND,),
        methods=(jmap.VALIDATE, *existing.METHODS, *rules.METHODS),
        jobs={existing.JOB: Applier(context.store, context.need(Filters)).handle},
        listeners=(Port(door, tls),),
        erase=erase.filters,
    )
