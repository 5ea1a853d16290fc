-- The one clock: a counter for each account, and the present state of each kind in it.
CREATE TABLE account (
    id {key},
    modseq BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE kind_state (
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind)
) {clustered};

-- The change log, one row an object: when it was created, last changed, and last changed in more than counts.
CREATE TABLE change (
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    object_id BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    whole BIGINT NOT NULL,
    destroyed BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, object_id)
) {clustered};
CREATE INDEX change_by_modseq ON change (account_id, kind, modseq);

-- The one outbox, and how far each follower has read it.
CREATE TABLE outbox (
    position {serial},
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    time_ms BIGINT NOT NULL,
    body {text} NOT NULL,
    xid BIGINT NOT NULL DEFAULT {transaction}
);
CREATE INDEX outbox_in_order ON outbox (xid, position);
CREATE TABLE outbox_cursor (
    name {text} PRIMARY KEY,
    xid BIGINT NOT NULL,
    position BIGINT NOT NULL
);

-- Which account refers to which blob: the right to download, and what the sweeper must keep.
-- kind and object_id name the owner (an upload has kind 'upload' and an end).
CREATE TABLE blob_link (
    hash {text} NOT NULL,
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    object_id BIGINT NOT NULL,
    size BIGINT NOT NULL,
    media_type {text} NOT NULL DEFAULT '',
    expires_ms BIGINT,
    PRIMARY KEY (hash, account_id, kind, object_id)
) {clustered};
CREATE INDEX blob_link_by_owner ON blob_link (account_id, kind, object_id);
CREATE INDEX blob_link_by_end ON blob_link (expires_ms);

-- Durable jobs.
CREATE TABLE job (
    id {key},
    kind {text} NOT NULL,
    key {text},
    account_id BIGINT,
    args {text} NOT NULL,
    run_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    lease_ms BIGINT NOT NULL DEFAULT 0,
    progress {text} NOT NULL DEFAULT '{}',
    error {text} NOT NULL DEFAULT '',
    state {text} NOT NULL DEFAULT 'waiting',
    finished_ms BIGINT
);
CREATE UNIQUE INDEX job_by_key ON job (kind, key) WHERE finished_ms IS NULL;
CREATE INDEX job_by_time ON job (run_at_ms) WHERE finished_ms IS NULL;
