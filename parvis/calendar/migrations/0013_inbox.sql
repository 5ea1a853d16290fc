-- Messages that came and were carried out, until whom they came to takes them away (RFC 6638 §2.2). gone: it was taken
-- away, as clients hear that had seen it.
CREATE TABLE calendar_inbox (
    id {key},
    account_id BIGINT NOT NULL,
    name {text} NOT NULL,
    etag {text} NOT NULL,
    data {bytes} NOT NULL,
    size BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    gone BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX calendar_inbox_by_name ON calendar_inbox (account_id, gone, name);
CREATE INDEX calendar_inbox_by_modseq ON calendar_inbox (account_id, modseq);
