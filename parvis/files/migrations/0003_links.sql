-- Links for people who have no account here: to a folder or file, to be read, or to put files into a folder.
CREATE TABLE file_link (
    id {key},
    account_id BIGINT NOT NULL,
    node_id BIGINT NOT NULL,
    token {text} NOT NULL UNIQUE,
    mode {text} NOT NULL,
    name {text} NOT NULL DEFAULT '',
    message {text} NOT NULL DEFAULT '',
    recipient {text} NOT NULL DEFAULT '',
    password {text} NOT NULL DEFAULT '',
    expires_ms BIGINT,
    most BIGINT NOT NULL DEFAULT 0,
    used BIGINT NOT NULL DEFAULT 0,
    notify BIGINT NOT NULL DEFAULT 0,
    created_by BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX file_link_by_node ON file_link (node_id);
CREATE INDEX file_link_by_account ON file_link (account_id, id);
CREATE INDEX file_link_by_maker ON file_link (created_by);

-- The receipts: what was taken or brought by a link, and when. Who it was is not known, and not asked.
CREATE TABLE file_link_use (
    id {key},
    account_id BIGINT NOT NULL,
    link_id BIGINT NOT NULL,
    what {text} NOT NULL,
    name {text} NOT NULL,
    size BIGINT NOT NULL,
    time_ms BIGINT NOT NULL
);
CREATE INDEX file_link_use_by_link ON file_link_use (link_id, id);
CREATE INDEX file_link_use_by_account ON file_link_use (account_id);
