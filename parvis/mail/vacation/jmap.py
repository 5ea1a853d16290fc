"""VacationResponse: the one object of an account that says whether and what to answer. RFC 8621 §8"""

from collections.abc import Sequence
from typing import Any, ClassVar

from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.kernel.records import Record, ServerSet
from parvis.mail.model import SCOPE
from parvis.mail.submission.envelope import instant_ms
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import invalid_properties
from parvis.serve.jmap.kind import SINGLETON, Kind, Update
from parvis.serve.jmap.types import Object, UTCDate
from parvis.store.unit import Unit

VACATION = "urn:ietf:params:jmap:vacationresponse"
_COLUMNS = {
    "isEnabled": "enabled", "fromDate": "from_ms", "toDate": "to_ms", "subject": "subject",
    "textBody": "text_body", "htmlBody": "html_body",
}  # fmt: skip
_CHARACTERS = 200_000


class VacationResponse(Record, kw_only=True):
    """What is answered, and when."""

    kind: ClassVar[str] = "VacationResponse"
    capability: ClassVar[str] = VACATION

    id: ServerSet[str] = SINGLETON
    is_enabled: bool = False
    from_date: UTCDate | None = None
    to_date: UTCDate | None = None
    subject: str | None = None
    text_body: str | None = None
    html_body: str | None = None


async def _read(call: Call, _: Sequence[int] | None, __: frozenset[str]) -> list[Object]:
    row = await call.db.row(
        f"SELECT {', '.join(_COLUMNS.values())} FROM vacation WHERE account_id = ?", call.account_id
    )
    enabled, from_ms, to_ms, subject, text, html = row or (0, None, None, None, None, None)
    return [
        {
            "id": SINGLETON,
            "isEnabled": bool(enabled),
            "fromDate": None if from_ms is None else clock.utc_date(from_ms),
            "toDate": None if to_ms is None else clock.utc_date(to_ms),
            "subject": subject,
            "textBody": text,
            "htmlBody": html,
        }
    ]


async def _update(call: Call, unit: Unit, update: Update) -> None:
    columns = {_COLUMNS[name]: _stored(name, value) for name, value in update.values.items()}
    await unit.run("INSERT INTO vacation (account_id) VALUES (?) ON CONFLICT DO NOTHING", call.account_id)
    await unit.run(
        f"UPDATE vacation SET {', '.join(f'{name} = ?' for name in columns)} WHERE account_id = ?",
        *columns.values(),
        call.account_id,
    )
    # A new absence, or new words: everybody may hear them.
    await unit.run("DELETE FROM vacation_sent WHERE account_id = ?", call.account_id)
    await unit.changed(call.account_id, VacationResponse.kind, call.account_id, "updated")


def _stored(name: str, value: Any) -> Any:
    if name in ("fromDate", "toDate"):
        return None if value is None else instant_ms(value)
    if isinstance(value, str) and len(value) > _CHARACTERS:
        raise invalid_properties(name, why="too long")
    if name == "subject" and value is not None and not value.isprintable():
        raise invalid_properties(name, why="a subject is one line")
    return int(value) if isinstance(value, bool) else value


KIND = Kind(
    record=VacationResponse, scope=SCOPE, read=_read, update=_update, singleton=True, rights={"update": Right.WRITE}
)
