-- Automatic answers of an account, and whom they went to: nobody hears the same twice within a week. RFC 3834
CREATE TABLE vacation (
    account_id {key},
    enabled BIGINT NOT NULL DEFAULT 0,
    from_ms BIGINT,
    to_ms BIGINT,
    subject {text},
    text_body {text},
    html_body {text}
);
CREATE TABLE vacation_sent (
    account_id BIGINT NOT NULL,
    address {text} NOT NULL,
    sent_ms BIGINT NOT NULL,
    PRIMARY KEY (account_id, address)
) {clustered};
