-- Whether people of the organisation know without a grant when the others are busy: as its settings say, written here when
-- a node starts, and as each person does.
CREATE TABLE organisation (
    id {key},
    tells_busy BIGINT NOT NULL
);
INSERT INTO organisation (id, tells_busy) VALUES (1, 0);
ALTER TABLE principal ADD COLUMN tells_busy BIGINT NOT NULL DEFAULT 1;
