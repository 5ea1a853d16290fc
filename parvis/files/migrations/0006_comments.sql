-- What people say about a file or folder.
CREATE TABLE file_comment (
    id {key},
    account_id BIGINT NOT NULL,
    node_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    reply_to BIGINT NOT NULL DEFAULT 0,
    body {text} NOT NULL,
    created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);
CREATE INDEX file_comment_by_node ON file_comment (node_id, id);
CREATE INDEX file_comment_by_account ON file_comment (account_id);
CREATE INDEX file_comment_by_author ON file_comment (author_id);
