-- A scope inside another of the same kind and account has every grant of those around it.
ALTER TABLE scope ADD COLUMN parent_id BIGINT;
CREATE INDEX scope_by_parent ON scope (parent_id) WHERE parent_id IS NOT NULL;

-- To answer invitations (128), to write what is one's own (256) and to change what is private to each person (512) are
-- rights of their own; whoever owns, or has everything of an account at another provider, has them too.
UPDATE visible SET rights = 1023 WHERE grant_id = 0 AND rights = 127;
UPDATE access_grant SET rights = 1023 WHERE rights = 127
    AND scope_id IN (SELECT s.id FROM scope s JOIN principal p ON p.id = s.account_id WHERE p.kind = 'external');
UPDATE visible SET rights = 1023 WHERE grant_id <> 0 AND rights = 127
    AND scope_id IN (SELECT s.id FROM scope s JOIN principal p ON p.id = s.account_id WHERE p.kind = 'external');
