-- Small pictures of files, made when they are first asked for. hash is of the file, picture of the preview; an empty
-- one says that none could be made.
CREATE TABLE file_preview (
    id {key},
    account_id BIGINT NOT NULL,
    hash {text} NOT NULL,
    side BIGINT NOT NULL,
    picture {text} NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX file_preview_once ON file_preview (account_id, hash, side);
CREATE INDEX file_preview_by_use ON file_preview (used_ms);
