-- Only uploads have an end. Where xid is always 0, events are in the order of their key.
DROP INDEX blob_link_by_end;
CREATE INDEX blob_link_by_end ON blob_link (expires_ms) WHERE expires_ms IS NOT NULL;
DROP INDEX outbox_in_order;
