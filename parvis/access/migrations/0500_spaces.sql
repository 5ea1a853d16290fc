-- A space that is archived can be read by its members, and changed by nobody.
ALTER TABLE principal ADD COLUMN archived_ms BIGINT;
