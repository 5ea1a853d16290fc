-- Where the state before an event is not what chat_state_log says at the position before its own: it is the state
-- after `parent`, or, where that is 0, what the log says at `base` but for the rows of chat_branch_state.
CREATE TABLE chat_branch (
    event BIGINT NOT NULL PRIMARY KEY,
    parent BIGINT NOT NULL,
    base BIGINT NOT NULL,
    hops BIGINT NOT NULL
);
CREATE TABLE chat_branch_state (
    event BIGINT NOT NULL,
    type {text} NOT NULL,
    state_key {text} NOT NULL,
    stands BIGINT NOT NULL,
    PRIMARY KEY (event, type, state_key)
) {clustered};

-- `others` counts the members who are of other servers; `eldest` is the position of the eldest event that was
-- filled in from the past, at most 0.
ALTER TABLE chat_room ADD COLUMN others BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chat_room ADD COLUMN eldest BIGINT NOT NULL DEFAULT 0;

-- Which other servers have how many members in a room.
CREATE TABLE chat_room_server (
    room BIGINT NOT NULL,
    server {text} NOT NULL,
    joined BIGINT NOT NULL,
    PRIMARY KEY (room, server)
) {clustered};

-- Events that others name and that are not here: those that events of the timeline follow (`redaction` is 0), and
-- those that a redaction is to be applied to when they come.
CREATE TABLE chat_awaited (
    room BIGINT NOT NULL,
    event_id {text} NOT NULL,
    redaction BIGINT NOT NULL,
    PRIMARY KEY (room, event_id, redaction)
) {clustered};

-- What the server that invites somebody tells of a room that we are not in.
CREATE TABLE chat_invitation (
    room BIGINT NOT NULL,
    user_id {text} NOT NULL,
    state {text} NOT NULL,
    PRIMARY KEY (room, user_id)
) {clustered};
