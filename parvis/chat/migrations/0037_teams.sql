-- The space of the house whose room it is; whoever is in that is in it.
ALTER TABLE chat_room ADD COLUMN team BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX chat_room_by_team ON chat_room (team) WHERE team <> 0;
