-- Chunks of a transfer, as programs of Nextcloud send large files: each is an upload that is a part of another; the
-- one whose chunk is '' is the transfer itself.
ALTER TABLE file_upload ADD COLUMN transfer {text} NOT NULL DEFAULT '';
ALTER TABLE file_upload ADD COLUMN chunk {text} NOT NULL DEFAULT '';
CREATE UNIQUE INDEX file_upload_by_transfer ON file_upload (principal_id, transfer, chunk) WHERE transfer <> '';
-- Programs that ask to be let in and wait for somebody to say so in the browser. principal_id is who did, 0 before.
-- Of both tokens only the SHA-256 is kept.
CREATE TABLE file_login (
    id {key},
    poll {text} NOT NULL UNIQUE,
    flow {text} NOT NULL UNIQUE,
    program {text} NOT NULL,
    network {text} NOT NULL,
    remote {text} NOT NULL,
    principal_id BIGINT NOT NULL DEFAULT 0,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX file_login_by_end ON file_login (expires_ms);
CREATE INDEX file_login_by_network ON file_login (network);
CREATE INDEX file_login_by_person ON file_login (principal_id);
