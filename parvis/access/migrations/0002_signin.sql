-- How people prove who they are. A password is kept as argon2id, a token only as its SHA-256.
CREATE TABLE password (
    principal_id {key},
    hash {text} NOT NULL,
    changed_ms BIGINT NOT NULL
);

-- One row a sign-in that lives: kind 'session' (a browser), 'token' (a bearer token), 'app' (an app password).
-- protocols is '*' or names separated by spaces.
CREATE TABLE session (
    id {key},
    principal_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    secret {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    protocols {text} NOT NULL,
    remote {text} NOT NULL,
    created_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL,
    expires_ms BIGINT
);
CREATE INDEX session_by_principal ON session (principal_id);
CREATE INDEX session_by_end ON session (expires_ms);

-- Failed sign-ins, by who was tried and from where; no row means no failure.
CREATE TABLE attempt (
    name {text} PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
) {clustered};
CREATE INDEX attempt_by_time ON attempt (last_ms);

-- One row, taken by each transaction that changes grants or memberships, so that no two of them compute what is
-- visible from a state the other is changing.
CREATE TABLE visible_turn (
    id {key},
    taken BIGINT NOT NULL
);
INSERT INTO visible_turn (id, taken) VALUES (1, 0);
