"""The letters that ask somebody to decide about a resource: in their language, with an invitation from the resource
that any calendar program answers. RFC 5546 §3.2.2, RFC 6047"""

from parvis.access.principal import Principal
from parvis.calendar import approval, letters, words
from parvis.calendar.approval import Waiting
from parvis.calendar.draft import parsed
from parvis.kernel import clock, ids
from parvis.kernel.days import colon
from parvis.kernel.errors import Invalid, NotFound
from parvis.kernel.languages import Language
from parvis.serve.context import Context
from parvis.serve.post import Letter, Post, Sending
from parvis.store.jobs import Job, Jobs
from parvis.store.unit import Unit
from parvis.wire.contentlines import Component, Property, escape
from parvis.wire.ical import calendar, itip
from parvis.wire.ical.itip.message import made

_KEPT = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "LOCATION", "SEQUENCE")


class Asker:
    """Handles the jobs of kind `calendar-ask`."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    async def handle(self, job: Job) -> None:
        """Writes to each of those who decide, once."""
        asked = await approval.request(self._store.db, int(job.args["request"]))
        post = self._context.services.get(Post)
        if asked is None or post is None or not asked.resource.address:
            return
        done = set(job.progress.get("done", []))
        for person in await approval.deciding(self._store.db, asked.resource.id):
            sending = await _written(post, asked, person) if person.id not in done and person.address else None
            if sending is not None:
                done.add(person.id)
                await self._sent(job, sending, sorted(done))

    async def _sent(self, job: Job, sending: Sending, done: list[int]) -> None:
        async def work(unit: Unit) -> None:
            await Jobs.note(unit, job, {"done": done})
            await sending(unit)

        await self._store.write(work)


async def _written(post: Post, asked: Waiting, person: Principal) -> Sending | None:
    try:
        return await post.written(letter(asked, person))
    except (Invalid, NotFound):
        return None


def letter(asked: Waiting, person: Principal) -> Letter:
    """The letter to one person."""
    message, language = question(asked, person), person.language
    title = _title(asked, language)
    subject = words.APPROVAL[language] + colon(language) + f"{asked.resource.name} – {title}"
    return Letter(
        account_id=asked.resource.id,
        to=(person.address,),
        subject=subject[:500],
        text="\n".join(letters.facts(language, message.series.first, message)) + "\n",
        calendar=calendar.write(message.calendar),
        method=message.method,
    )


def _title(asked: Waiting, language: Language) -> str:
    """What the event is called, unless that is private."""
    row = asked.found[0]
    return row.title if row.title and not row.privacy else words.UNTITLED[language]


def question(asked: Waiting, person: Principal) -> itip.Message:
    """The invitation: from the resource, to who decides, at the time that is asked for."""
    row, data = asked.found
    series = parsed(row.etag, data)
    title = _title(asked, person.language)
    name, address = approval.asker(asked.found)
    whom = f"{name} ({address.removeprefix('mailto:')})" if name else address.removeprefix("mailto:")
    about = words.APPROVE[person.language].format(name=whom, resource=asked.resource.name)
    said = [
        Property("UID", approval.UID + ids.text(asked.id)),
        *(each for each in series.first.properties if each.name in _KEPT),
        Property("SUMMARY", escape(asked.resource.name + colon(person.language) + title)),
        Property("DESCRIPTION", escape(about)),
        Property("TRANSP", "TRANSPARENT"),
        Property("ORGANIZER", f"mailto:{asked.resource.address}", {"CN": [asked.resource.name]}),
        Property(
            "ATTENDEE",
            f"mailto:{person.address}",
            {"CN": [person.name], "PARTSTAT": ["NEEDS-ACTION"], "RSVP": ["TRUE"]},
        ),
    ]
    recipients = [f"mailto:{person.address}"]
    return made("REQUEST", recipients, [Component("VEVENT", said)], series.zones, clock.now_ms())
