-- Sending as the owner is a right of its own (64) beside sending on behalf of the owner (8); whoever owns has both.
UPDATE visible SET rights = rights + 64 WHERE grant_id = 0 AND rights = 63;
