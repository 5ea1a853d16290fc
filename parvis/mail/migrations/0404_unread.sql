-- What is unread is little: how a search for it need not look at the rest.
CREATE INDEX email_unread ON email (account_id, id) WHERE unread = 1;

-- What IMAP shows of a message, as it is written; empty for messages from before, which are read for it. RFC 9051 §7.5.2
ALTER TABLE email_part ADD COLUMN envelope {bytes};
ALTER TABLE email_part ADD COLUMN body_structure {bytes};
