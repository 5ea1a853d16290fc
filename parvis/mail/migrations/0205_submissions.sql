-- Records that were destroyed, to be forgotten after a day, without a look at the others of the account.
CREATE INDEX submission_by_end ON submission (account_id, destroyed_ms) WHERE destroyed_ms IS NOT NULL;
