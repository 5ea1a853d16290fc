-- Properties that a WebDAV client has set and that mean nothing to us, by node and Clark's name. RFC 4918 §4.3
CREATE TABLE dead_property (
    node_id BIGINT NOT NULL,
    name {text} NOT NULL,
    account_id BIGINT NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (node_id, name)
) {clustered};
CREATE INDEX dead_property_by_account ON dead_property (account_id);

-- Locks, by the place of what they were taken on: account, home, segments joined by slashes. RFC 4918 §6
CREATE TABLE dav_lock (
    token {text} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    home {text} NOT NULL,
    place {text} NOT NULL,
    deep BIGINT NOT NULL,
    shared BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    path {text} NOT NULL,
    owner {text} NOT NULL,
    seconds BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX dav_lock_by_place ON dav_lock (account_id, home, place);
CREATE INDEX dav_lock_by_principal ON dav_lock (principal_id);
CREATE INDEX dav_lock_by_end ON dav_lock (expires_ms);
