-- Where a guest elsewhere, who cannot sign in, reads a file of an event that they are invited to.
CREATE TABLE calendar_guest_file (
    token {text} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    attachment_id BIGINT NOT NULL,
    address {text} NOT NULL
) {clustered};
CREATE UNIQUE INDEX calendar_guest_file_once ON calendar_guest_file (attachment_id, address);
CREATE INDEX calendar_guest_file_by_account ON calendar_guest_file (account_id);
