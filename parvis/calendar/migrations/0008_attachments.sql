-- A file that is kept with an event; its id is the MANAGED-ID. event_id is 0 only within the unit that makes it.
CREATE TABLE calendar_attachment (
    id {key},
    account_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    name {text} NOT NULL,
    media_type {text} NOT NULL
);
CREATE INDEX calendar_attachment_by_event ON calendar_attachment (event_id);
CREATE INDEX calendar_attachment_by_account ON calendar_attachment (account_id);
