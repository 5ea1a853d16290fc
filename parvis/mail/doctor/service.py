"""The doctor: everything that keeps mail of our domains from arriving, asked and read at once."""

from dataclasses import dataclass
from typing import Any

from parvis.kernel.languages import Language
from parvis.mail.doctor import findings, saying
from parvis.mail.doctor.findings import Finding, Reported
from parvis.mail.doctor.records import Examined, Records
from parvis.serve.context import Context


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found."""

    examined: Examined
    mail: list[Finding]
    reported: Reported

    @property
    def is_faulty(self) -> bool:
        """Whether anything is wrong."""
        records = [*self.examined.server, *(one for each in self.examined.domains.values() for one in each)]
        return any(one.verdict == "fault" for one in records) or any(one.severity == "fault" for one in self.mail)

    def shown(self, language: Language) -> dict[str, Any]:
        """In words, as JMAP and `parvis doctor mail --json` show it."""
        return {
            "server": [saying.record(one, language) for one in self.examined.server],
            "domains": [
                {"domain": domain, "records": [saying.record(one, language) for one in records]}
                for domain, records in self.examined.domains.items()
            ],
            "mail": [saying.finding(one, language) for one in self.mail],
            "reports": saying.reported(self.reported),
        }


async def diagnose(context: Context) -> Diagnosis:
    """Asks DNS and reads what answers and reports say. Changes nothing, but that keys are made for domains that
    have none."""
    examined = await Records(context.store, context.settings, context.egress).examine()
    mail, reported = await findings.find(context.store.db, examined.addresses, examined.published)
    return Diagnosis(examined, mail, reported)
