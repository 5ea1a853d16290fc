-- Small pictures of what was uploaded, made once; empty where none can be made.
CREATE TABLE chat_thumbnail (
    media BIGINT NOT NULL,
    side BIGINT NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (media, side)
) {clustered};
