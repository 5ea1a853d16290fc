-- Accounts of people at other providers that are kept in step both ways (M18). The mail itself is in an account of
-- its own, whose id this is; owner_id is whose it is. `imap` and `smtp` are JSON, passwords are sealed. `pushed` is the
-- modseq up to which changes made here were told to the provider.
CREATE TABLE external_account (
    account_id {key},
    owner_id BIGINT NOT NULL,
    name {text} NOT NULL,
    address {text} NOT NULL,
    imap {text} NOT NULL,
    smtp {text} NOT NULL,
    password {text} NOT NULL,
    smtp_password {text} NOT NULL,
    state {text} NOT NULL DEFAULT 'new',
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,
    synced_ms BIGINT,
    paused BIGINT NOT NULL DEFAULT 0,
    pushed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX external_account_by_owner ON external_account (owner_id);

-- Which folder there a mailbox here is: its name in modified UTF-7, and for one without a role the path here that it
-- had when the name was made. suspect_ms: since when most of its messages seem to be gone.
CREATE TABLE external_mailbox (
    mailbox_id {key},
    account_id BIGINT NOT NULL,
    name {text} NOT NULL,
    path {text} NOT NULL,
    uid_validity BIGINT NOT NULL DEFAULT 0,
    modseq BIGINT NOT NULL DEFAULT 0,
    suspect_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX external_mailbox_by_account ON external_mailbox (account_id);

-- Which message there a message here is, by folder and uid, with the keywords that both sides agreed on last.
-- email_id 0 is a message that is not taken over.
CREATE TABLE external_email (
    mailbox_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    keywords {text} NOT NULL,
    PRIMARY KEY (mailbox_id, uid)
) {clustered};
CREATE INDEX external_email_by_email ON external_email (email_id);
CREATE INDEX external_email_by_account ON external_email (account_id);
