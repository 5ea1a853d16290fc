-- What is indexed: one row an object of a feature. Rights are not kept here; every search joins `visible` by scope.
CREATE TABLE search_item (
    id {serial},
    account_id BIGINT NOT NULL,
    scope_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    object_id BIGINT NOT NULL,
    title {text} NOT NULL,
    author {text} NOT NULL,
    origin {text} NOT NULL,
    people {text} NOT NULL,
    labels {text} NOT NULL,
    has_attachment BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    fingerprint {text} NOT NULL,
    indexed_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX search_item_by_object ON search_item (account_id, kind, object_id);
CREATE INDEX search_item_by_scope ON search_item (scope_id, kind);

-- Its documents, and what went wrong with those that could not be read.
CREATE TABLE search_document (
    item_id BIGINT NOT NULL,
    part {text} NOT NULL,
    file_name {text} NOT NULL,
    media_type {text} NOT NULL,
    characters BIGINT NOT NULL,
    reason {text} NOT NULL DEFAULT '',
    sentence {text} NOT NULL DEFAULT '',
    PRIMARY KEY (item_id, part)
) {clustered};
CREATE INDEX search_document_trouble ON search_document (item_id) WHERE reason <> '';

-- Passages. A passage never changes: when its object does, new ones with new numbers take their place. The text is apart,
-- so that what every search walks over stays small. `scope_id` and `time_ms` repeat the item's.
CREATE TABLE search_passage (
    id {serial},
    item_id BIGINT NOT NULL,
    scope_id BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    language {text} NOT NULL,
    part {text} NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    place {text} NOT NULL,
    embedded BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX search_passage_by_item ON search_passage (item_id);
CREATE INDEX search_passage_by_scope ON search_passage (scope_id, time_ms);
CREATE INDEX search_passage_waiting ON search_passage (id) WHERE embedded = 0;
CREATE TABLE search_content (
    passage_id {key},
    heading {text} NOT NULL,
    body {text} NOT NULL
);

-- The model whose vectors are kept; another name, size or digest empties them.
CREATE TABLE search_model (
    id BIGINT PRIMARY KEY,
    name {text} NOT NULL,
    dims BIGINT NOT NULL,
    digest {text} NOT NULL,
    centres {text} NOT NULL
);

-- Words of titles and people in each scope, for spelling and beginnings; and the people themselves.
CREATE TABLE search_word (
    scope_id BIGINT NOT NULL,
    word {text} NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (scope_id, word)
) {clustered};
CREATE TABLE search_person (
    scope_id BIGINT NOT NULL,
    folded {text} NOT NULL,
    shown {text} NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (scope_id, folded)
) {clustered};
CREATE TABLE search_person_word (
    scope_id BIGINT NOT NULL,
    word {text} NOT NULL,
    folded {text} NOT NULL,
    PRIMARY KEY (scope_id, word, folded)
) {clustered};
