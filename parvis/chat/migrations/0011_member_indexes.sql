-- A condition on an index that a statement does not repeat keeps it from being used: who is where is asked often.
DROP INDEX chat_member_by_principal;
DROP INDEX chat_member_by_change;
CREATE INDEX chat_member_by_principal ON chat_member (principal_id, membership, room);
CREATE INDEX chat_member_by_change ON chat_member (principal_id, changed);
