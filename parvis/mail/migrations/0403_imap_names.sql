-- The newest uid_validity that an account has given: a mailbox that is made anew never gets an old one. RFC 9051 §2.3.1.1
ALTER TABLE mail_account ADD COLUMN uid_validity BIGINT NOT NULL DEFAULT 0;

-- Names somebody is subscribed to that are no mailbox, or not any more. RFC 9051 §6.3.7
CREATE TABLE subscribed_name (
    principal_id BIGINT NOT NULL,
    name {text} NOT NULL,
    PRIMARY KEY (principal_id, name)
) {clustered};
