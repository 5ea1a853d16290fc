-- Until when the secret of a sign-in is good that is renewed again and again; NULL: as long as the sign-in.
ALTER TABLE session ADD COLUMN until_ms BIGINT;

-- What renews the secret of a sign-in: its digest, and that of the one before, which is good until the new one is used.
-- `client_id` is the program that it was given to, 0 for none; `scope` what it was given for.
CREATE TABLE session_refresh (
    session_id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    secret TEXT NOT NULL,
    before TEXT NOT NULL,
    renewed_ms BIGINT NOT NULL
);
CREATE INDEX session_refresh_client ON session_refresh (client_id);
