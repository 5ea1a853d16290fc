-- Whom a report is about; empty where it is about an event or a room.
ALTER TABLE chat_report ADD COLUMN user_id {text} NOT NULL DEFAULT '';
