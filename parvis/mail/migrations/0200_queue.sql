-- Messages on their way out: one row a message, its bytes in a blob (linked with kind 'outgoing'), and one row for
-- each of its recipients. A message is held (until release_ms), active, done or canceled; a recipient is queued,
-- delivered (into a mailbox here), relayed (another server said 250), failed or canceled.
CREATE TABLE outgoing (
    id {key},
    account_id BIGINT NOT NULL,
    submission_id BIGINT NOT NULL DEFAULT 0,
    sender {text} NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    state {text} NOT NULL,
    needs_8bit BIGINT NOT NULL,
    needs_utf8 BIGINT NOT NULL,
    ret {text} NOT NULL DEFAULT '',
    envid {text} NOT NULL DEFAULT '',
    queued_ms BIGINT NOT NULL,
    release_ms BIGINT NOT NULL
);
CREATE INDEX outgoing_by_time ON outgoing (queued_ms);
CREATE INDEX outgoing_by_submission ON outgoing (submission_id);
CREATE TABLE outgoing_recipient (
    id {key},
    outgoing_id BIGINT NOT NULL,
    address {text} NOT NULL,
    destination {text} NOT NULL,
    state {text} NOT NULL DEFAULT 'queued',
    reply {text} NOT NULL DEFAULT '',
    host {text} NOT NULL DEFAULT '',
    changed_ms BIGINT NOT NULL,
    notify {text} NOT NULL DEFAULT '',
    orcpt {text} NOT NULL DEFAULT '',
    report {text} NOT NULL DEFAULT '',
    warned BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outgoing_recipient_by_message ON outgoing_recipient (outgoing_id, destination);
