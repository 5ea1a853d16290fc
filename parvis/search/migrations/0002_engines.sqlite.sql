-- Words of each passage: `head` of title and people, `body` of the text, `form` its stems or pairs of syllables.
CREATE VIRTUAL TABLE search_text USING fts5(
    head, body, form, content='', contentless_delete=1, tokenize="ascii tokenchars '_'"
);
CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_text, row);
-- Vectors: `code` has one bit a number (its sign after the language's mean is taken away), `exact` one byte a number.
CREATE TABLE search_vector (
    passage_id INTEGER PRIMARY KEY,
    code BLOB NOT NULL,
    exact BLOB NOT NULL
);
