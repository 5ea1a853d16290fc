-- The account whose parts are all rooms of this server: one row.
CREATE TABLE chat_server (
    id {key},
    account_id BIGINT NOT NULL
);
