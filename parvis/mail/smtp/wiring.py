"""What sending and receiving bring to the program, as one Feature beside that of the mailboxes."""

from functools import cache

from parvis.access.principal import Kind as PrincipalKind
from parvis.mail import erase, identity
from parvis.mail.authentication import Authentication
from parvis.mail.model import SCOPE
from parvis.mail.queue import report
from parvis.mail.queue import store as queue_store
from parvis.mail.queue.report import Reporter
from parvis.mail.queue.service import Queue
from parvis.mail.smtp.doors import smtp_port
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
from parvis.store.unit import Unit

HOOKS = (learner.on_delivery, responder.on_delivery, report.on_delivery)
"""What happens in the unit of each delivery from outside."""


def feature(context: Context) -> Feature:
    """Identity, EmailSubmission, VacationResponse, the queue and its jobs, and the ports of SMTP."""
    keep, settings = context.store, context.settings
    queue = Queue(keep, settings, context.egress, context.resolver)
    context.offer(queue)
    reporter = Reporter(keep, settings, queue)
    rspamd = Rspamd(settings.mail.rspamd, context.egress) if settings.mail.rspamd else None
    judge = Judge(keep, settings, rspamd)
    receiver = Receiver(keep, settings, Authentication(context.resolver, settings), judge, HOOKS)
    submitter = Submitter(keep, settings, queue)
    tls = cache(lambda: server_context(settings))
    ports = settings.ports

    async def stop() -> None:
        await queue.stop()
        if rspamd is not None:
            await rspamd.close()

    keep.jobs.handle(queue_store.JOB, queue.courier(HOOKS).handle, at_once=settings.delivery.at_once)
    return Feature(
        name="mail.sending",
        capabilities=(
            Capability(identity.SUBMISSION, SCOPE, account=lambda _: submission.account_capability(settings)),
            Capability(vacation.VACATION, SCOPE),
        ),
        kinds=(identity.KIND, submission.KIND, vacation.KIND),
        jobs={
            queue_store.REPORT: reporter.handle,
            report.READ: reporter.read,
            responder.JOB: Responder(keep, settings, queue).handle,
        },
        listeners=(
            smtp_port("smtp", ports.smtp, settings, receiver.serve, tls),
            smtp_port("submission", ports.submission, settings, submitter.serve, tls),
            smtp_port("submissions", ports.submissions, settings, submitter.serve, tls, implicit_tls=True),
        ),
        provision=_provision,
        erase=erase.sending,
        stop=stop,
    )


async def _provision(unit: Unit, principal_id: int, kind: PrincipalKind) -> None:
    """An identity for each address of whoever can have mail."""
    if kind != "group":
        await identity.provision(unit, principal_id)
