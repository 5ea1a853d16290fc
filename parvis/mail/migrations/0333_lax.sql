-- A message that goes to its server whatever TLS is like there: a report that says what is wrong with it.
ALTER TABLE outgoing ADD COLUMN lax BIGINT NOT NULL DEFAULT 0;
