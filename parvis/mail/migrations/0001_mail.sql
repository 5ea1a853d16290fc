-- One row for each account that has mail: what it holds and what it may hold (bytes; 0 is no limit).
CREATE TABLE mail_account (
    account_id {key},
    used_bytes BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    quota_bytes BIGINT NOT NULL DEFAULT 0
);

-- Mailboxes with their counts, kept in the transaction of each change. parent_id 0 is the top level.
CREATE TABLE mailbox (
    id {key},
    account_id BIGINT NOT NULL,
    name {text} NOT NULL,
    parent_id BIGINT NOT NULL DEFAULT 0,
    role {text},
    sort_order BIGINT NOT NULL DEFAULT 0,
    total_emails BIGINT NOT NULL DEFAULT 0,
    unread_emails BIGINT NOT NULL DEFAULT 0,
    total_threads BIGINT NOT NULL DEFAULT 0,
    unread_threads BIGINT NOT NULL DEFAULT 0,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX mailbox_by_name ON mailbox (account_id, parent_id, name);
CREATE UNIQUE INDEX mailbox_by_role ON mailbox (account_id, role);
CREATE TABLE mailbox_subscription (
    mailbox_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    subscribed BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, principal_id)
) {clustered};

-- Messages: what lists, filters and sorts need. `summary` is JSON of the properties that are fast to fetch.
CREATE TABLE email (
    id {key},
    account_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    blob {text} NOT NULL,
    size BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    sent_ms BIGINT,
    has_attachment BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    keywords {text} NOT NULL,
    message_ref BIGINT NOT NULL,
    sort_from {text} NOT NULL,
    sort_to {text} NOT NULL,
    sort_subject {text} NOT NULL,
    summary {text} NOT NULL
);
CREATE INDEX email_by_time ON email (account_id, received_ms, id, thread_id);
CREATE INDEX email_by_thread ON email (thread_id, received_ms, id);
CREATE INDEX email_by_message_id ON email (account_id, message_ref);

-- The parsed structure and the header fields, so that no answer but a body's reads the message again.
CREATE TABLE email_part (
    email_id {key},
    structure {bytes} NOT NULL,
    headers {bytes} NOT NULL
);

-- Which mailboxes a message is in. A uid is never used again in its mailbox. RFC 9051 §2.3.1.1
CREATE TABLE email_mailbox (
    email_id BIGINT NOT NULL,
    mailbox_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    PRIMARY KEY (email_id, mailbox_id)
) {clustered};
CREATE INDEX email_mailbox_by_time ON email_mailbox (mailbox_id, received_ms, email_id, thread_id);
CREATE UNIQUE INDEX email_mailbox_by_uid ON email_mailbox (mailbox_id, uid);
CREATE TABLE email_keyword (
    email_id BIGINT NOT NULL,
    keyword {text} NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (email_id, keyword)
) {clustered};
CREATE INDEX email_keyword_by_name ON email_keyword (account_id, keyword, email_id);

-- Which thread a message belongs to: a reference is a Message-ID together with the base subject, as 64 bits.
CREATE TABLE thread_ref (
    account_id BIGINT NOT NULL,
    ref BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, ref)
) {clustered};
CREATE INDEX thread_ref_by_thread ON thread_ref (thread_id);

-- What a thread adds to the counts of a mailbox, and its newest message there: the list of collapsed threads.
CREATE TABLE thread_mailbox (
    mailbox_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    emails BIGINT NOT NULL,
    unread_emails BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    newest_ms BIGINT NOT NULL,
    newest_id BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, thread_id)
) {clustered};
CREATE INDEX thread_mailbox_by_time ON thread_mailbox (mailbox_id, newest_ms, newest_id, thread_id);
CREATE INDEX thread_mailbox_by_thread ON thread_mailbox (thread_id);
