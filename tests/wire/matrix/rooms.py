"""Rooms for tests: events made in a few words, each with an id."""

from collections.abc import Iterable
from typing import Any

from parvis.wire.matrix import event, versions
from parvis.wire.matrix.authorisation import keys_of
from parvis.wire.matrix.event import Event, StateKey

ANN, BOB, CLEO, DAN = "@ann:h", "@bob:h", "@cleo:o", "@dan:o"


class Room:
    """A room of a version; every event that is made is kept in `events`."""

    def __init__(self, number: str = "12", **content: Any) -> None:
        self.version = versions.KNOWN[number]
        self.events: dict[str, Event] = {}
        self._clock = 1_000
        self.room_id = "" if self.version.hashed_rooms else "!r:h"
        creator = {} if self.version.sender_creates else {"creator": ANN}
        self.create = self.event("m.room.create", ANN, {"room_version": number, **creator, **content}, "", prev=())
        self.room_id = self.create.room_id

    def event(
        self,
        kind: str,
        sender: str,
        content: dict[str, Any],
        state_key: str | None = None,
        *,
        prev: Iterable[str] = ("$p",),
        auth: Iterable[Event] = (),
        at: int | None = None,
        **more: Any,
    ) -> Event:
        """One event more; its moment is later than that of all before when none is given."""
        self._clock += 1
        source: dict[str, Any] = {
            "type": kind, "sender": sender, "content": content, "depth": 1, "hashes": {"sha256": "x"}, "signatures": {},
            "origin_server_ts": self._clock if at is None else at, "prev_events": list(prev),
            "auth_events": [each.event_id for each in auth], **more,
        }  # fmt: skip
        if state_key is not None:
            source["state_key"] = state_key
        if self.room_id:
            source["room_id"] = self.room_id
        found = event.read(source, self.version)
        self.events[found.event_id] = found
        return found

    def on(
        self,
        state: dict[StateKey, Event],
        kind: str,
        sender: str,
        content: dict[str, Any],
        state_key: str | None = None,
        **more: Any,
    ) -> Event:
        """An event that names of a state what it is allowed by."""
        draft = self.event(kind, sender, content, state_key)
        del self.events[draft.event_id]
        auth = [state[key] for key in keys_of(draft) if key in state]
        return self.event(kind, sender, content, state_key, auth=auth, **more)

    def member(self, user: str, membership: object, sender: str = "", **content: Any) -> Event:
        """What somebody is in the room."""
        return self.event("m.room.member", sender or user, {"membership": membership, **content}, user)

    def state(self, *events: Event) -> dict[StateKey, Event]:
        """The room's creation and these events as a state."""
        return {each.key: each for each in (self.create, *events)}
