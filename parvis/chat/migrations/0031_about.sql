-- Which messages are about a thing of the house, by that thing.
CREATE TABLE chat_about (
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    object_id BIGINT NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, object_id, event)
) {clustered};
