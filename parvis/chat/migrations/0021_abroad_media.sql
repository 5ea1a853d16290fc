-- What was fetched from other servers; its bytes are a blob of the account of the rooms.
CREATE TABLE chat_abroad_media (
    id {key},
    server {text} NOT NULL,
    media_id {text} NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    media_type {text} NOT NULL,
    name {text} NOT NULL,
    fetched_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_abroad_media_by_name ON chat_abroad_media (server, media_id);
CREATE INDEX chat_abroad_media_by_time ON chat_abroad_media (fetched_ms);
