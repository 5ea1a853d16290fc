-- When a message in the mailbox of role `snoozed` comes back to the inbox.
CREATE TABLE snooze (
    email_id {key},
    account_id BIGINT NOT NULL,
    wake_ms BIGINT NOT NULL
);
CREATE INDEX snooze_by_account ON snooze (account_id);

-- Texts that a person begins messages with.
CREATE TABLE template (
    id {key},
    account_id BIGINT NOT NULL,
    name {text} NOT NULL,
    subject {text} NOT NULL,
    html {text} NOT NULL
);
CREATE INDEX template_by_account ON template (account_id);
