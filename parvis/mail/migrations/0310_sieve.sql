-- Filter scripts of an account; their source is a blob (linked with kind 'SieveScript'). RFC 5804, RFC 9661
CREATE TABLE sieve_script (
    id {key},
    account_id BIGINT NOT NULL,
    name {text} NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    active BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX sieve_script_by_name ON sieve_script (account_id, name);
CREATE UNIQUE INDEX sieve_script_active ON sieve_script (account_id) WHERE active = 1;

-- What a script asked to remember: messages that came (RFC 7352), people who were answered (RFC 5230 §4.2).
CREATE TABLE sieve_seen (
    account_id BIGINT NOT NULL,
    hash {text} NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (account_id, hash)
) {clustered};
CREATE INDEX sieve_seen_by_end ON sieve_seen (account_id, expires_ms);

-- What was done with a message, and why; email_id 0 when nothing of it was kept. `body` is JSON.
CREATE TABLE sieve_log (
    id {key},
    account_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    body {text} NOT NULL
);
CREATE INDEX sieve_log_by_email ON sieve_log (account_id, email_id);
CREATE INDEX sieve_log_by_time ON sieve_log (at_ms);

-- Where messages were before a script was run on mail that was there: one row a message of a run (a job's id).
CREATE TABLE sieve_undo (
    job_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (job_id, email_id)
) {clustered};
CREATE INDEX sieve_undo_by_account ON sieve_undo (account_id);
CREATE INDEX sieve_undo_by_time ON sieve_undo (at_ms);
