-- For who synchronises at any depth: what has ended anywhere in an account, in order.
CREATE INDEX file_departed_by_change ON file_departed (account_id, modseq);
