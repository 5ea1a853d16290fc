"""What sliding sync tells beside rooms: messages to the device, keys, account data, receipts, who is typing
(MSC4186 §Extensions, in the form of MSC3884, MSC3885, MSC3959, MSC3960, MSC3961)."""

from collections.abc import Mapping
from dataclasses import dataclass

from parvis.chat.client.call import Call
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.client.rooms.tracking import device_lists
from parvis.chat.people import data, keys, streams, todevice
from parvis.chat.people.streams import Own
from parvis.chat.rooms import receipts
from parvis.chat.rooms.roster import Roster
from parvis.chat.rooms.tokens import Position
from parvis.chat.rooms.windows import Wanted
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.sliding import Request


@dataclass(frozen=True, slots=True)
class Moment:
    """What an answer is about: from where to where, which rooms the client follows, and what it is told of them."""

    since: Position | None
    present: Position
    roster: Roster
    wanted: Mapping[int, Wanted]
    told: Mapping[str, Object]
    own: Own

    @property
    def rooms(self) -> dict[int, str]:
        """The rooms that are followed and that the person is in, with their ids."""
        places = [each.place for each in self.wanted.values()]
        return {place.room: place.room_id for place in places if place.membership == "join"}

    @property
    def fresh(self) -> dict[int, str]:
        """Those of them that the client is told of for the first time."""
        return {number: name for number, name in self.rooms.items() if self.told.get(name, {}).get("initial")}


async def told(call: Call, request: Request, moment: Moment) -> tuple[Object, bool]:
    """All extensions that are asked for, and whether anything in them is new."""
    found: Object = {}
    new = False
    for name, ask in _ASKED.items():
        if request.wants(name):
            found[name], more = await ask(call, request, moment)
            new = new or more
    return found, new


async def _to_device(call: Call, request: Request, moment: Moment) -> tuple[Object, bool]:
    since = request.extensions["to_device"].since or "0"
    if not since.isdecimal() or len(since) > 18:
        raise BadMatrix("Not a position that was given", errcode="M_INVALID_PARAM", field="extensions.to_device")
    device = await keys.number(call.store.db, call.who, call.own_device())
    events, last = await todevice.take(call.store, device, int(since), moment.present.own)
    return {"next_batch": str(moment.present.own if last is None else last), "events": list(events)}, bool(events)


async def _e2ee(call: Call, _: Request, moment: Moment) -> tuple[Object, bool]:
    found: Object = {}
    if call.device:
        device = await keys.number(call.store.db, call.who, call.device)
        found["device_one_time_keys_count"] = await keys.counts(call.store.db, device)
        found["device_unused_fallback_key_types"] = await keys.unused_fallback(call.store.db, device)
    if moment.since is None:
        return found, False
    after = moment.since.stream
    encrypted = [each.room for each in moment.roster.order if each.encrypted and each.active > after]
    lists = await device_lists(call, moment.own, encrypted, after, moment.present.stream)
    return (found | {"device_lists": lists}, True) if lists else (found, False)


async def _account_data(call: Call, _: Request, moment: Moment) -> tuple[Object, bool]:
    fresh, own = set(moment.fresh.values()), moment.own
    others = set(moment.rooms.values()) - fresh
    found = {name: list(each) for name, each in own.room_account_data.items() if name in others}
    if fresh:
        for entry in await data.of_rooms(call.store.db, call.who, sorted(fresh)):
            found.setdefault(entry.room_id, []).append(streams.shown(call.server, call.who, entry))
    return {"global": own.account_data, "rooms": found}, bool(own.account_data or found)


async def _receipts(call: Call, _: Request, moment: Moment) -> tuple[Object, bool]:
    who, db, upto = me(call), call.store.db, moment.present.stream
    fresh, names = moment.fresh, moment.rooms
    found = {}
    for number, event in (await receipts.since(db, who, list(fresh), 0, upto)).items():
        timeline = {each["event_id"] for each in moment.told[fresh[number]]["timeline"]}
        about = {
            event_id: said
            for event_id, said in event["content"].items()
            if event_id in timeline or any(who.user_id in users for users in said.values())
        }
        if about:
            found[fresh[number]] = {**event, "content": about}
    if moment.since is not None:
        after = moment.since.stream
        live = [number for number in names if number not in fresh and moment.wanted[number].place.receipted > after]
        for number, event in (await receipts.since(db, who, live, after, upto)).items():
            found[names[number]] = event
    return {"rooms": found}, bool(found)


async def _typing(call: Call, _: Request, moment: Moment) -> tuple[Object, bool]:
    typing, serial, found = rooms(call).typing, moment.since.typing if moment.since else 0, {}
    for number, name in moment.rooms.items():
        people = typing.since(number, serial)
        if people is not None and (people or moment.since is not None):
            found[name] = {"type": "m.typing", "content": {"user_ids": people}}
    return {"rooms": found}, bool(found)


_ASKED = {
    "to_device": _to_device,
    "e2ee": _e2ee,
    "account_data": _account_data,
    "receipts": _receipts,
    "typing": _typing,
}
