-- An address book is a part of its account: its id is the scope's, its name the scope's name.
CREATE TABLE address_book (
    id {key},
    account_id BIGINT NOT NULL,
    slug {text} NOT NULL,
    description {text} NOT NULL DEFAULT '',
    sort_order BIGINT NOT NULL DEFAULT 0,
    role {text} NOT NULL DEFAULT '',
    is_default BIGINT NOT NULL DEFAULT 0,
    cards BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX address_book_by_slug ON address_book (account_id, slug);

-- What each person has for themselves in a book.
CREATE TABLE address_book_person (
    book_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    subscribed BIGINT NOT NULL,
    PRIMARY KEY (book_id, principal_id)
) {clustered};
CREATE INDEX address_book_person_by_principal ON address_book_person (principal_id);

-- A card: as JSContact without its photos, and what it is sorted and found by.
CREATE TABLE contact_card (
    id {key},
    account_id BIGINT NOT NULL,
    book_id BIGINT NOT NULL,
    uid {text} NOT NULL,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    title {text} NOT NULL,
    folded {text} NOT NULL,
    given {text} NOT NULL,
    surname {text} NOT NULL,
    surname2 {text} NOT NULL,
    text {text} NOT NULL,
    card {text} NOT NULL,
    etag {text} NOT NULL,
    size BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    principal_id BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX contact_card_by_uid ON contact_card (account_id, uid);
CREATE UNIQUE INDEX contact_card_by_name ON contact_card (book_id, name);
CREATE INDEX contact_card_by_account ON contact_card (account_id, id);
CREATE INDEX contact_card_by_book ON contact_card (book_id, id);
CREATE INDEX contact_card_by_folded ON contact_card (account_id, folded);
CREATE INDEX contact_card_by_principal ON contact_card (principal_id) WHERE principal_id <> 0;

-- The octets of a card as a client of CardDAV has put it, photos and all.
CREATE TABLE contact_vcard (
    card_id {key},
    data {bytes} NOT NULL
);

-- The words of a card, folded, by the property they stand in: the index of every search.
CREATE TABLE contact_word (
    account_id BIGINT NOT NULL,
    field {text} NOT NULL,
    word {text} NOT NULL,
    card_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, field, word, card_id)
) {clustered};
CREATE INDEX contact_word_by_card ON contact_word (card_id);

-- Cards that became one, so that it can be undone.
CREATE TABLE contact_merge (
    id {key},
    account_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    before {bytes} NOT NULL,
    etag {text} NOT NULL,
    merged_ms BIGINT NOT NULL
);
CREATE INDEX contact_merge_by_account ON contact_merge (account_id, merged_ms);

-- The address book of the organisation, of which there is one.
CREATE TABLE contact_directory (
    id {key},
    account_id BIGINT NOT NULL,
    book_id BIGINT NOT NULL
);
