-- The key that events are signed with, sealed.
CREATE TABLE chat_key (
    id {key},
    version {text} NOT NULL,
    seed {text} NOT NULL
);

-- A room is a part of that account: its id is the scope's.
CREATE TABLE chat_room (
    id {key},
    account_id BIGINT NOT NULL,
    room_id {text} NOT NULL,
    version {text} NOT NULL,
    kind {text} NOT NULL,
    type {text} NOT NULL,
    depth BIGINT NOT NULL,
    latest {text} NOT NULL,
    joined BIGINT NOT NULL,
    invited BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    join_rule {text} NOT NULL,
    name {text} NOT NULL,
    topic {text} NOT NULL,
    alias {text} NOT NULL,
    avatar {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_room_by_room_id ON chat_room (room_id);
CREATE INDEX chat_room_by_listed ON chat_room (joined, id) WHERE listed = 1;

-- An event: its bytes in canonical form, and what it is asked by. `stream` is the modseq it came with.
CREATE TABLE chat_event (
    id {key},
    account_id BIGINT NOT NULL,
    room BIGINT NOT NULL,
    stream BIGINT NOT NULL,
    event_id {text} NOT NULL,
    type {text} NOT NULL,
    state_key {text},
    sender {text} NOT NULL,
    origin {text} NOT NULL,
    depth BIGINT NOT NULL,
    origin_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    rejected BIGINT NOT NULL DEFAULT 0,
    soft_failed BIGINT NOT NULL DEFAULT 0,
    relates_to {text} NOT NULL,
    rel_type {text} NOT NULL,
    rel_key {text} NOT NULL,
    thread {text} NOT NULL,
    redacted_by {text} NOT NULL DEFAULT '',
    replaces BIGINT NOT NULL DEFAULT 0,
    json {bytes} NOT NULL
);
CREATE UNIQUE INDEX chat_event_by_event_id ON chat_event (event_id);
CREATE UNIQUE INDEX chat_event_by_stream ON chat_event (room, stream);
CREATE INDEX chat_event_by_account ON chat_event (account_id, id);
CREATE INDEX chat_event_by_time ON chat_event (room, origin_ms, stream);
CREATE INDEX chat_event_by_target ON chat_event (relates_to, rel_type, stream) WHERE relates_to <> '';
CREATE INDEX chat_event_by_thread ON chat_event (room, thread, stream) WHERE thread <> '';

-- The state of a room now.
CREATE TABLE chat_state (
    room BIGINT NOT NULL,
    type {text} NOT NULL,
    state_key {text} NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (room, type, state_key)
) {clustered};

-- What the state was: since which position in the stream an event stands there. One row a change.
CREATE TABLE chat_state_log (
    room BIGINT NOT NULL,
    type {text} NOT NULL,
    state_key {text} NOT NULL,
    stream BIGINT NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (room, type, state_key, stream)
) {clustered};
CREATE INDEX chat_state_log_by_stream ON chat_state_log (room, stream);

-- Who is, was, or is asked to be in a room. `principal_id` is 0 for people of other servers; `changed` is the position
-- at which their membership became another, `stream` that of the event that says it now.
CREATE TABLE chat_member (
    room BIGINT NOT NULL,
    user_id {text} NOT NULL,
    principal_id BIGINT NOT NULL,
    membership {text} NOT NULL,
    event BIGINT NOT NULL,
    stream BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    forgotten BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (room, user_id)
) {clustered};
CREATE INDEX chat_member_by_principal ON chat_member (principal_id, membership, room) WHERE principal_id <> 0;
CREATE INDEX chat_member_by_change ON chat_member (principal_id, changed) WHERE principal_id <> 0;
CREATE INDEX chat_member_by_membership ON chat_member (room, membership, stream);

CREATE TABLE chat_alias (
    alias {text} NOT NULL PRIMARY KEY,
    room BIGINT NOT NULL,
    creator {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX chat_alias_by_room ON chat_alias (room);

-- How far somebody has read; `thread` is '' for all of the room, 'main' or the root of a thread.
CREATE TABLE chat_receipt (
    id {key},
    room BIGINT NOT NULL,
    user_id {text} NOT NULL,
    principal_id BIGINT NOT NULL,
    type {text} NOT NULL,
    thread {text} NOT NULL,
    event_id {text} NOT NULL,
    reached BIGINT NOT NULL,
    read_ms BIGINT NOT NULL,
    stream BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_receipt_by_user ON chat_receipt (room, user_id, type, thread);
CREATE INDEX chat_receipt_by_stream ON chat_receipt (room, stream);
CREATE INDEX chat_receipt_by_principal ON chat_receipt (principal_id);

-- What a device has sent already, so that nothing is sent twice.
CREATE TABLE chat_transaction (
    principal_id BIGINT NOT NULL,
    device_id {text} NOT NULL,
    name {text} NOT NULL,
    event {text} NOT NULL,
    sent_ms BIGINT NOT NULL,
    PRIMARY KEY (principal_id, device_id, name)
) {clustered};
CREATE INDEX chat_transaction_by_event ON chat_transaction (principal_id, device_id, event);
CREATE INDEX chat_transaction_by_time ON chat_transaction (sent_ms);

-- What people reported to the administration.
CREATE TABLE chat_report (
    id {key},
    room BIGINT NOT NULL,
    event_id {text} NOT NULL,
    principal_id BIGINT NOT NULL,
    reason {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX chat_report_by_principal ON chat_report (principal_id);
