-- The secret that words in addresses are made with (SRS, unsubscribing, moderating), sealed (store/sealing.py).
CREATE TABLE mail_secret (
    id BIGINT PRIMARY KEY,
    secret {text} NOT NULL
);

-- Groups that are mailing lists (M17). posting: who may write to it (anyone, organisation, members, moderators);
-- others: what becomes of anybody else's messages (hold, refuse).
CREATE TABLE mail_list (
    group_id BIGINT PRIMARY KEY,
    posting {text} NOT NULL,
    others {text} NOT NULL
) {clustered};

-- Readers of a list besides the members of the group (state in), and members who want none of its mail (state out).
CREATE TABLE list_reader (
    id {key},
    group_id BIGINT NOT NULL,
    address {text} NOT NULL,
    principal_id BIGINT NOT NULL DEFAULT 0,
    state {text} NOT NULL,
    since_ms BIGINT NOT NULL,
    UNIQUE (group_id, address)
);
CREATE INDEX list_reader_by_principal ON list_reader (principal_id);

-- Messages to a list, from when they were accepted until all have them: held for a moderator, ready, or going (members
-- have it). The bytes are in a blob (linked with kind 'list_post').
CREATE TABLE list_post (
    id {key},
    group_id BIGINT NOT NULL,
    state {text} NOT NULL,
    author {text} NOT NULL,
    subject {text} NOT NULL,
    why {text} NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    received_ms BIGINT NOT NULL
);
CREATE INDEX list_post_by_group ON list_post (group_id, state, received_ms);
