-- Passages get their vectors in the order of their objects' time, newest first: the number only tells when it was indexed.
DROP INDEX search_passage_waiting;
CREATE INDEX search_passage_waiting ON search_passage (time_ms) WHERE embedded = 0;
