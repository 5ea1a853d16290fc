-- People of other servers whose devices are followed. `stream_id` is how far what their server told is known; `stale`
-- counts what could not be applied, 0 for nothing; `since` is the position in the rooms' clock when all was asked.
CREATE TABLE chat_abroad (
    id {key},
    user_id {text} NOT NULL,
    stream_id BIGINT NOT NULL,
    stale BIGINT NOT NULL,
    since BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_abroad_by_user ON chat_abroad (user_id);
CREATE TABLE chat_abroad_device (
    person BIGINT NOT NULL,
    device_id {text} NOT NULL,
    name {text} NOT NULL,
    keys {text} NOT NULL,
    PRIMARY KEY (person, device_id)
) {clustered};
CREATE TABLE chat_abroad_key (
    person BIGINT NOT NULL,
    usage {text} NOT NULL,
    value {text} NOT NULL,
    PRIMARY KEY (person, usage)
) {clustered};
CREATE INDEX chat_member_abroad ON chat_member (user_id) WHERE principal_id = 0;

-- What other servers were told of somebody's devices and keys: digests, and the number of what was told last.
CREATE TABLE chat_told (
    principal_id BIGINT NOT NULL PRIMARY KEY,
    stream_id BIGINT NOT NULL,
    devices {text} NOT NULL,
    keys {text} NOT NULL
);
