"""Rooms that several servers share.

checking      the hash and the signatures of an event that came
asking        what other servers are asked about a room
gaps          what stands between what we have and what came
closing       what of that did not come at once
incoming      the events of a transaction
handshakes    other servers' people come, go and are invited
elsewhere     our people do, in rooms of other servers
visible       which events another server may have
serving       what other servers ask about a room
spaces        and about the rooms in it
table         all endpoints
"""
