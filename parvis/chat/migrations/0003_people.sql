-- A device of a person: a sign-in of the house, and the keys that others encrypt for it with.
CREATE TABLE chat_device (
    id {key},
    principal_id BIGINT NOT NULL,
    device_id {text} NOT NULL,
    session_id BIGINT NOT NULL,
    name {text} NOT NULL,
    created_ms BIGINT NOT NULL,
    keys {text}
);
CREATE UNIQUE INDEX chat_device_by_name ON chat_device (principal_id, device_id);
CREATE UNIQUE INDEX chat_device_by_session ON chat_device (session_id);

-- Keys that are given to one other device each.
CREATE TABLE chat_one_time_key (
    id {key},
    device BIGINT NOT NULL,
    algorithm {text} NOT NULL,
    key_id {text} NOT NULL,
    value {text} NOT NULL
);
CREATE UNIQUE INDEX chat_one_time_key_by_name ON chat_one_time_key (device, algorithm, key_id);

-- The key that is given when no other is left, one for each algorithm.
CREATE TABLE chat_fallback_key (
    device BIGINT NOT NULL,
    algorithm {text} NOT NULL,
    key_id {text} NOT NULL,
    value {text} NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (device, algorithm)
) {clustered};

-- Keys of a person: master, self_signing, user_signing.
CREATE TABLE chat_cross_key (
    principal_id BIGINT NOT NULL,
    usage {text} NOT NULL,
    value {text} NOT NULL,
    PRIMARY KEY (principal_id, usage)
) {clustered};

-- What a person has signed: keys of their own devices and of people. `target_key` is a device's name, or a key.
CREATE TABLE chat_signature (
    target_id BIGINT NOT NULL,
    target_key {text} NOT NULL,
    signer_id BIGINT NOT NULL,
    key_id {text} NOT NULL,
    signature {text} NOT NULL,
    PRIMARY KEY (target_id, target_key, signer_id, key_id)
) {clustered};
CREATE INDEX chat_signature_by_signer ON chat_signature (signer_id);

-- What waits for a device, and under which names devices have sent such things.
CREATE TABLE chat_to_device (
    id {key},
    device BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    sender {text} NOT NULL,
    type {text} NOT NULL,
    content {text} NOT NULL
);
CREATE INDEX chat_to_device_in_order ON chat_to_device (device, modseq, id);
CREATE TABLE chat_to_device_sent (
    device BIGINT NOT NULL,
    name {text} NOT NULL,
    sent_ms BIGINT NOT NULL,
    PRIMARY KEY (device, name)
) {clustered};

-- What clients keep for a person: of everything (no room), or of a room; tags and push rules too.
CREATE TABLE chat_data (
    id {key},
    principal_id BIGINT NOT NULL,
    room_id {text} NOT NULL,
    type {text} NOT NULL,
    content {text} NOT NULL,
    modseq BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_data_by_type ON chat_data (principal_id, room_id, type);
CREATE INDEX chat_data_in_order ON chat_data (principal_id, modseq);

CREATE TABLE chat_filter (
    principal_id BIGINT NOT NULL,
    filter_id {text} NOT NULL,
    content {text} NOT NULL,
    PRIMARY KEY (principal_id, filter_id)
) {clustered};

-- What a person shows of themselves beside their name.
CREATE TABLE chat_profile (
    principal_id BIGINT NOT NULL,
    field {text} NOT NULL,
    value {text} NOT NULL,
    PRIMARY KEY (principal_id, field)
) {clustered};

-- Where a client wants to be told: stored whole, by app and key.
CREATE TABLE chat_pusher (
    principal_id BIGINT NOT NULL,
    app_id {text} NOT NULL,
    pushkey {text} NOT NULL,
    device BIGINT NOT NULL,
    content {text} NOT NULL,
    PRIMARY KEY (principal_id, app_id, pushkey)
) {clustered};

-- Backups of keys, encrypted by their owner.
CREATE TABLE chat_backup (
    id {key},
    principal_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    algorithm {text} NOT NULL,
    auth_data {text} NOT NULL,
    etag BIGINT NOT NULL,
    deleted BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX chat_backup_by_version ON chat_backup (principal_id, version);
CREATE TABLE chat_backup_key (
    backup BIGINT NOT NULL,
    room_id {text} NOT NULL,
    session_id {text} NOT NULL,
    first_index BIGINT NOT NULL,
    forwarded BIGINT NOT NULL,
    verified BIGINT NOT NULL,
    data {text} NOT NULL,
    PRIMARY KEY (backup, room_id, session_id)
) {clustered};

-- What was uploaded; its bytes are a blob.
CREATE TABLE chat_media (
    id {key},
    media_id {text} NOT NULL,
    principal_id BIGINT NOT NULL,
    hash {text} NOT NULL,
    size BIGINT NOT NULL,
    media_type {text} NOT NULL,
    name {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_media_by_name ON chat_media (media_id);
CREATE INDEX chat_media_by_principal ON chat_media (principal_id);
