-- Uploads that come in several requests, and where they are going. done_hash is set when all has come.
CREATE TABLE file_upload (
    id {key},
    account_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    target {text} NOT NULL,
    length BIGINT,
    reached BIGINT NOT NULL DEFAULT 0,
    partial BIGINT NOT NULL DEFAULT 0,
    expires_ms BIGINT NOT NULL,
    done_hash {text} NOT NULL DEFAULT '',
    done_node BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX file_upload_by_account ON file_upload (account_id);
CREATE INDEX file_upload_by_person ON file_upload (principal_id);
CREATE INDEX file_upload_by_end ON file_upload (expires_ms);
-- What has come, in order. The last piece is open when the next bytes belong to it.
CREATE TABLE file_upload_piece (
    upload_id BIGINT NOT NULL,
    start BIGINT NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    open BIGINT NOT NULL,
    PRIMARY KEY (upload_id, start)
) {clustered};
