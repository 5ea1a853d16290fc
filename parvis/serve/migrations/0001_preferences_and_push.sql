-- What each person has chosen for their client; JSON by property name.
CREATE TABLE preferences (
    account_id {key},
    body {text} NOT NULL
);

-- Where to tell a client of changes; gone with the sign-in that made it. RFC 8620 §7.2
CREATE TABLE push_subscription (
    id {key},
    principal_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    device {text} NOT NULL,
    url {text} NOT NULL,
    p256dh {text} NOT NULL DEFAULT '',
    auth {text} NOT NULL DEFAULT '',
    code {text} NOT NULL,
    verified BIGINT NOT NULL DEFAULT 0,
    expires_ms BIGINT NOT NULL,
    types {text}
);
CREATE INDEX push_subscription_by_principal ON push_subscription (principal_id);
CREATE INDEX push_subscription_by_session ON push_subscription (session_id);
