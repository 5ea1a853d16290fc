-- People whose account in chat is locked, or suspended; of others there is no row.
CREATE TABLE chat_standing (
    principal_id BIGINT NOT NULL PRIMARY KEY,
    locked BIGINT NOT NULL,
    suspended BIGINT NOT NULL
);
