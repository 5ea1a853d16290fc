-- Which events name media, in what everybody can read here: ours by its name alone, that of others as server/name. It
-- goes with the last of them. Event 0 stands for those of before, until a job has noted them.
CREATE TABLE chat_media_use (
    name {text} NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (name, event)
) {clustered};
CREATE INDEX chat_media_use_by_event ON chat_media_use (event);
INSERT INTO chat_media_use (name, event) SELECT media_id, 0 FROM chat_media;
INSERT INTO job (id, kind, args, run_at_ms) SELECT c.account_id, 'chat-media-uses', '{}', 0 FROM chat_server c
WHERE EXISTS (SELECT 1 FROM chat_media m WHERE LENGTH(m.hash) = 64);
-- What messages are about is forgotten with them.
CREATE INDEX chat_about_by_event ON chat_about (event);
