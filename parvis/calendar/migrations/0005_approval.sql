-- People and groups without whom a resource accepts nothing.
CREATE TABLE calendar_approver (
    account_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, principal_id)
) {clustered};
CREATE INDEX calendar_approver_by_principal ON calendar_approver (principal_id);

-- What a resource is asked for, one an event, and another one when it is for other times (revision). state: 0 waits,
-- 1 approved, 2 declined.
CREATE TABLE calendar_request (
    id {key},
    account_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    revision {text} NOT NULL,
    state BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_request_by_event ON calendar_request (event_id);
CREATE INDEX calendar_request_by_account ON calendar_request (account_id, id);
