"""What sending and receiving bring to the program, as one Feature beside that of the mailboxes."""

from functools import cache

from parvis.access.principal import Kind as PrincipalKind
from parvis.mail import erase, identity, post, sealing
from parvis.mail.authentication import Authentication
from parvis.mail.doctor import jmap as doctor_jmap
from parvis.mail.doctor import policy, reports
from parvis.mail.doctor.reports import ReportReader
from parvis.mail.external.sending import ByProvider
from parvis.mail.lists import jmap as lists_jmap
from parvis.mail.lists import store as list_store
from parvis.mail.lists import web
from parvis.mail.lists.service import Lists
from parvis.mail.model import SCOPE
from parvis.mail.queue import jmap as queue_jmap
from parvis.mail.queue import report, suppression, tls_report
from parvis.mail.queue import store as queue_store
from parvis.mail.queue.report import Reporter
from parvis.mail.queue.service import Queue
from parvis.mail.queue.tls_report import TlsReporter
from parvis.mail.sieve.filter import Filters
from parvis.mail.smtp.doors import smtp_port
from parvis.mail.smtp.passing import PassingOn
from parvis.mail.smtp.receive import Receiver
from parvis.mail.smtp.submit import Submitter
from parvis.mail.spam import learner
from parvis.mail.spam.judge import Judge
from parvis.mail.spam.rspamd import Rspamd
from parvis.mail.submission import jmap as submission
from parvis.mail.vacation import jmap as vacation
from parvis.mail.vacation import responder
from parvis.mail.vacation.responder import Responder
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.lines.tls import server_context
from parvis.serve.post import Post
from parvis.store.unit import Unit

HOOKS = (
    learner.on_delivery, responder.on_delivery, report.on_delivery, suppression.on_delivery, reports.on_delivery,
    post.on_delivery,
)  # fmt: skip
"""What happens in the unit of each delivery from outside."""


def feature(context: Context) -> Feature:
    """Identity, EmailSubmission, VacationResponse, the queue and its jobs, and the ports of SMTP."""
    keep, settings = context.store, context.settings
    queue = Queue(keep, settings, context.egress, context.resolver, ByProvider(context))
    context.offer(queue)
    context.offer(post.MailPost(keep, settings, queue), under=Post)
    reporter = Reporter(keep, settings, queue)
    filters = Filters(keep, settings, queue)
    context.offer(filters)
    rspamd = Rspamd(settings.mail.rspamd, context.egress) if settings.mail.rspamd else None
    authentication, passing = Authentication(context.resolver, settings), PassingOn(keep, settings, queue)
    receiver = Receiver(keep, settings, authentication, passing, Judge(keep, settings, rspamd), HOOKS, filters)
    lists = Lists(keep, settings, queue, context.resolver, context.public_url, HOOKS)
    submitter = Submitter(keep, settings, queue)
    tls_reporter = TlsReporter(keep, settings, queue, context.resolver)
    tls = cache(lambda: server_context(settings))
    ports = settings.ports
    keep.jobs.handle(queue_store.JOB, queue.courier(HOOKS, filters).handle, at_once=settings.delivery.at_once)

    async def start() -> None:
        await sealing.seal(keep)
        await tls_reporter.plan()

    async def stop() -> None:
        await queue.stop()
        await filters.stop()
        if rspamd is not None:
            await rspamd.close()

    return Feature(
        name="mail.sending",
        capabilities=(
            Capability(identity.SUBMISSION, SCOPE, account=lambda _: submission.account_capability(settings)),
            Capability(vacation.VACATION, SCOPE),
            Capability(lists_jmap.LISTS, ""),
            Capability(queue_jmap.QUEUE, ""),
            Capability(doctor_jmap.DELIVERABILITY, ""),
        ),
        methods=(*lists_jmap.METHODS, *queue_jmap.METHODS, *doctor_jmap.METHODS),
        routes=(*web.routes(lists), *policy.routes(settings)),
        kinds=(identity.KIND, submission.KIND, vacation.KIND),
        jobs={
            queue_store.REPORT: reporter.handle,
            report.READ: reporter.read,
            suppression.READ: suppression.Complaints(keep).handle,
            tls_report.JOB: tls_reporter.handle,
            reports.JOB: ReportReader(keep, settings).handle,
            list_store.POST: lists.post,
            list_store.ASK: lists.ask,
            responder.JOB: Responder(keep, settings, queue).handle,
        },
        listeners=(
            smtp_port("smtp", ports.smtp, settings, receiver.serve, tls),
            smtp_port("submission", ports.submission, settings, submitter.serve, tls),
            smtp_port("submissions", ports.submissions, settings, submitter.serve, tls, implicit_tls=True),
        ),
        provision=_provision,
        erase=erase.sending,
        start=start,
        stop=stop,
    )


async def _provision(unit: Unit, principal_id: int, kind: PrincipalKind) -> None:
    """An identity for each address of whoever can have mail."""
    if kind != "group":
        await identity.provision(unit, principal_id)
