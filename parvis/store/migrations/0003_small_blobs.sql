-- Blobs of up to 64 kB when they are not in S3: in the database, so that a delivery is one transaction (decision 5).
CREATE TABLE blob_small (
    id {key},
    hash {text} NOT NULL,
    written_ms BIGINT NOT NULL,
    content {bytes} NOT NULL
);
CREATE UNIQUE INDEX blob_small_by_hash ON blob_small (hash);
