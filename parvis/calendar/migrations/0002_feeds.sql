-- A calendar that shows what is published at an address: when it was looked at, and what came of it.
CREATE TABLE calendar_feed (
    calendar_id {key},
    account_id BIGINT NOT NULL,
    url {text} NOT NULL,
    tag {text} NOT NULL DEFAULT '',
    refreshed_ms BIGINT NOT NULL DEFAULT 0,
    error {text} NOT NULL DEFAULT ''
);
CREATE INDEX calendar_feed_by_account ON calendar_feed (account_id);
