-- Which parts of an account changed since a moment, without asking each.
DROP INDEX part_state_by_account;
CREATE INDEX part_state_by_modseq ON part_state (account_id, modseq);
