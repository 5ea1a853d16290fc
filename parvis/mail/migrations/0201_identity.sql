-- Who people send as. A default one exists for each address of the account, and stays as long as the address.
CREATE TABLE identity (
    id {key},
    account_id BIGINT NOT NULL,
    email {text} NOT NULL,
    name {text} NOT NULL,
    reply_to {text} NOT NULL DEFAULT 'null',
    bcc {text} NOT NULL DEFAULT 'null',
    text_signature {text} NOT NULL DEFAULT '',
    html_signature {text} NOT NULL DEFAULT '',
    is_default BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX identity_by_account ON identity (account_id, email);
