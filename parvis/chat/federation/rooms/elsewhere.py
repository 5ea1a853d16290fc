"""Our people join, leave, knock at and are let into rooms of other servers, and invite theirs (Matrix v1.19
Server-Server §Joining Rooms, §Knocking upon a room, §Leaving Rooms, §Inviting to a room)."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, Unpack

from parvis.access.principal import Right
from parvis.chat.federation.contract import Bounds, PeerError, Peers, path
from parvis.chat.federation.rooms.asking import MOST_STATE, TROUBLE
from parvis.chat.federation.rooms.checking import Checker, listed
from parvis.chat.federation.rooms.incoming import Locks
from parvis.chat.rooms import append, arriving, carrying, invitations, members, outgoing, placing, profiles, store
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.stripping import STRIPPED
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound, ParvisError, Unavailable
from parvis.wire.matrix import event as events
from parvis.wire.matrix import hashes, identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.identifiers import server_of
from parvis.wire.matrix.versions import SUPPORTED, RoomVersion, supported

T = TypeVar("T")
_MOST_SERVERS = 10
"""Servers that are tried, one after the other."""
_JOIN_BYTES, _JOIN_SECONDS = 200_000_000, 180.0
_log = logging.getLogger(__name__)


class Elsewhere:
    """Implements rooms.abroad.Abroad but for the past."""

    def __init__(self, rooms: Rooms, peers: Peers, checker: Checker, locks: Locks) -> None:
        self._rooms, self._peers, self._checker, self._locks = rooms, peers, checker, locks

    async def join(self, me: Me, name: str, via: Sequence[str], reason: str = "") -> str:
        """See rooms.abroad."""
        room_id, servers = await self._where(me, name, via)
        async with self._locks.of(room_id):
            await self._by_any(servers, lambda server: self._join(me, room_id, server, reason))
        return room_id

    async def knock(self, me: Me, name: str, via: Sequence[str], reason: str = "") -> str:
        """See rooms.abroad."""
        room_id, servers = await self._where(me, name, via)
        async with self._locks.of(room_id):
            await self._by_any(servers, lambda server: self._knock(me, room_id, server, reason))
        return room_id

    async def leave(self, me: Me, room: Room, reason: str = "") -> None:
        """See rooms.abroad. Where no server takes it, they are out here all the same."""
        event = None
        async with self._locks.of(room.room_id):
            _, servers = await self._where(me, room.room_id, ())
            try:
                event = await self._by_any(servers, lambda server: self._leave(me, room.room_id, server, reason))
            except ParvisError as error:
                _log.info("%s leaves %s, which nobody took: %s", me.user_id, room.room_id, error.sentence)
            await self._rooms.write(lambda writing: invitations.end(writing, room, me.user_id, event))

    async def invite(self, me: Me, room_id: str, user: str, content: Object) -> str:
        """See rooms.abroad."""
        server = server_of(user)

        async def build(writing: Writing) -> tuple[Room, Event, list[Object]]:
            await store.require(writing.unit, me.principal, room_id, Right.WRITE)
            room = await append.locked(writing, room_id)
            draft = Draft("m.room.member", {**content, "membership": "invite"}, user)
            made, _ = await append.build(writing, room, me.user_id, draft, anew=True)
            assert made is not None
            state = await store.state(writing.unit, room.id, [(kind, "") for kind in STRIPPED])
            state |= await store.state(writing.unit, room.id, [("m.room.member", me.user_id)])
            return room, made, [each.event.source for each in state.values()]

        room, made, state = await self._rooms.write(build)
        body = {"room_version": room.version.id, "event": made.source, "invite_room_state": state}
        where = path("federation", "v2", "invite", room_id, made.event_id)
        answer = await self._ask(self._peers.put(server, where, body))
        signed = await self._checker.event(answer.get("event") if isinstance(answer, dict) else None, room.version)
        if signed.event_id != made.event_id:
            raise Unavailable("another event came back")

        async def work(writing: Writing) -> None:
            locked = await append.locked(writing, room_id)
            placed = await placing.place(writing, locked, signed)
            if placed.verdict != "placed":
                raise Forbidden(placed.reason)
            await outgoing.send(writing, locked, placed.stored)

        await self._rooms.write(work)
        return signed.event_id

    async def _where(self, me: Me, name: str, via: Sequence[str]) -> tuple[str, list[str]]:
        """A room's id, and the servers that may let somebody in: those that are named, those of who invited them,
        and that of the name."""
        servers = [each for each in via if each]
        if name.startswith("#"):
            server = identifiers.room_alias(name).server
            where = path("federation", "v1", "query", "directory")
            answer = await self._ask(self._peers.get(server, where, {"room_alias": name}))
            told = answer if isinstance(answer, dict) else {}
            name, more = told.get("room_id", ""), told.get("servers", [])
            servers += [each for each in (more if isinstance(more, list) else []) if isinstance(each, str)]
            servers.append(server)
        identifiers.room_id(name)
        db = self._rooms.store.db
        if (room := await store.room_named(db, name)) is not None:
            state = (await invitations.stripped(db, [room.id], me.user_id)).get(room.id, [])
            servers += [server_of(str(each["sender"])) for each in state if each.get("state_key") == me.user_id]
            servers += [server_of(str(each["sender"])) for each in state]
            servers += await members.servers(db, room.id)
        servers.append(server_of(name))
        return name, [each for each in dict.fromkeys(servers) if each and each != self._rooms.home.name]

    async def _by_any(self, servers: Sequence[str], work: Callable[[str], Awaitable[T]]) -> T:
        trouble: ParvisError = NotFound("no server is known that has the room")
        for server in servers[:_MOST_SERVERS]:
            try:
                return await work(server)
            except (*TROUBLE, Forbidden, NotFound) as error:
                _log.info("%s did not help: %s", server, error.sentence)
                trouble = error
        raise trouble

    async def _ask(self, asked: Awaitable[object]) -> object:
        """What another server says; its refusal as ours."""
        try:
            return await asked
        except PeerError as error:
            if 400 <= error.status < 500:
                version = error.body.get("room_version")
                told = {"room_version": version} if isinstance(version, str) else {}
                raise BadMatrix(error.sentence, errcode=error.errcode, **told) from None
            raise Unavailable(error.sentence) from None

    async def _draft(self, word: str, me: Me, room_id: str, server: str, content: Object) -> Event:
        """The membership that a server drafts, signed by us."""
        query = {} if word == "leave" else {"ver": [*SUPPORTED]}
        answer = await self._ask(
            self._peers.get(server, path("federation", "v1", f"make_{word}", room_id, me.user_id), query)
        )
        draft = answer.get("event") if isinstance(answer, dict) else None
        if (
            not isinstance(answer, dict)
            or not isinstance(draft, dict)
            or not isinstance(draft.get("content"), dict)
        ):
            raise BadMatrix("Not a draft")
        version = supported(answer.get("room_version", "1"))
        source: Object = {
            "type": "m.room.member", "sender": me.user_id, "state_key": me.user_id, "room_id": room_id,
            "content": {**content, "membership": word}, "origin_server_ts": clock.now_ms(),
            **{name: draft.get(name) for name in ("depth", "prev_events", "auth_events")},
        }  # fmt: skip
        authoriser = draft["content"].get("join_authorised_via_users_server")
        if word == "join" and isinstance(authoriser, str):
            source["content"]["join_authorised_via_users_server"] = authoriser
        home = self._rooms.home
        return events.read(hashes.sealed(source, version, home.name, home.key), version)

    async def _join(self, me: Me, room_id: str, server: str, reason: str) -> None:
        content = await self._content(me, reason)
        event = await self._draft("join", me, room_id, server, content)
        answer = await self._ask(self._sent("send_join", server, event, limit=_JOIN_BYTES, seconds=_JOIN_SECONDS))
        if isinstance(answer, dict) and isinstance(answer.get("event"), dict):
            signed = await self._checker.event(answer["event"], event.version)
            event = signed if signed.event_id == event.event_id else event
        state = await self._listed(answer, "state", event.version)
        auth = await self._listed(answer, "auth_chain", event.version)
        created = next((each for each in state.values() if each.type == "m.room.create"), None)
        if created is None or created.content.get("room_version", "1") != event.version.id:
            raise BadMatrix("The room is of another version than was said")
        stands = [each for each in state.values() if each.state_key is not None and each.room_id == room_id]

        async def work(writing: Writing) -> None:
            await arriving.arrive(writing, room_id, event, stands, auth.values())
            await carrying.carry(writing, me, await append.locked(writing, room_id))

        await self._rooms.write(work)

    async def _listed(self, answer: object, name: str, version: RoomVersion) -> dict[str, Event]:
        return await self._checker.events(listed(answer, name, MOST_STATE), version)

    async def _knock(self, me: Me, room_id: str, server: str, reason: str) -> None:
        event = await self._draft("knock", me, room_id, server, await self._content(me, reason))
        where = path("federation", "v1", "send_knock", room_id, event.event_id)
        answer = await self._ask(self._peers.put(server, where, event.source))
        state = listed(answer, "knock_room_state", 1_000)
        await self._rooms.write(lambda writing: invitations.note(writing, event, state))

    async def _leave(self, me: Me, room_id: str, server: str, reason: str) -> Event:
        event = await self._draft("leave", me, room_id, server, {"reason": reason} if reason else {})
        await self._ask(self._sent("send_leave", server, event))
        return event

    async def _sent(self, word: str, server: str, event: Event, **bounds: Unpack[Bounds]) -> object:
        """What a server says to an event that it drafted; in its first form where it has no other (Matrix v1.19
        Server-Server §PUT /v1/send_join)."""
        where = (word, event.room_id, event.event_id)
        try:
            return await self._peers.put(server, path("federation", "v2", *where), event.source, **bounds)
        except PeerError as error:
            if error.status != 404 or error.errcode == "M_NOT_FOUND":
                raise
        answer = await self._peers.put(server, path("federation", "v1", *where), event.source, **bounds)
        return answer[1] if isinstance(answer, list) and len(answer) > 1 else None

    async def _content(self, me: Me, reason: str) -> Object:
        content = await profiles.shown(self._rooms.store.db, me.principal)
        return {**content, "reason": reason} if reason else content
