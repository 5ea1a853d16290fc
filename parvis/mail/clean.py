"""Clean and safe mail as app.py wires it: what is learned about spam, warnings, and the vault."""

import logging

from parvis.kernel import clock
from parvis.mail import deleted
from parvis.mail.jmap import warnings
from parvis.mail.model import SCOPE
from parvis.mail.spam import store as spam
from parvis.mail.spam.learner import FOLLOWER, Learner
from parvis.mail.vault import jmap as vault
from parvis.mail.vault.store import DAY_MS, forget
from parvis.mail.warnings import Warner
from parvis.serve.context import Context
from parvis.serve.feature import Capability, Feature
from parvis.serve.jmap.kind import OWN
from parvis.store.jobs import Job, Retry

TIDY = "mail-tidy"
_log = logging.getLogger(__name__)


def feature(context: Context) -> Feature:
    """The follower that learns, Email/warnings, VaultEmail, and the daily job that forgets what is old."""
    keep, settings = context.store, context.settings

    async def tidy(_: Job) -> None:
        removed = await forget(keep, settings.mail.vault_days)
        _log.info("mail tidy: %d out of the vault, %d of what was learned", removed, await spam.forget(keep))
        _log.info("mail tidy: %d uids that had left a mailbox", await deleted.forget_vanished(keep))
        raise Retry(clock.now_ms() + DAY_MS, "")

    async def start() -> None:
        keep.jobs.handle(TIDY, tidy, at_once=1)
        await keep.write(lambda unit: keep.jobs.add(unit, TIDY, {}, key=TIDY))

    return Feature(
        name="mail.clean",
        capabilities=(Capability(warnings.CAPABILITY, SCOPE), Capability(vault.CAPABILITY, OWN)),
        kinds=(vault.KIND,),
        methods=(warnings.method(Warner(keep, settings)), *vault.METHODS),
        followers={FOLLOWER: Learner(keep).follow},
        start=start,
    )
