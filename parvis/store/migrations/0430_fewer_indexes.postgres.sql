-- Only uploads have an end.
DROP INDEX blob_link_by_end;
CREATE INDEX blob_link_by_end ON blob_link (expires_ms) WHERE expires_ms IS NOT NULL;
