-- The keys with which somebody signs URLs of messages in a mailbox, sealed. A new one makes all of them void. RFC 4467 §2
CREATE TABLE mailbox_key (
    principal_id BIGINT NOT NULL,
    mailbox_id BIGINT NOT NULL,
    secret {text} NOT NULL,
    PRIMARY KEY (principal_id, mailbox_id)
) {clustered};
CREATE INDEX mailbox_key_by_mailbox ON mailbox_key (mailbox_id);
