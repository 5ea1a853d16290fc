"""Rooms that several servers share, made once."""

from parvis.chat.federation.contract import Peers
from parvis.chat.federation.rooms.checking import Checker
from parvis.chat.federation.rooms.closing import Closing
from parvis.chat.federation.rooms.elsewhere import Elsewhere
from parvis.chat.federation.rooms.filling import Filling
from parvis.chat.federation.rooms.incoming import Locks, PeerEvents
from parvis.chat.rooms.service import Rooms


class SharedRooms:
    """All of it; `rooms.abroad` is this from then on."""

    def __init__(self, rooms: Rooms, peers: Peers) -> None:
        self.rooms, self.peers, self.locks, self.checker = rooms, peers, Locks(), Checker(peers)
        self.events = PeerEvents(rooms, peers, self.checker, self.locks)
        self._elsewhere = Elsewhere(rooms, peers, self.checker, self.locks)
        self.join, self.knock = self._elsewhere.join, self._elsewhere.knock
        self.leave, self.invite = self._elsewhere.leave, self._elsewhere.invite
        self.fill = Filling(rooms, peers, self.checker, self.locks).fill
        self.close = Closing(rooms, peers, self.checker, self.locks).run
