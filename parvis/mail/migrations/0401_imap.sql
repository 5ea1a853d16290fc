-- What IMAP shows as \Deleted until it is expunged. For everything else it is gone from that mailbox. RFC 8621 §4.1.1
CREATE TABLE deleted_email (
    mailbox_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    keywords {text} NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, uid)
) {clustered};
CREATE INDEX deleted_email_by_id ON deleted_email (account_id, email_id);

-- The uids that left a mailbox, and when by the account's clock. RFC 7162 §3.2.10
CREATE TABLE vanished_uid (
    mailbox_id BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, modseq, uid)
) {clustered};
