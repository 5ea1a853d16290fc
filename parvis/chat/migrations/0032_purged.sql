-- Until which position nothing that was said is kept any more.
ALTER TABLE chat_room ADD COLUMN purged BIGINT NOT NULL DEFAULT -1125899906842624;
-- Which branches rest on the log of the state before a position is asked when that is purged.
ALTER TABLE chat_branch ADD COLUMN room BIGINT NOT NULL DEFAULT 0;
UPDATE chat_branch SET room = COALESCE((SELECT e.room FROM chat_event e WHERE e.id = chat_branch.event), 0);
CREATE INDEX chat_branch_by_base ON chat_branch (room, base);
CREATE INDEX chat_branch_state_by_event ON chat_branch_state (stands);
