"""Sieve, the language of mail filters (RFC 5228), as pure functions.

    script = compile_script(source)
    outcome = run(script, Mail.of(raw, sender, recipient), Context(now=clock.now(), ...))
    for step in outcome.steps:
        step.action, step.line, step.tests, step.rewritten(raw)

Extensions: RFC 3894, 5173, 5183, 5229-5233, 5235, 5260, 5293, 5429, 5435, 5463, 5490 (mailbox), 5703 (without
`replace` and `enclose`), 6131, 6134, 6609, 7352, 8579, 9042.
"""

from .compiler import Script, compile_script
from .language import CAPABILITIES
from .machine import run
from .model import (
    LIMITS,
    Action,
    Context,
    Discard,
    Fault,
    FileInto,
    Held,
    Keep,
    Limits,
    Mail,
    Marked,
    Notify,
    Outcome,
    Redirect,
    Reject,
    SieveError,
    Step,
    Tracked,
    Vacation,
)

__all__ = [
    "CAPABILITIES",
    "LIMITS",
    "Action",
    "Context",
    "Discard",
    "Fault",
    "FileInto",
    "Held",
    "Keep",
    "Limits",
    "Mail",
    "Marked",
    "Notify",
    "Outcome",
    "Redirect",
    "Reject",
    "Script",
    "SieveError",
    "Step",
    "Tracked",
    "Vacation",
    "compile_script",
    "run",
]
