"""Saying what is no state: of messages that come at the same time, all that decides on them is read at once, and
all they become is written at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parvis.access.principal import Right
from parvis.chat.rooms import about, append, said, store, using
from parvis.chat.rooms.model import Draft, Me, Room, Stored
from parvis.chat.rooms.said import Name
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden, ParvisError
from parvis.store.unit import Unit
from parvis.wire.matrix import relations
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import Event, StateKey

REDACTION = "m.room.redaction"


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody says that is no state. `txn` is the name under which it is said once, empty for none."""

    me: Me
    room_id: str
    kind: str
    content: Object
    txn: str = ""

    @property
    def draft(self) -> Draft:
        """What is said."""
        return Draft(self.kind, self.content)

    @property
    def place(self) -> tuple[int, str]:
        """Who says it where."""
        return self.me.principal.id, self.room_id

    def needed(self, room: Room) -> list[StateKey]:
        """What of the state decides on it."""
        return append.needed(room, self.me.user_id, self.draft)

    def name(self, room: Room) -> Name | None:
        """Under which name it is known that it was said."""
        return said.name_of(self.me, room.id, self.kind, self.txn) if self.txn else None


async def say_all(writing: Writing, messages: Sequence[Message]) -> list[str | ParvisError]:
    """Says things in their order, none of them a redaction. For each the id of its event, or why it was refused:
    Forbidden, NotAllowed, BadMatrix. Many take as many statements as one, but for those about another event."""
    batch = await _Batch.read(writing, messages)
    return [await batch.say(each) for each in messages]


@dataclass(slots=True)
class _Batch:
    """Some messages of one unit, and what decides on them: while they are said no state changes."""

    writing: Writing
    opened: dict[tuple[int, str], int]
    """In which rooms who may speak: principals and ids of rooms."""
    rooms: dict[int, Room]
    """As they are by now."""
    known: dict[Name, str]
    state: dict[tuple[int, StateKey], Stored]

    @classmethod
    async def read(cls, writing: Writing, messages: Sequence[Message]) -> "_Batch":
        """All that is there before."""
        unit = writing.unit
        found = await store.required(unit, ((each.me.principal, each.room_id) for each in messages), Right.WRITE)
        meant = [(each, room) for each in messages if (room := found.get(each.place))]
        named = [name for each, room in meant if (name := each.name(room))]
        needed = [(room.id, key) for each, room in meant for key in each.needed(room)]
        known, state = await said.known(unit, named), await store.standing(unit, needed)
        opened = {place: room.id for place, room in found.items()}
        return cls(writing, opened, {room.id: room for room in found.values()}, known, state)

    async def say(self, message: Message) -> str | ParvisError:
        """Says one; nothing of it is there when it is refused."""
        number = self.opened.get(message.place)
        if number is None:
            return Forbidden("you are not in this room")
        room, unit = self.rooms[number], self.writing.unit
        name = message.name(room)
        if name in self.known:
            return self.known[name]
        try:
            await _check_relation(unit, message, room)
            event = self._composed(message, room)
        except ParvisError as error:
            return error
        stored = await append.put(self.writing, room, event)
        self.rooms[number] = replace(room, depth=max(room.depth, event.depth), latest=(event.event_id,))
        using.note(unit, self.writing.home.name, stored)
        if about.FIELD in message.content:
            await about.keep(unit, message.me, stored)
        if name is not None:
            said.keep(unit, name, event.event_id)
            self.known[name] = event.event_id
        return event.event_id

    def _composed(self, message: Message, room: Room) -> Event:
        found = {key: stored for key in message.needed(room) if (stored := self.state.get((room.id, key)))}
        return append.compose(self.writing.home, room, message.me.user_id, message.draft, found)


async def _check_relation(unit: Unit, message: Message, room: Room) -> None:
    relation, sender = relations.relation_of(message.content), message.me.user_id
    if relation is None or not relation.rel_type:
        return
    target = (await store.by_event_ids(unit, room.id, [relation.event_id])).get(relation.event_id)
    present = (
        await store.select(
            unit,
            """e.relates_to = ? AND e.relates_to <> '' AND e.rel_type = 'm.annotation' AND e.sender = ?
            AND e.rel_key = ? AND e.room = ?""",
            relation.event_id,
            sender,
            relation.key,
            room.id,
        )
        if relation.rel_type == "m.annotation"
        else []
    )
    events = [each.event for each in present]
    relations.check_new(message.kind, sender, message.content, target.event if target else None, events)
