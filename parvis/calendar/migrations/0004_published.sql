-- Who publishes when they are busy, to whoever has the link; listed: also to whoever has their address.
CREATE TABLE calendar_published (
    account_id {key},
    token {text} NOT NULL,
    listed BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_published_by_token ON calendar_published (token);
