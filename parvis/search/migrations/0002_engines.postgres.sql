-- Words of each passage: weight A for title and people, B for the text, D for its stems or pairs of syllables. The vectors'
-- table is made when a model is known, if the server has pgvector.
CREATE TABLE search_text (
    passage_id BIGINT PRIMARY KEY,
    length BIGINT NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX search_text_by_word ON search_text USING GIN (words) WITH (fastupdate = on);
