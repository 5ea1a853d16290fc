-- What is special to a space; its name, address and members are the directory's.
CREATE TABLE space (
    id {key},
    purpose {text} NOT NULL DEFAULT '',
    hue BIGINT NOT NULL DEFAULT 0,
    created_by BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    gone_ms BIGINT
);
INSERT INTO space (id, created_by, created_ms) SELECT id, 0, created_ms FROM principal WHERE kind = 'space';

-- What happened in a space, newest kept: one row an object, with its last change.
CREATE TABLE space_activity (
    space_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    object_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    created BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    PRIMARY KEY (space_id, kind, object_id)
) {clustered};
CREATE UNIQUE INDEX space_activity_by_id ON space_activity (id);
CREATE INDEX space_activity_in_order ON space_activity (space_id, time_ms, id);
