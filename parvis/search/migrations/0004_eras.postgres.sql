-- The newest passages with a frequent word are found without walking over the older ones: the index also knows the era of
-- each, which is 16,384 passages long. Scope and time repeat the passage's, so that rights are asked of the row itself.
DROP INDEX search_text_by_word;
ALTER TABLE search_text ADD COLUMN scope_id BIGINT NOT NULL DEFAULT 0, ADD COLUMN time_ms BIGINT NOT NULL DEFAULT 0;
UPDATE search_text t SET scope_id = p.scope_id, time_ms = p.time_ms FROM search_passage p WHERE p.id = t.passage_id;
ALTER TABLE search_text ALTER COLUMN scope_id DROP DEFAULT, ALTER COLUMN time_ms DROP DEFAULT;
CREATE INDEX search_text_by_word ON search_text USING GIN (words, (ARRAY[passage_id >> 14]))
    WITH (fastupdate = on, gin_pending_list_limit = 256);

-- Vectors get codes of one bit a number, as on SQLite. The model reads the passages again, in the background.
DROP TABLE IF EXISTS search_vector;
UPDATE search_passage SET embedded = 0 WHERE embedded <> 0;
