-- What ClamAV said of contents: 'clean', 'infected' (by name) or 'unread' (too large for it).
CREATE TABLE file_scan (
    hash {text} PRIMARY KEY,
    verdict {text} NOT NULL,
    name {text} NOT NULL,
    scanned_ms BIGINT NOT NULL
) {clustered};
CREATE INDEX file_scan_by_time ON file_scan (scanned_ms);
