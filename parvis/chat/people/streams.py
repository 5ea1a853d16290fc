"""All that is new of what is somebody's own, for /sync. Positions are values of the clock of their account."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from parvis.access.principal import Principal
from parvis.chat.people import data, keys, rules, todevice, wishes
from parvis.chat.people.wishes import Wishes
from parvis.chat.server import Server
from parvis.kernel.errors import NotFound
from parvis.kernel.recent import Recent
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.push_rules import RuleSet

_REMEMBERED = 10_000
KINDS = frozenset({data.KIND, keys.KIND, keys.DEVICE})
"""The kinds of changes of an account that are told here."""


@dataclass(slots=True)
class Own:
    """What is new. `position` is where the next answer goes on."""

    position: int
    account_data: list[Object]
    room_account_data: Mapping[str, list[Object]]
    """By room id."""
    to_device: Sequence[Object] = ()
    one_time_key_counts: Mapping[str, int] = field(default_factory=dict)
    """As `device_one_time_keys_count`; empty for a sign-in without a device."""
    unused_fallback_key_types: Sequence[str] = ()
    signed: frozenset[int] = frozenset()
    """Whose keys look different to this person alone: their own, and those that they have signed."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a client should wake for."""
        return not (self.account_data or self.room_account_data or self.to_device or self.signed)


async def since(server: Server, principal: Principal, device_id: str, after: int | None) -> Own:
    """What is new behind a position, all when it is None. At most eight statements. What was told of messages to
    the device before `after` is forgotten."""
    db = server.store.db
    position = int(await db.value("SELECT modseq FROM account WHERE id = ?", principal.id) or 0)
    own = Own(position, [], {})
    rooms: dict[str, list[Object]] = {}
    if after is None or position > after:
        for entry in await data.since(db, principal, after or 0):
            told = shown(server, principal, entry)
            if entry.room_id:
                rooms.setdefault(entry.room_id, []).append(told)
            else:
                own.account_data.append(told)
        if after is not None:
            own.signed = frozenset(await keys.who_changed(db, principal.id, after, position))
    if after is None and not any(each["type"] == rules.TYPE for each in own.account_data):
        own.account_data.append({"type": rules.TYPE, "content": rules_shown(server, principal, RuleSet())})
    own.room_account_data = rooms
    if device_id:
        await _device(server, principal, device_id, after, own)
    return own


class Streams:
    """The same for everybody on this node: what a clock that stands still says is asked once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._quiet: Recent[tuple[int, str], Own] = Recent(_REMEMBERED)
        self._wishes: Recent[int, tuple[int, Wishes]] = Recent(_REMEMBERED)

    async def since(self, principal: Principal, device_id: str, after: int | None, position: int) -> Own:
        """What is new behind `after`; `position` is where the person's clock is."""
        key = (principal.id, device_id)
        known = self._quiet.get(key)
        if known is not None and known.position == position == after:
            return known
        found = await since(self._server, principal, device_id, after)
        if found.is_empty and found.position == after:
            self._quiet[key] = found
        return found

    async def wishes(self, principal: Principal, position: int) -> Wishes:
        """What somebody has set, as of where their clock is."""
        known = self._wishes.get(principal.id)
        if known is not None and known[0] == position:
            return known[1]
        found = await wishes.of(self._server.store.db, principal)
        self._wishes[principal.id] = (position, found)
        return found


async def _device(server: Server, principal: Principal, device_id: str, after: int | None, own: Own) -> None:
    db = server.store.db
    try:
        device = await keys.number(db, principal, device_id)
    except NotFound:  # signed out meanwhile
        return
    own.to_device, last = await todevice.take(server.store, device, after or 0, own.position)
    if last is not None:  # what else is new is told once more beside the rest
        own.position = last
    own.one_time_key_counts = await keys.counts(db, device)
    own.unused_fallback_key_types = await keys.unused_fallback(db, device)


def shown(server: Server, principal: Principal, entry: data.Entry) -> Object:
    """An entry as an event of account data."""
    content = entry.content
    if entry.type == rules.TYPE and not entry.room_id:
        content = rules_shown(server, principal, rules.read(content))
    return {"type": entry.type, "content": content}


def rules_shown(server: Server, principal: Principal, found: RuleSet) -> Object:
    """Push rules as clients see them."""
    return {"global": found.shown(server.users.id_of(principal))}


async def keys_changed(
    server: Server,
    principal: Principal,
    after: int,
    until: int,
    peers: Callable[[], Awaitable[set[int]]],
) -> set[int]:
    """Whose keys changed between two positions of the rooms' clock, of those who share an encrypted room with
    somebody (`peers`, asked only when anybody's changed) and of themselves."""
    found = await keys.who_changed(server.store.db, server.account_id, after, until)
    if not found - {principal.id}:
        return found
    return found & (await peers() | {principal.id})
