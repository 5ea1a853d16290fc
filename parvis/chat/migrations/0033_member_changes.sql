-- Who came or went in an encrypted room is asked with each message there.
CREATE INDEX chat_member_by_room_change ON chat_member (room, changed);
