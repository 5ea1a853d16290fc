-- The files of an account: what they weigh together, and where its tree begins.
CREATE TABLE file_account (
    account_id {key},
    root_scope BIGINT NOT NULL,
    trash_id BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL DEFAULT 0,
    quota_bytes BIGINT NOT NULL DEFAULT 0
);

-- Folders and files. parent_id 0 is the top of the account. What a folder holds is counted in its row (tree_bytes,
-- tree_nodes), so that nobody walks to know it. number counts the contents a file has had.
CREATE TABLE file_node (
    id {key},
    account_id BIGINT NOT NULL,
    scope_id BIGINT NOT NULL,
    parent_id BIGINT NOT NULL,
    name {text} NOT NULL,
    sort_name {text} NOT NULL,
    folder BIGINT NOT NULL,
    role {text} NOT NULL DEFAULT '',
    hash {text} NOT NULL DEFAULT '',
    size BIGINT NOT NULL DEFAULT 0,
    media_type {text} NOT NULL DEFAULT '',
    executable BIGINT NOT NULL DEFAULT 0,
    tags {text} NOT NULL DEFAULT '',
    number BIGINT NOT NULL DEFAULT 1,
    tree_bytes BIGINT NOT NULL DEFAULT 0,
    tree_nodes BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    created_by BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    accessed_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    changed_by BIGINT NOT NULL,
    content_ms BIGINT NOT NULL,
    content_by BIGINT NOT NULL,
    modseq BIGINT NOT NULL
);
CREATE UNIQUE INDEX file_node_by_name ON file_node (account_id, parent_id, name);
CREATE INDEX file_node_in_order ON file_node (account_id, parent_id, sort_name, id);
CREATE INDEX file_node_by_parent ON file_node (parent_id);
CREATE INDEX file_node_by_change ON file_node (account_id, parent_id, modseq);
CREATE INDEX file_node_by_scope ON file_node (scope_id);
CREATE INDEX file_node_by_hash ON file_node (hash);

-- Which folder (or file) is shared by itself: the scope it is the root of.
CREATE TABLE file_part (
    scope_id {key},
    account_id BIGINT NOT NULL,
    node_id BIGINT NOT NULL
);
CREATE UNIQUE INDEX file_part_by_node ON file_part (node_id);

-- Names that ended in a folder, for who syncs it: newest wins.
CREATE TABLE file_departed (
    account_id BIGINT NOT NULL,
    parent_id BIGINT NOT NULL,
    name {text} NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (parent_id, name)
) {clustered};
CREATE INDEX file_departed_in_order ON file_departed (account_id, parent_id, modseq);

-- Where things in the trash came from.
CREATE TABLE file_trash (
    node_id {key},
    account_id BIGINT NOT NULL,
    parent_id BIGINT NOT NULL,
    name {text} NOT NULL,
    trashed_ms BIGINT NOT NULL,
    trashed_by BIGINT NOT NULL
);
CREATE INDEX file_trash_by_time ON file_trash (trashed_ms);
CREATE INDEX file_trash_by_account ON file_trash (account_id);

-- What a file held before.
CREATE TABLE file_version (
    id {key},
    account_id BIGINT NOT NULL,
    node_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    media_type {text} NOT NULL,
    content_ms BIGINT NOT NULL,
    content_by BIGINT NOT NULL,
    label {text} NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX file_version_by_node ON file_version (node_id, number);
CREATE INDEX file_version_by_account ON file_version (account_id);
CREATE INDEX file_version_by_hash ON file_version (hash);

-- What is one person's own about a node, in whoever's account it is.
CREATE TABLE file_person (
    principal_id BIGINT NOT NULL,
    node_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    favourite BIGINT NOT NULL DEFAULT 0,
    opened_ms BIGINT NOT NULL DEFAULT 0,
    subscribed BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (principal_id, node_id)
) {clustered};
CREATE INDEX file_person_by_node ON file_person (node_id);
CREATE INDEX file_person_by_account ON file_person (account_id);
CREATE INDEX file_person_opened ON file_person (principal_id, opened_ms);
