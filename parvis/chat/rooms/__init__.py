"""Rooms: their events and state, who is in them, and what each person has there.

home          the server as its rooms see it, and its signing key
model, store  what is kept, and its SQL
writing       one unit that writes to rooms, and whom it wakes
gathering     writes that come at the same time, in one unit
append        how an event comes into a room
members       what a membership opens and closes
saying, said   messages that come at the same time, and what was said before
creating, joining, sending, upgrading, carrying, aliases, receipts, typing    what people do
showing, history, related, listing, unread                          what they see
sync, wakes, tokens     all that is new, who waits for it, and how far they have read
sharing       who shares a room with whom
profiles      their names and pictures there
leaving       somebody whose account is gone
filling, closing        what was said before the timeline, or in a gap of it, from other servers
rereading     a room that became of another kind
service       all of it together, as the doors use it
"""
