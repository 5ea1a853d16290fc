-- What somebody was told about what was shared with them: rights before and after (NULL for none), the newest kept.
CREATE TABLE share_notice (
    id {key},
    account_id BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    by_id BIGINT NOT NULL,
    by_name {text} NOT NULL,
    by_address {text} NOT NULL,
    owner_id BIGINT NOT NULL,
    scope_kind {text} NOT NULL,
    scope_id BIGINT NOT NULL,
    name {text} NOT NULL,
    old_rights BIGINT,
    new_rights BIGINT
);
CREATE INDEX share_notice_by_account ON share_notice (account_id, id);
CREATE INDEX share_notice_by_giver ON share_notice (by_id);
CREATE INDEX share_notice_by_owner ON share_notice (owner_id);
