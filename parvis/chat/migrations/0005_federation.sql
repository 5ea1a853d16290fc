-- Keys of ours that sign no more.
ALTER TABLE chat_key ADD COLUMN expired_ms BIGINT;
-- Whether an event of another server is sent to others by us: who joined through us is made known by us.
ALTER TABLE chat_event ADD COLUMN relayed BIGINT NOT NULL DEFAULT 0;

-- Other servers: since when one does not answer, and when it is asked again; which node sends to it, and until when.
CREATE TABLE chat_peer (
    name {text} NOT NULL PRIMARY KEY,
    failing_ms BIGINT NOT NULL DEFAULT 0,
    tries BIGINT NOT NULL DEFAULT 0,
    retry_ms BIGINT NOT NULL DEFAULT 0,
    node BIGINT NOT NULL DEFAULT 0,
    lease_ms BIGINT NOT NULL DEFAULT 0
);

-- What another server said of its keys, under each key that is in it.
CREATE TABLE chat_peer_key (
    server {text} NOT NULL,
    key_id {text} NOT NULL,
    source {text} NOT NULL,
    fetched_ms BIGINT NOT NULL,
    PRIMARY KEY (server, key_id)
) {clustered};

-- What was answered to a transaction, so that the same is answered when it comes again.
CREATE TABLE chat_peer_transaction (
    origin {text} NOT NULL,
    name {text} NOT NULL,
    answer {text} NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (origin, name)
) {clustered};
CREATE INDEX chat_peer_transaction_by_time ON chat_peer_transaction (received_ms);

-- Where events wait for a server: how far a room's were sent, how far they are to be, and since when they wait.
CREATE TABLE chat_outgoing (
    destination {text} NOT NULL,
    room BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    reached BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (destination, room)
) {clustered};

-- What else waits for a server.
CREATE TABLE chat_outgoing_edu (
    id {key},
    destination {text} NOT NULL,
    content {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX chat_outgoing_edu_in_order ON chat_outgoing_edu (destination, id);
