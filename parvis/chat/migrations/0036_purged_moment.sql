-- Before which moment nothing that was said is kept any more: what comes late from other servers is not taken either.
ALTER TABLE chat_room ADD COLUMN purged_ms BIGINT NOT NULL DEFAULT 0;
