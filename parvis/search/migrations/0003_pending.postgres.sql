-- What is not yet in the tree is walked over by every search, and the planner shuns an index with much of it: 256 kB,
-- about a hundred passages, instead of four megabytes.
ALTER INDEX search_text_by_word SET (gin_pending_list_limit = 256);
