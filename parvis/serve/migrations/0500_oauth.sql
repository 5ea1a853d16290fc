-- Programs that registered themselves; those that say the same are one.
CREATE TABLE oauth_client (
    id BIGINT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    metadata TEXT NOT NULL,
    network TEXT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX oauth_client_network ON oauth_client (network);

-- What a program asked for and has not yet been given: a code from the browser, or a device that waits.
CREATE TABLE oauth_request (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    secret TEXT NOT NULL UNIQUE,
    user_code TEXT UNIQUE,
    client_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    remote TEXT NOT NULL,
    network TEXT NOT NULL,
    state TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    polled_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX oauth_request_principal ON oauth_request (principal_id);
CREATE INDEX oauth_request_expires ON oauth_request (expires_ms);
