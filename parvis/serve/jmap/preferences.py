"""Preferences: what a person has chosen for their client, the same on all their devices."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from parvis.kernel.languages import Language
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.kind import OWN, Kind, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit

PREFERENCES = "urn:parvis:preferences"
UndoSeconds = Annotated[int, Meta(ge=0, le=120)]
Hue = Annotated[int, Meta(ge=0, lt=360)]
FineWarnings = Annotated[list[Annotated[str, Meta(max_length=160)]], Meta(max_length=60)]

Minutes = Annotated[int, Meta(ge=0, le=1440)]
Zones = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=4)]


class Agenda(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How the calendar is drawn: days count from 0 for Monday, times of day in minutes from midnight."""

    view: Literal["week", "workweek", "day", "month", "agenda"] = "week"
    week_start: Annotated[int, Meta(ge=0, le=6)] = 0
    workdays: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(max_length=7)] = msgspec.field(
        default_factory=lambda: [0, 1, 2, 3, 4]
    )
    work_start: Minutes = 540
    work_end: Minutes = 1080
    length: Annotated[int, Meta(ge=5, le=1440)] = 60
    """Of a new event, in minutes."""
    zones: Zones = msgspec.field(default_factory=list)
    """More time zones that are shown beside one's own, by their IANA names."""


class Preferences(Record):
    """The choices; one object an account."""

    kind: ClassVar[str] = "Preferences"
    capability: ClassVar[str] = PREFERENCES
    id: ServerSet[str] = "singleton"
    language: Language = "en"
    """Also the language in which the server writes to this person."""
    theme: Literal["auto", "light", "dark"] = "auto"
    density: Literal["comfortable", "compact"] = "comfortable"
    single_keys: bool = True
    """Shortcuts of a single letter."""
    undo_seconds: UndoSeconds = 10
    remote_images: Literal["ask", "always", "never"] = "ask"
    keymap: dict[str, str] = msgspec.field(default_factory=dict)
    """Command id to keys."""
    label_hues: dict[str, Hue] = msgspec.field(default_factory=dict)
    """The colours of labels: keyword to degrees of the colour circle."""
    favourites: list[str] = msgspec.field(default_factory=list)
    """Addresses in the web client (folders, labels, searches), in the person's order."""
    inboxes: dict[str, bool] = msgspec.field(default_factory=dict)
    """Account id to whether its inbox is among all inboxes."""
    collect_contacts: bool = True
    """Whether those to whom the person writes are kept among their contacts."""
    fine_warnings: FineWarnings = msgspec.field(default_factory=list)
    """What the person has found to be fine of that of which a client warns, in the client's words."""
    link_previews: bool = True
    """Whether pages that are linked to in open rooms are shown in short."""
    confirmed_devices: bool = False
    """Whether what is said in encrypted rooms goes to devices alone that their owners have confirmed."""
    quiet_start: Minutes = 0
    """When clients begin to tell nothing, by the time where the person is."""
    quiet_end: Minutes = 0
    """When they tell again; the same as the beginning means always."""
    quiet_days: bool = False
    """Whether they tell nothing on days that are no workdays of the agenda."""
    agenda: Agenda = msgspec.field(default_factory=Agenda)


_LARGEST = 20_000


async def chosen(db: Any, account_id: int) -> Preferences:
    """What somebody has chosen; what they have not is as it is for everybody."""
    body = await db.value("SELECT body FROM preferences WHERE account_id = ?", account_id)
    kept: Object = msgspec.json.decode(body) if body else {}
    return msgspec.convert(kept, Preferences)


async def _read(call: Call, _: Sequence[int] | None, wanted: frozenset[str]) -> list[Object | Record]:
    row = await call.db.row(
        """SELECT p.language, f.body FROM principal p LEFT JOIN preferences f ON f.account_id = p.id
        WHERE p.id = ?""",
        call.account_id,
    )
    kept: Object = msgspec.json.decode(row[1]) if row and row[1] else {}
    defaults: Object = msgspec.to_builtins(Preferences(language=row[0] if row else "en"))
    return [defaults | {name: value for name, value in kept.items() if name in defaults}]


async def _update(call: Call, unit: Unit, change: Update) -> None:
    body = await unit.value("SELECT body FROM preferences WHERE account_id = ?", call.account_id)
    kept: dict[str, Any] = (msgspec.json.decode(body) if body else {}) | change.values
    if language := kept.pop("language", None):
        await unit.run("UPDATE principal SET language = ? WHERE id = ?", language, call.account_id)
        await unit.changed(call.account_id, "Principal", call.account_id, "updated")
    text = msgspec.json.encode(kept)
    if len(text) > _LARGEST:
        raise SetError("tooLarge", "too many keys or labels")
    await unit.run(
        """INSERT INTO preferences (account_id, body) VALUES (?, ?)
        ON CONFLICT (account_id) DO UPDATE SET body = excluded.body""",
        call.account_id,
        text.decode(),
    )
    await unit.changed(call.account_id, "Preferences", call.account_id, "updated")


KIND = Kind(record=Preferences, scope=OWN, read=_read, update=_update, singleton=True)
