-- When the next of a person's own alerts in a shared event rings.
ALTER TABLE calendar_event_person ADD COLUMN ring_ms BIGINT NOT NULL DEFAULT 0;
