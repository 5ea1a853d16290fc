-- What somebody has chosen for an address of their own: the name beside it, and which one new events are organized by.
CREATE TABLE calendar_identity (
    account_id BIGINT NOT NULL,
    address {text} NOT NULL,
    name {text} NOT NULL,
    is_default BIGINT NOT NULL,
    PRIMARY KEY (account_id, address)
) {clustered};
