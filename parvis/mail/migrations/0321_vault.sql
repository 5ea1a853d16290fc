-- What was deleted for good, kept for a while so that its owner may have it back. The id is that of the message; the
-- bytes are held by a blob link of the kind VaultEmail. `mailboxes` are the ids of those it was in.
CREATE TABLE vault_email (
    id {key},
    account_id BIGINT NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    deleted_ms BIGINT NOT NULL,
    keywords {text} NOT NULL,
    mailboxes {text} NOT NULL,
    subject {text} NOT NULL,
    sender {text} NOT NULL
);
CREATE INDEX vault_email_by_time ON vault_email (account_id, deleted_ms);
CREATE INDEX vault_email_by_end ON vault_email (deleted_ms);
