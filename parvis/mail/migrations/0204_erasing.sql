-- The queue by account, so that an account can be erased without reading everybody's.
CREATE INDEX outgoing_by_account ON outgoing (account_id);
