-- What is in the queue, found without reading what has left and is kept for its submission.
CREATE INDEX outgoing_live ON outgoing (id) WHERE state IN ('held', 'active', 'paused');
