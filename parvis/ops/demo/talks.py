"""What the people of the demo say to each other: the rooms of scenario/chat.json, each once, with threads, answers,
reactions, edits and files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parvis.access.principal import Principal
from parvis.chat.people import data, media
from parvis.chat.rooms import aliases, creating, profiles, receipts, teams
from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.store import room_of_team
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.ops.demo.letters import Post
from parvis.ops.demo.scenario import FOLDER
from parvis.wire.matrix.canonical import Object

_MINUTE = 60_000


@dataclass(slots=True)
class Talk:
    """One room as it is being filled; `events` are the ids of what was said, by key."""

    given: Mapping[str, Any]
    room: Room
    files: Mapping[str, Object]
    events: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Talks:
    """What writing needs."""

    rooms: Rooms
    principals: Mapping[str, Principal]
    post: Post

    async def write(self) -> int:
        """Makes the rooms that are missing. Returns how many were new."""
        given = json.loads((FOLDER / "chat.json").read_text(encoding="utf-8"))
        return sum([await self._one(each) for each in given])

    async def _one(self, given: Mapping[str, Any]) -> bool:
        alias = aliases.alias_of(f"demo-{given['key']}", self.rooms.home.name)
        if await aliases.find(self.rooms.store.db, alias) is not None:
            return False
        files = {said["key"]: await self._file(said) for said in given["said"] if "file" in said}

        async def work(writing: Writing) -> None:
            talk = Talk(given, await self._room(writing, given, alias), files)
            for said in given["said"]:
                await self._say(writing, talk, said)
            await self._read(writing, talk)

        await self.rooms.write(work)
        return True

    def _me(self, key: str) -> Me:
        return Me(self.principals[key], self.rooms.home.users.id_of(self.principals[key]))

    def _ms(self, when: str) -> int:
        return clock.to_ms(self.post.calendar.moment(when))

    def _fill(self, given: Mapping[str, Any], text: str) -> str:
        return self.post.calendar.fill(text, given["language"])

    async def _room(self, writing: Writing, given: Mapping[str, Any], alias: str) -> Room:
        """The room with the people who are in it."""
        made, by = self._ms(given["at"]), self._me(given["by"])
        if "space" in given:
            return await self._of_space(writing, given, alias)
        kind = "private" if given.get("direct") else given.get("kind", "open")
        body: Object = {
            "preset": "public_chat" if given.get("public") else "private_chat",
            "visibility": "public" if given.get("public") else "private",
            "initial_state": [{"type": "org.parvis.room_kind", "state_key": "", "content": {"kind": kind}}],
        }
        if kind == "open":
            body.pop("initial_state")
        body |= {name: self._fill(given, given[name]) for name in ("name", "topic") if name in given}
        room = await creating.make(writing, by, body, said_ms=made)
        await aliases.put(writing, by, alias, room)
        for key in (*given["people"], *given.get("invite", ())):
            me = self._me(key)
            invited = {"membership": "invite", "is_direct": bool(given.get("direct"))}
            await append(
                writing, room.room_id, by.user_id, Draft("m.room.member", invited, me.user_id, said_ms=made)
            )
            if key in given["people"]:
                content = {"membership": "join", **await profiles.shown(writing.unit, me.principal)}
                joined = Draft("m.room.member", content, me.user_id, said_ms=made + _MINUTE)
                await append(writing, room.room_id, me.user_id, joined)
        if given.get("direct"):
            await self._direct(writing, room, [given["by"], *given["people"]])
        return room

    async def _of_space(self, writing: Writing, given: Mapping[str, Any], alias: str) -> Room:
        """The room of a space, in which are those who are in the space."""
        made, by = self._ms(given["at"]), self._me(given["by"])
        await teams.settle(writing, self.principals[given["space"]].id, made)
        room = await room_of_team(writing.unit, self.principals[given["space"]].id)
        assert room is not None
        await aliases.put(writing, by, alias, room)
        topic = {"topic": self._fill(given, given["topic"])}
        await append(writing, room.room_id, by.user_id, Draft("m.room.topic", topic, "", said_ms=made))
        return room

    async def _direct(self, writing: Writing, room: Room, keys: list[str]) -> None:
        """Tells each that this is their conversation with the other."""
        for key, other in zip(keys, reversed(keys), strict=True):
            try:
                known = await data.get(writing.unit, self.principals[key], "m.direct")
            except NotFound:
                known = {}
            user = self._me(other).user_id
            known[user] = [*known.get(user, []), room.room_id]
            await data.put(writing.unit, self.principals[key], "m.direct", known)

    async def _file(self, said: Mapping[str, Any]) -> Object:
        """An attachment of the scenario, uploaded, as a message says it."""
        made, store = self.post.file(said["file"]), self.rooms.store
        digest = await store.blobs.put(made.content)
        who = self.principals[said["who"]]
        name = await media.keep(store, who, digest, len(made.content), made.media_type, made.name)
        return {
            "msgtype": "m.file",
            "body": made.name,
            "filename": made.name,
            "url": f"mxc://{self.rooms.home.name}/{name}",
            "info": {"mimetype": made.media_type, "size": len(made.content)},
        }

    async def _say(self, writing: Writing, talk: Talk, said: Mapping[str, Any]) -> None:
        at, content = self._ms(said["at"]), talk.files.get(said["key"]) or self._text(talk, said)
        if "thread" in said:
            root = talk.events[said["thread"]]
            answered = {"event_id": talk.events.get(said.get("reply", ""), root)}
            content |= {
                "m.relates_to": {
                    "rel_type": "m.thread",
                    "event_id": root,
                    "is_falling_back": "reply" not in said,
                    "m.in_reply_to": answered,
                }
            }
        elif "reply" in said:
            content |= {"m.relates_to": {"m.in_reply_to": {"event_id": talk.events[said["reply"]]}}}
        talk.events[said["key"]] = await self._append(writing, talk, said["who"], "m.room.message", content, at)
        if "pin" in said:
            pins = {"pinned": [talk.events[said["key"]]]}
            await self._append(writing, talk, said["who"], "m.room.pinned_events", pins, at + _MINUTE, "")
        if "edit" in said:
            new = {"msgtype": "m.text", "body": self._fill(talk.given, said["edit"]), "m.mentions": {}}
            edit = {**new, "body": f"* {new['body']}", "m.new_content": new}
            edit["m.relates_to"] = {"rel_type": "m.replace", "event_id": talk.events[said["key"]]}
            await self._append(writing, talk, said["who"], "m.room.message", edit, at + _MINUTE)
        for sign, people in said.get("react", {}).items():
            for minutes, key in enumerate(people, 1):
                about = {"rel_type": "m.annotation", "event_id": talk.events[said["key"]], "key": sign}
                await self._append(
                    writing, talk, key, "m.reaction", {"m.relates_to": about}, at + minutes * _MINUTE
                )

    def _text(self, talk: Talk, said: Mapping[str, Any]) -> Object:
        named = [self._me(key) for key in said.get("mention", ())]
        content: Object = {"msgtype": "m.text", "body": self._fill(talk.given, said["text"])}
        content["m.mentions"] = {"user_ids": [me.user_id for me in named]} if named else {}
        html = said.get("html", "")
        if named:
            html = content["body"]
            for me in named:
                name = me.principal.name
                html = html.replace(f"@{name}", f'<a href="https://matrix.to/#/{me.user_id}">{name}</a>')
        if html:
            content |= {"format": "org.matrix.custom.html", "formatted_body": html}
        return content

    async def _append(
        self,
        writing: Writing,
        talk: Talk,
        who: str,
        kind: str,
        content: Object,
        at: int,
        state_key: str | None = None,
    ) -> str:
        draft = Draft(kind, content, state_key, said_ms=min(at, self.post.calendar.now_ms))
        return (await append(writing, talk.room.room_id, self._me(who).user_id, draft)).event_id

    async def _read(self, writing: Writing, talk: Talk) -> None:
        """How far each has read: all of it, unless it is said."""
        last = [said["key"] for said in talk.given["said"] if "thread" not in said][-1]
        for key in (talk.given["by"], *talk.given["people"]):
            event_id = talk.events[talk.given.get("read", {}).get(key, last)]
            await receipts.put(writing, self._me(key), talk.room.room_id, "m.read", event_id)
            await receipts.mark(writing, self._me(key), talk.room.room_id, event_id)
