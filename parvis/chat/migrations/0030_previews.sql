-- What pages that were linked to say of themselves, by the hash of their address; its body is empty where nothing
-- could be learned. `media` is the picture among chat_media, 0 for none.
CREATE TABLE chat_preview (
    hash {text} NOT NULL PRIMARY KEY,
    body {text} NOT NULL,
    media BIGINT NOT NULL,
    fetched_ms BIGINT NOT NULL
);
CREATE INDEX chat_preview_by_time ON chat_preview (fetched_ms);
