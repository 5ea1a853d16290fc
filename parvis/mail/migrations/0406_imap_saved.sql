-- When a message was put into a mailbox; unknown for what was there before. RFC 8514 §4
ALTER TABLE email_mailbox ADD COLUMN saved_ms BIGINT;
ALTER TABLE deleted_email ADD COLUMN saved_ms BIGINT;

-- Up to which value of the account's clock the uids that left a mailbox are not complete any more. RFC 7162 §3.2.10.2
ALTER TABLE mailbox ADD COLUMN vanished_until BIGINT NOT NULL DEFAULT 0;
