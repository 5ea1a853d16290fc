-- Some kinds of things are in parts of an account that are shared each by itself: `part` is the scope an object is in
-- (0 for kinds without parts), `arrived` when it last came into it.
ALTER TABLE change ADD COLUMN part BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN arrived BIGINT NOT NULL DEFAULT 0;
CREATE INDEX change_by_part ON change (account_id, kind, part, modseq) WHERE part <> 0;

-- What is no longer under a name in a part: moved away, renamed, destroyed. `arrived` is when its last stay began.
CREATE TABLE departed (
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    part BIGINT NOT NULL,
    object_id BIGINT NOT NULL,
    name {text} NOT NULL,
    arrived BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, part, object_id, name)
) {clustered};
CREATE INDEX departed_by_modseq ON departed (account_id, kind, part, modseq);

-- The present state of each kind in each part.
CREATE TABLE part_state (
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    part BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (part, kind)
) {clustered};
CREATE INDEX part_state_by_account ON part_state (account_id);
