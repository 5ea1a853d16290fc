-- When a follower last moved: one that has not for a month no longer keeps events from being removed.
ALTER TABLE outbox_cursor ADD COLUMN moved_ms BIGINT NOT NULL DEFAULT 0;

-- Blobs seen without any link, and since when: removed only after a day of it.
CREATE TABLE blob_unlinked (
    hash {text} PRIMARY KEY,
    since_ms BIGINT NOT NULL
) {clustered};

CREATE INDEX job_by_account ON job (account_id, id);
CREATE INDEX job_by_end ON job (finished_ms);
